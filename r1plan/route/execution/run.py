"""One target asked once: opened, let through by the budgets, watched, and logged before and after."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from uuid import uuid4

from r1plan.engine.chat import Answer, ClosesThinking, Event, Finished, Thinking, Waiting, WasThinking
from r1plan.errors import EngineError, LogError, R1PlanError
from r1plan.hardware.energy import Energy
from r1plan.interrupts import held, let_through
from r1plan.ledger.entry import UsageEntry
from r1plan.prices.book import EffectivePrice
from r1plan.prices.cost import Cost
from r1plan.prices.usage import Usage
from r1plan.route.execution.context import Clocks, RequestContext
from r1plan.route.execution.endless import EndlessWatch, LongThinking, Looping
from r1plan.route.execution.held import held_to_model
from r1plan.route.execution.limits import MoneyLimits, StreamLimits
from r1plan.route.execution.record import Outcome, Stop, at_end, with_text
from r1plan.route.execution.result import ChatResult, Timing
from r1plan.route.execution.target import AttemptTarget, CascadeLimits
from r1plan.route.spending.reservation import more, reserve

_SLACK_TOKENS = 16

Measured = Callable[[], Energy | None]


@dataclass(slots=True)
class _Heard:
    """What has come of a stream, and why it ended; `first_s` and `first_at` are when the first piece came."""

    clocks: Clocks
    thinking: list[str] = field(default_factory=list)
    answer: list[str] = field(default_factory=list)
    first_s: float | None = None
    first_at: datetime | None = None
    finished: Finished | None = None
    why: KeyboardInterrupt | OSError | R1PlanError | None = None
    stop: Stop | None = None
    sent: bool = False
    flags: tuple[str, ...] = ()

    def take(self, event: Event) -> None:
        """Keep `event`, which is not a wait."""
        kind = type(event)
        if self.first_s is None and kind is not Finished:
            self.first_s, self.first_at = self.clocks.tick(), self.clocks.now()
        if kind is Answer:
            self.answer.append(event.text)  # type: ignore[union-attr]
        elif kind is Thinking:
            self.thinking.append(event.text)  # type: ignore[union-attr]
        elif kind is WasThinking:
            self.thinking, self.answer = self.thinking + self.answer, []
        elif type(event) is Finished:
            self.finished = event


class OpenAttempt:
    """A target that was opened and let through, and whose first row is written. `run` asks it, once.

    `before` are the rows of the attempts before it, `after` what is asked if it fails. Raises OverBudget, LogError, and
    what opening an engine raises; there is no row then.
    """

    def __init__(
        self,
        context: RequestContext,
        target: AttemptTarget,
        before: Sequence[UsageEntry],
        after: Sequence[AttemptTarget] = (),
    ) -> None:
        self._context, self._target, self._before = context, target, before
        context.audience.asks(target.model, target.usd_per_token(context.clocks.now()))
        with let_through():
            self._engine = target.connect()
        self.reservation = reserve(context, target, before, str(uuid4()), after)

    def run(self, since: float, cascade: CascadeLimits) -> ChatResult:
        """Ask, show each event, write the row of the end, and return the result.

        The target's turn began at `since`, on the clock `tick`; it gives way as `cascade` says. A signal, and an
        audience that cannot be written to (OSError), end the request: what came is kept, and the row says aborted. A
        failure of the engine is returned, not raised: its row must be written too.
        """
        measured = self._metered()
        heard = _Heard(self._context.clocks)
        start = heard.clocks.tick()
        try:
            self._listen(heard, lambda: self._limits(measured, since, cascade))
        except Exception as fault:
            # A fault of ours: the request was sent, and its row is ended all the same.
            heard.why = EngineError(f"{type(fault).__name__}.")
            self._end(self._outcome(heard, measured))
            raise
        total_s = heard.clocks.tick() - start
        outcome = self._outcome(heard, measured)
        entry, price, cost, logged_in, log_error = self._end(outcome)
        return ChatResult(
            answer=outcome.answer,
            thinking=outcome.thinking,
            finish=outcome.finished_as,
            usage=outcome.usage,
            cost=cost,
            price=price,
            timing=_timing(heard.first_s, start, total_s, outcome.usage),
            entry=entry,
            logged_in=logged_in,
            log_error=log_error or self.reservation.log_error,
            error=heard.why if isinstance(heard.why, R1PlanError) else None,
        )

    def withdraw(self) -> None:
        """Write that nothing was sent after all."""
        self._end(self._outcome(_Heard(self._context.clocks), None))

    def _metered(self) -> Measured | None:
        """Begin to measure, where that can be done."""
        try:
            return self._target.meter() if self._target.meter else None
        except BaseException:
            self.withdraw()
            raise

    def _end(
        self, outcome: Outcome
    ) -> tuple[UsageEntry, EffectivePrice | None, Cost | None, Path | None, LogError | None]:
        """Write the row of the end; it, its price and cost, and where it was written or why it could not be."""
        begun, request, target = self.reservation.entry, self.reservation.request, self._target
        entry, price, cost = at_end(begun, outcome, request, target.price_for, target.power_usd_per_kwh)
        try:
            row = with_text(entry, request, outcome) if self._context.log_text else entry
            return entry, price, cost, self._context.log.append(row), None
        except LogError as error:
            return entry, price, cost, None, error

    def _listen(self, heard: _Heard, limits_of: Callable[[], StreamLimits]) -> None:
        """Gather the stream into `heard` until it ends, or is to end: an engine that can close its thinking answers."""
        engine, audience = self._engine, self._context.audience
        stream = engine.stream(self.reservation.request)
        repeats = self._endless()
        try:
            with let_through():
                limits = limits_of()
                is_endless = limits.is_none
                heard.sent = True
                for event in stream:
                    if type(event) is not Waiting:
                        heard.take(event)
                        try:
                            audience.show(event)
                        except OSError as gone:
                            heard.why = gone
                            break
                    stop = None if is_endless else limits(event)
                    if stop is None and (sign := repeats(event)) is not None:
                        stop = self._noticed(sign, heard)
                    if stop is not None and not self._closed(stop, limits):
                        heard.stop = stop
                        break
        except (KeyboardInterrupt, BrokenPipeError, R1PlanError) as raised:
            heard.why = raised
        finally:
            close = getattr(stream, "close", None)
            if close is not None:
                close()

    def _endless(self) -> EndlessWatch:
        asked = [each.content for each in self.reservation.request.messages if each.role == "user"]
        return EndlessWatch(asked[-1] if asked else "", self._target.usual_thinking_tokens)

    def _noticed(self, sign: Looping | LongThinking, heard: _Heard) -> Stop | None:
        """Tell what was noticed, and why the stream is to end for it.

        A thinking is closed where that can be done; an answer ends here alone, where nobody bills what is cut off.
        """
        from r1plan.route.execution import notes

        name = self._target.name
        note: notes.Note
        stop: Stop | None = None
        if isinstance(sign, LongThinking):
            note = notes.ThinksLong(name, sign.tokens, sign.usual)
        else:
            flag: Stop = "thinking_loop" if sign.part == "thinking" else "answer_loop"
            is_told = flag in heard.flags
            heard.flags = tuple(dict.fromkeys((*heard.flags, flag)))
            if sign.certain and (sign.part == "thinking" or self._target.is_local):
                stop = flag
            if is_told and stop != "answer_loop":
                return stop
            note = notes.LoopEnded(name) if stop == "answer_loop" else notes.Repeats(name, sign.part, sign.tokens)
        with suppress(OSError):
            self._context.audience.tell(note)
        return stop

    def _closed(self, stop: Stop, limits: StreamLimits) -> bool:
        """Whether the stream goes on, although it is to `stop`: its thinking is being closed, or cannot be."""
        engine = self._engine
        if stop == "handed_over" or stop == "answer_loop":
            return False
        if not isinstance(engine, ClosesThinking) or not engine.close_thinking():
            return stop == "thinking_loop"
        from r1plan.route.execution.notes import ThinkingClosed

        limits.closes()
        with suppress(OSError):
            self._context.audience.tell(ThinkingClosed(engine.model, stop))
        return True

    def _limits(self, measured: Measured | None, since: float, cascade: CascadeLimits) -> StreamLimits:
        context, reservation = self._context, self.reservation
        usd_per_kwh = self._target.power_usd_per_kwh

        def electricity_usd() -> Decimal | None:
            energy = measured() if measured else None
            return None if energy is None or usd_per_kwh is None else energy.watt_hours * usd_per_kwh / 1000

        def raised() -> int | None:
            with held():  # a row is written
                return more(context, reservation, self._before)

        money = MoneyLimits(
            output_most=reservation.output_most,
            more=raised,
            spent_usd=electricity_usd if measured and usd_per_kwh is not None else None,
            limit_usd=reservation.limit_usd,
        )
        return StreamLimits(context.clocks.tick, since, money, self._thinking_most(), cascade)

    def _thinking_most(self) -> int | None:
        """The tokens of thinking, as they are counted here, after which the stream is to end."""
        engine, most = self._engine, self._context.request.max_thinking
        if most is None or not isinstance(engine, ClosesThinking):
            return most
        keeps = engine.keeps_thinking()
        # A server that closes the thinking itself counts its own tokens, of which a long word here makes two.
        return {"exactly": None, "about": most + most // 4 + _SLACK_TOKENS, "no": most}[keeps]

    def _outcome(self, heard: _Heard, measured: Measured | None) -> Outcome:
        finished, reserved = heard.finished, self.reservation
        usage = finished.usage if finished else self._engine.usage_so_far() if heard.sent else None
        if usage is not None and heard.flags:
            usage = replace(usage, flags=(*usage.flags, *heard.flags))
        outcome = Outcome(
            first_token_at=heard.first_at,
            ended_at=self._context.clocks.now(),
            served_model=finished.served_model if finished else self._engine.served_so_far() if heard.sent else None,
            finish=finished.reason if finished else None,
            why=heard.why,
            thinking="".join(heard.thinking),
            answer="".join(heard.answer),
            usage=usage,
            energy=measured() if measured else None,
            stop=heard.stop,
            capped=self.reservation.capped,
            reported_usd=finished.reported_usd if finished else self._engine.billed_so_far() if heard.sent else None,
            sent=heard.sent,
        )
        return held_to_model(outcome, reserved.request, self._target.price_for(reserved.entry))


def _timing(first: float | None, start: float, total: float, usage: Usage | None) -> Timing:
    decoded = (usage.output_tokens if usage else 0) - 1
    decode_s = total - (first - start) if first is not None else 0.0
    return Timing(
        first_token_s=None if first is None else first - start,
        total_s=total,
        decode_tok_s=decoded / decode_s if decoded > 0 and decode_s > 0 else None,
    )
