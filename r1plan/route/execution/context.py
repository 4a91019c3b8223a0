"""One leg asked once: opened, let through by the budgets, watched, and logged before and after."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from uuid import uuid4

from r1plan.engine.chat import ChatEngine, ChatRequest, ClosesThinking, Event
from r1plan.ledger.entry import UsageEntry
from r1plan.ledger.usage_log import UsageLog
from r1plan.route.execution.limits import StreamLimits
from r1plan.route.execution.record import Labels
from r1plan.route.execution.run import ChatResult, Note, run
from r1plan.route.execution.target import AttemptTarget
from r1plan.route.spending.reservation import Reserved, SpendReservation


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestContext:
    """What is the same for every leg of a question: what is asked, for whom, where to it is shown, and the clocks."""

    request: ChatRequest
    show: Callable[[Event], None]
    tell: Callable[[Note], None]
    labels: Labels
    log: UsageLog
    purse: SpendReservation
    log_text: bool
    now: Callable[[], datetime]
    tick: Callable[[], float]

    def open(self, leg: AttemptTarget, before: Sequence[UsageEntry]) -> tuple[ChatEngine, Reserved]:
        """The engine of `leg`, and its first row, which is written. `before` are the rows of the attempts before it.

        Raises OverBudget, LogError, and what opening an engine raises; there is no row then.
        """
        engine = leg.connect()
        first = before[0].id if before else None
        return engine, self.purse.admit(str(uuid4()), first, leg, self.request, before)

    def send(
        self,
        leg: AttemptTarget,
        engine: ChatEngine,
        admitted: Reserved,
        before: Sequence[UsageEntry],
        since: float,
        hands_over: bool,
    ) -> ChatResult:
        """Ask `engine`. Its turn began at `since`, on the clock `tick`; it hands over only when `hands_over`."""
        measured = leg.meter() if leg.meter else None
        per_kwh = leg.power_usd_per_kwh

        def electricity_usd() -> Decimal | None:
            energy = measured() if measured else None
            return None if energy is None or per_kwh is None else energy.watt_hours * per_kwh / 1000

        watch = StreamLimits(
            tick=self.tick,
            start=since,
            output_most=admitted.output_most,
            more=lambda: self.purse.more(admitted, before),
            thinking_most=None if isinstance(engine, ClosesThinking) else self.request.max_thinking,
            hand_over_thinking=leg.max_thinking if hands_over else None,
            hand_over_after_s=leg.give_up_after_s if hands_over else None,
            spent_usd=electricity_usd if measured and per_kwh is not None else None,
            limit_usd=admitted.limit_usd,
        )
        result = run(
            engine,
            admitted.request,
            self.show,
            labels=self.labels,
            price_for=leg.price_for,
            journal=self.log.append,
            meter=(lambda: measured) if measured else None,
            power_usd_per_kwh=per_kwh,
            log_text=self.log_text,
            begun=lambda: admitted.entry,
            watch=watch,
            capped=admitted.capped,
            tell=self.tell,
            now=self.now,
            tick=self.tick,
        )
        return replace(result, log_error=result.log_error or admitted.log_error)
