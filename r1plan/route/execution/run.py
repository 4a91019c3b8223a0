"""Runs one request: events to the screen, two rows to the log, one result. The one loop with effects."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Literal
from uuid import uuid4

from r1plan.engine.chat import (
    Answer,
    ChatEngine,
    ChatRequest,
    ClosesThinking,
    Event,
    Finished,
    FinishReason,
    Thinking,
    Waiting,
    WasThinking,
)
from r1plan.errors import LogError, R1PlanError
from r1plan.hardware.energy import Meter
from r1plan.ledger.entry import UsageEntry
from r1plan.prices.book import EffectivePrice
from r1plan.prices.cost import Cost
from r1plan.prices.usage import Usage
from r1plan.route.execution.limits import StreamLimits
from r1plan.route.execution.record import Labels, Outcome, PriceFor, Stop, at_end, at_start, with_text
from r1plan.route.spending.bounds import Bounds

Journal = Callable[[UsageEntry], Path | None]
"""Writes a row and says where; None when it is not kept. Raises LogError."""


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds. `first_token_s` is None when nothing came; `decode_tok_s` when fewer than two tokens did."""

    first_token_s: float | None
    total_s: float
    decode_tok_s: float | None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One thing that was asked, or passed over, for a question. `entry` None: nothing was sent and there is no row.

    `outcome` is the row's status when the answer came to its end, else its end reason; without a row it is "skipped",
    "over_budget" or "not_opened".
    """

    provider: str
    model: str
    outcome: str
    entry: UsageEntry | None = None


NoteKind = Literal["skipped", "retrying", "failed_over", "handed_over", "closing", "cut", "broke_off", "uncounted"]


@dataclass(frozen=True, slots=True)
class Note:
    """Something that a person should know of how a question is being answered, as a sentence."""

    kind: NoteKind
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatResult:
    """One request and how it went. What had come before a failure is kept.

    `error` is why it failed; `log_error` why the row is not in the log. `logged_in` None: it was not to be logged, or
    could not. `usage` None: nothing is known. `cost` None: no price is known.

    Of a question for which several were asked, this is the last request; `attempts` are all of them, in order. `go_on`
    names what can be asked to go on where an answer broke off or was cut; None where there is nothing to go on with.
    """

    answer: str
    thinking: str
    finish: FinishReason
    usage: Usage | None
    cost: Cost | None
    price: EffectivePrice | None
    timing: Timing
    entry: UsageEntry
    logged_in: Path | None = None
    log_error: LogError | None = None
    error: R1PlanError | None = None
    attempts: tuple[Attempt, ...] = ()
    notes: tuple[Note, ...] = ()
    go_on: str | None = None

    @property
    def billed(self) -> Bounds:
        """What all attempts together are billed at least and at most, the electricity of those here included.

        Where the electricity of an attempt is not known it is left out: nobody bills it.
        """
        low, high = Decimal(0), Decimal(0)
        known_low = known_high = True
        for entry in [each.entry for each in self.attempts if each.entry] or [self.entry]:
            if entry.provider == "local":
                low, high = low + (entry.cost_usd or 0), high + (entry.cost_usd or 0)
                continue
            known_low, known_high = (
                known_low and entry.cost_low_usd is not None,
                known_high and entry.cost_high_usd is not None,
            )
            low, high = low + (entry.cost_low_usd or 0), high + (entry.cost_high_usd or 0)
        return Bounds(low if known_low else None, high if known_high else None)


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
    begun: Callable[[], UsageEntry] | None = None,
    watch: StreamLimits | None = None,
    capped: bool = False,
    tell: Callable[[Note], None] = lambda _note: None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    tick: Callable[[], float] = time.perf_counter,
) -> ChatResult:
    """Ask `engine`, pass each event to `show`, write a row before and after, and return the result.

    Ctrl-C, and a screen that nobody reads any more (BrokenPipeError from `show`), end the request: what came is kept,
    and the row says aborted. A failure of the engine is returned, not raised: its row must be written too. `meter`
    measures the electricity of an engine here. `log_text` puts the prompt and the answer into the last row.

    `begun` gives the row before, as it was written last, where the caller writes it. `watch` says when to end a stream:
    an engine that can close its thinking is told to, and answers; the stream of any other is cut. `capped`:
    `request.max_tokens` is what the user's money allows.
    """
    thinking: list[str] = []
    answer: list[str] = []
    finished: Finished | None = None
    why: KeyboardInterrupt | BrokenPipeError | R1PlanError | None = None
    first: float | None = None
    first_at: datetime | None = None
    stop: Stop | None = None
    if begun is None:
        row = at_start(str(uuid4()), engine.provider, engine.model, labels, now(), request, price_for)
        # When it cannot be written, the row at the end says so, and says all that this one does.
        _log(row, journal)
    measured = meter() if meter else None
    start = tick()
    stream = engine.stream(request)
    try:
        for event in stream:
            if first is None and type(event) is not Waiting and type(event) is not Finished:
                first, first_at = tick(), now()
            if type(event) is Answer:
                answer.append(event.text)
            elif type(event) is Thinking:
                thinking.append(event.text)
            elif type(event) is WasThinking:
                thinking, answer = thinking + answer, []
            elif type(event) is Finished:
                finished = event
            if type(event) is not Waiting:
                show(event)
            if watch is not None and (stop := watch(event)):
                if stop == "handed_over" or not isinstance(engine, ClosesThinking):
                    break
                engine.close_thinking()
                watch.closes()
                tell(Note("closing", f"{engine.model} {_REACHED[stop]}: it answers from what it has thought."))
                stop = None
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
        served_model=finished.served_model if finished else engine.served_so_far(),
        finish=finished.reason if finished else None,
        why=why,
        thinking="".join(thinking),
        answer="".join(answer),
        usage=finished.usage if finished else engine.usage_so_far(),
        energy=measured() if measured else None,
        stop=stop,
        capped=capped,
        reported_usd=finished.reported_usd if finished else engine.billed_so_far(),
    )
    entry, price, cost = at_end(begun() if begun else row, outcome, request, price_for, power_usd_per_kwh)
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


_REACHED = {"budget": "has reached what it may cost", "thinking_limit": "has thought as long as it may"}


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
