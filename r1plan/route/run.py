"""Runs one request: events to the screen, one row to the log, one result. The one loop with effects."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from uuid import uuid4

from r1plan.engine.chat import (
    Answer,
    ChatEngine,
    ChatRequest,
    Event,
    Finished,
    FinishReason,
    Thinking,
    WasThinking,
)
from r1plan.errors import LogError, R1PlanError
from r1plan.ledger.entry import Status, UsageEntry
from r1plan.prices.book import PriceInForce
from r1plan.prices.cost import Cost, cost_of
from r1plan.prices.usage import Usage

PriceFor = Callable[[UsageEntry], PriceInForce | None]
"""The price in force for a request, or None. It sees the row before its cost is in it."""

Journal = Callable[[UsageEntry], Path]
"""Writes a row and says where. Raises LogError."""

_STATUS: Mapping[FinishReason, Status] = {"length": "length", "aborted": "aborted", "failed": "failed"}


def no_price(_entry: UsageEntry) -> None:
    """For an engine here: its electricity is not known yet, so neither is its cost."""
    return


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """What the user files a request under. `policy` says who chose the provider."""

    project: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    policy: str = "asked"


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds. `first_token_s` is None when nothing came; `decode_tok_s` when fewer than two tokens did."""

    first_token_s: float | None
    total_s: float
    decode_tok_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatResult:
    """One request and how it went. What had come before a failure is kept.

    `error` is why it failed; `log_error` why the row is not in the log. `logged_in` None: it was not to be logged, or
    could not. `usage` None: nothing is known. `cost` None: no price is known.
    """

    answer: str
    thinking: str
    finish: FinishReason
    usage: Usage | None
    cost: Cost | None
    price: PriceInForce | None
    timing: Timing
    entry: UsageEntry
    logged_in: Path | None = None
    log_error: LogError | None = None
    error: R1PlanError | None = None


def run(
    engine: ChatEngine,
    request: ChatRequest,
    show: Callable[[Event], None],
    *,
    labels: Labels,
    price_for: PriceFor,
    journal: Journal | None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    tick: Callable[[], float] = time.perf_counter,
) -> ChatResult:
    """Ask `engine`, pass each event to `show`, write the row, and return the result.

    Ctrl-C, and a screen that nobody reads any more (BrokenPipeError from `show`), end the request: what came is kept,
    and the row says aborted. A failure of the engine is returned, not raised: its row must be written too.
    """
    thinking: list[str] = []
    answer: list[str] = []
    finished: Finished | None = None
    error: R1PlanError | None = None
    finish: FinishReason = "failed"
    first: float | None = None
    first_at: datetime | None = None
    started_at, start = now(), tick()
    stream = engine.stream(request)
    try:
        for event in stream:
            if first is None:
                first, first_at = tick(), now()
            if type(event) is Answer:
                answer.append(event.text)
            elif type(event) is Thinking:
                thinking.append(event.text)
            elif type(event) is WasThinking:
                thinking, answer = thinking + answer, []
            elif type(event) is Finished:
                finished = event
                finish = event.reason
            show(event)
    except (KeyboardInterrupt, BrokenPipeError):
        finish = "aborted"
    except R1PlanError as raised:
        error = raised
    finally:
        close = getattr(stream, "close", None)
        if close is not None:
            close()
    total = tick() - start
    usage = finished.usage if finished is not None else engine.usage_so_far()
    entry = _entry(engine, finished, finish, usage, labels, started_at, first_at, now())
    price = price_for(entry) if usage is not None else None
    cost = cost_of(usage, price.per_token) if usage is not None and price is not None else None
    entry = _priced(entry, usage, price, cost)
    logged_in, log_error = _log(entry, journal)
    return ChatResult(
        answer="".join(answer),
        thinking="".join(thinking),
        finish=finish,
        usage=usage,
        cost=cost,
        price=price,
        timing=_timing(first, start, total, usage),
        entry=entry,
        logged_in=logged_in,
        log_error=log_error,
        error=error,
    )


def _entry(
    engine: ChatEngine,
    finished: Finished | None,
    finish: FinishReason,
    usage: Usage | None,
    labels: Labels,
    started_at: datetime,
    first_token_at: datetime | None,
    ended_at: datetime,
) -> UsageEntry:
    return UsageEntry(
        id=str(uuid4()),
        started_at=started_at,
        first_token_at=first_token_at,
        ended_at=ended_at,
        provider=engine.provider,
        model_requested=engine.model,
        model_served=finished.served_model if finished is not None else None,
        project=labels.project,
        tags=labels.tags,
        policy=labels.policy,
        status=_STATUS.get(finish, "ok"),
        input_tokens=usage.input_tokens if usage else None,
        cache_hit_tokens=usage.cache_hit_tokens if usage else None,
        output_tokens=usage.output_tokens if usage else None,
        thinking_tokens=usage.thinking_tokens if usage else None,
        provenance=usage.provenance if usage else {},
        flags=usage.flags if usage else (),
    )


def _priced(entry: UsageEntry, usage: Usage | None, price: PriceInForce | None, cost: Cost | None) -> UsageEntry:
    """`entry` with its cost. The bounds are given only when every number that is billed was reported or counted."""
    if usage is None or price is None or cost is None:
        return entry
    low: Decimal | None = None
    high: Decimal | None = None
    billed = (usage.provenance.get("input_tokens"), usage.provenance.get("output_tokens"))
    if "estimated" not in billed and None not in billed:
        high = cost.total_usd
        # Cached input that the server did not tell of is billed as fresh at most, as cached at least.
        untold = usage.input_tokens if usage.cache_hit_tokens is None else 0
        low = high - price.per_token.saving * untold
    return replace(entry, price_id=price.id, cost_usd=cost.total_usd, cost_low_usd=low, cost_high_usd=high)


def _log(entry: UsageEntry, journal: Journal | None) -> tuple[Path | None, LogError | None]:
    if journal is None:
        return None, None
    try:
        return journal(entry), None
    except LogError as error:
        return None, error


def _timing(first: float | None, start: float, total: float, usage: Usage | None) -> Timing:
    decoded = (usage.output_tokens if usage else 0) - 1
    decode_s = total - (first - start) if first is not None else 0.0
    return Timing(
        first_token_s=None if first is None else first - start,
        total_s=total,
        decode_tok_s=decoded / decode_s if decoded > 0 and decode_s > 0 else None,
    )
