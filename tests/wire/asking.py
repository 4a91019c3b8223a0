"""Asks a provider of the catalogue over the loopback server, through the real engine and the real loop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path

from r1plan.catalog.load import load_holidays, load_prices, load_providers
from r1plan.engine.chat import Answer, ChatEngine, ChatRequest, Event, Finished, Message, Thinking, WasThinking
from r1plan.engine.http.chat import HttpEngine
from r1plan.engine.http.replicate import ReplicateEngine
from r1plan.engine.limits import ServerLimits
from r1plan.ledger.entry import UsageEntry
from r1plan.ledger.usage_log import UsageLog
from r1plan.prices.book import EffectivePrice, PriceBook
from r1plan.prices.usage import Usage
from r1plan.route.execution.context import Clocks, RequestContext
from r1plan.route.execution.failover import ask as ask_targets
from r1plan.route.execution.result import ChatResult
from r1plan.route.execution.retry import RetryPolicy
from r1plan.route.execution.target import AttemptTarget
from tests.route.providers import Watcher
from tests.wire.server import Asked, Reply, Wire, serving

KEY = "sk-planted-key-123"
QUESTION = ChatRequest(messages=(Message("user", "What is 17 + 25?"),), max_tokens=500)
# A Tuesday morning in UTC, off-peak at DeepSeek.
AT = datetime(2026, 11, 24, 5, 0, tzinfo=UTC)


@dataclass
class Told:
    """What came of one request."""

    wire: Wire
    events: list[Event] = field(default_factory=list)
    error: Exception | None = None
    usage_so_far: Usage | None = None
    billed_so_far: Decimal | None = None

    @property
    def texts(self) -> tuple[str, str]:
        """The thinking and the answer, as a reader of the events ends up with them."""
        thinking = answer = ""
        for event in self.events:
            match event:
                case Thinking(text):
                    thinking += text
                case Answer(text):
                    answer += text
                case WasThinking():
                    thinking, answer = thinking + answer, ""
        return thinking, answer

    @property
    def end(self) -> Finished:
        """The last event, which must be the end."""
        assert self.error is None, self.error
        assert isinstance(self.events[-1], Finished)
        return self.events[-1]


@dataclass
class Peer:
    """A server that sends whatever it is told to next, and an engine that asks it."""

    engine: ChatEngine
    reply: Reply


def engine_for(
    provider: str,
    url: str,
    model: str | None = None,
    limits: ServerLimits | None = None,
    pause: Callable[[float], None] = lambda _seconds: None,
) -> ChatEngine:
    """The engine for a provider of the catalogue at another address."""
    found = load_providers()[provider]
    wanted = model or found.default_model or "r1"
    if found.dialect == "replicate":
        return ReplicateEngine(found, wanted, base_url=url, key=KEY, limits=limits, pause=pause)
    return HttpEngine(found, wanted, base_url=url, key=KEY, limits=limits)


def ask(
    reply: Reply | Callable[[Asked], Reply],
    provider: str = "deepseek",
    *,
    request: ChatRequest = QUESTION,
    limits: ServerLimits | None = None,
    stop_after: int | None = None,
    model: str | None = None,
) -> Told:
    """Ask over loopback and gather what comes, an error included. `stop_after` leaves after so many events."""
    with serving(reply) as wire:
        told = Told(wire)
        engine = engine_for(provider, wire.url, model, limits)
        stream = engine.stream(request)
        try:
            for event in stream:
                told.events.append(event)
                if len(told.events) == stop_after:
                    stream.close()  # type: ignore[attr-defined]
                    break
        except Exception as error:
            told.error = error
        told.usage_so_far = engine.usage_so_far()
        told.billed_so_far = engine.billed_so_far()
        engine.close()
    return told


@cache
def _book() -> PriceBook:
    return PriceBook(load_prices(), load_holidays())


def price(entry: UsageEntry) -> EffectivePrice | None:
    """The price in force, as `chat` looks it up."""
    return _book().price_for(
        entry.provider,
        entry.model_requested,
        started_at=entry.started_at,
        first_token_at=entry.first_token_at,
        ended_at=entry.placed_at,
        input_tokens=entry.input_tokens,
    )


def run(
    engine: ChatEngine,
    request: ChatRequest = QUESTION,
    *,
    logs: Path | None = None,
    show: Callable[[Event], None] | None = None,
    now: Callable[[], datetime] = lambda: AT,
) -> ChatResult:
    """One request, asked once, as `chat` asks it. `logs` None: no row is written."""
    target = AttemptTarget(provider=engine.provider, model=engine.model, connect=lambda: engine, price_for=price)
    context = RequestContext(
        request=request,
        log=UsageLog(logs or Path("none"), writes=logs is not None),
        audience=Watcher(show),
        retry=RetryPolicy(times=1),
        clocks=Clocks(now=now),
    )
    return ask_targets([target], context)
