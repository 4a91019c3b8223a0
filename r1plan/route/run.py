"""Runs one request: events to the screen, two rows to the log, one result. The one loop with effects."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
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
from r1plan.hardware.energy import Meter
from r1plan.ledger.entry import UsageEntry
from r1plan.prices.book import PriceInForce
from r1plan.prices.cost import Cost
from r1plan.prices.usage import Usage
from r1plan.route.record import Labels, Outcome, PriceFor, at_end, at_start, with_text

Journal = Callable[[UsageEntry], Path]
"""Writes a row and says where. Raises LogError."""


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
    meter: Meter | None = None,
    power_usd_per_kwh: Decimal | None = None,
    log_text: bool = False,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    tick: Callable[[], float] = time.perf_counter,
) -> ChatResult:
    """Ask `engine`, pass each event to `show`, write a row before and after, and return the result.

    Ctrl-C, and a screen that nobody reads any more (BrokenPipeError from `show`), end the request: what came is kept,
    and the row says aborted. A failure of the engine is returned, not raised: its row must be written too. `meter`
    measures the electricity of an engine here. `log_text` puts the prompt and the answer into the last row.
    """
    thinking: list[str] = []
    answer: list[str] = []
    finished: Finished | None = None
    why: KeyboardInterrupt | BrokenPipeError | R1PlanError | None = None
    first: float | None = None
    first_at: datetime | None = None
    begun = at_start(str(uuid4()), engine.provider, engine.model, labels, now(), request, price_for)
    # When it cannot be written, the row at the end says so, and says all that this one does.
    _log(begun, journal)
    measured = meter() if meter else None
    start = tick()
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
            show(event)
    except (KeyboardInterrupt, BrokenPipeError, R1PlanError) as raised:
        why = raised
    finally:
        close = getattr(stream, "close", None)
        if close is not None:
            close()
    total = tick() - start
    outcome = Outcome(
        first_token_at=first_at,
        ended_at=now(),
        served_model=finished.served_model if finished else None,
        finish=finished.reason if finished else None,
        why=why,
        thinking="".join(thinking),
        answer="".join(answer),
        usage=finished.usage if finished else engine.usage_so_far(),
        energy=measured() if measured else None,
    )
    entry, price, cost = at_end(begun, outcome, request, price_for, power_usd_per_kwh)
    logged_in, log_error = _log(with_text(entry, request, outcome) if log_text else entry, journal)
    return ChatResult(
        answer=outcome.answer,
        thinking=outcome.thinking,
        finish=outcome.finished_as,
        usage=outcome.usage,
        cost=cost,
        price=price,
        timing=_timing(first, start, total, outcome.usage),
        entry=entry,
        logged_in=logged_in,
        log_error=log_error,
        error=why if isinstance(why, R1PlanError) else None,
    )


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
