"""Asks one target after another until one answers, within what may be spent. Each attempt has its own two rows.

Another target is asked when one cannot be reached, is too slow, or refuses for a reason that may not hold elsewhere,
and only while nothing of an answer has been shown. Thinking that is shown counts as shown; thinking that is hidden does
not reach the person, and may be thrown away. A target that cascades may have shown its thinking, but never a piece of
its answer. Only a provider that refused before it wrote anything is asked again itself, after a wait. One that is not
reached, or whose key or balance does not do, is asked for none of its other models.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from r1plan.errors import EngineError, LogError, OverBudget, ProviderError, R1PlanError
from r1plan.interrupts import held, let_through
from r1plan.ledger.entry import UsageEntry
from r1plan.route.execution import circuit_breaker
from r1plan.route.execution.context import RequestContext
from r1plan.route.execution.result import Attempt, ChatResult
from r1plan.route.execution.run import OpenAttempt
from r1plan.route.execution.target import AttemptTarget, CascadeLimits
from r1plan.route.spending.reservation import affords

# Most answers come without a note: what one is made of is imported where there is one.
if TYPE_CHECKING:
    from r1plan.route.execution.notes import Cascaded, Note, NotSent

# Refused before anything was written. 408, 504, 520, 522 and 524 may be a gateway's word for a request that was taken.
_ASK_AGAIN = frozenset({425, 429, 500, 502, 503, 521, 523, 529})
# The key, or the balance.
_OF_THE_ACCOUNT = frozenset({401, 402})
_NEVER = CascadeLimits()


def ask(targets: Sequence[AttemptTarget], context: RequestContext) -> ChatResult:
    """Ask `targets`, of which there is at least one, in order, and return how the last one that was asked went.

    Once anything was sent, a failure is in the result. Before that OverBudget is raised when the budgets let no target
    through, the error of opening when none can be opened, and LogError when a monthly budget cannot be kept without the
    log. Engines are left open.
    """
    question = _Question(context)
    with held():
        result = question.answered_by(targets)
    return replace(result, attempts=tuple(question.attempts), go_on=question.go_on)


@dataclass(slots=True)
class _Turn:
    """A target that may still be asked: not before `ready_at`, on the clock, and `asked` times already."""

    target: AttemptTarget
    ready_at: float = float("-inf")
    asked: int = 0


@dataclass(slots=True)
class _Question:
    """One question on its way through the targets."""

    context: RequestContext
    turns: list[_Turn] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)
    go_on: str | None = None
    waited_s: float = 0.0
    # What went wrong, to be told together with what is done about it.
    because: R1PlanError | Cascaded | None = None
    # Who could not be asked: told when another is; when nobody can, the error says it.
    passed: list[NotSent] = field(default_factory=list)

    def answered_by(self, targets: Sequence[AttemptTarget]) -> ChatResult:
        """Held, so that no signal comes between a row and its end: it ends the waiting, and then no other is asked."""
        self.turns = [_Turn(each) for each in self._worth_asking(targets)]
        result: ChatResult | None = None
        unsent: list[R1PlanError] = []
        while self.turns:
            turn = self._next()
            before = [each.entry for each in self.attempts if each.entry]
            try:
                with let_through():
                    self._wait_for(turn)
                since = self.context.clocks.tick()
                after = [each.target for each in self.turns]
                attempt = OpenAttempt(self.context, turn.target, before, after)
            except KeyboardInterrupt:
                if result is None:
                    raise
                return replace(result, finish="aborted", error=None)
            except R1PlanError as error:
                if isinstance(error, LogError) and result is None:
                    raise
                unsent.append(error)
                self._passes_over(turn.target, error)
                continue
            result = self._asked(turn, attempt, before, since)
            if self._is_done(turn, result):
                return result
        if result is None:
            raise next((each for each in unsent if isinstance(each, OverBudget)), unsent[0])
        self._tell_passed()
        return result

    def _asked(self, turn: _Turn, attempt: OpenAttempt, before: Sequence[UsageEntry], since: float) -> ChatResult:
        """What comes of `attempt`, after what is to be known of it was told."""
        target = turn.target
        try:
            self._tell_passed()
            if attempt.reservation.uncounted is not None:
                from r1plan.route.execution.notes import Uncounted

                self._tell(Uncounted(target.name, attempt.reservation.uncounted))
            if attempt.reservation.unreadable_lines and not before:
                from r1plan.route.execution.notes import UnreadableLines

                self._tell(UnreadableLines(attempt.reservation.unreadable_lines))
            self._tell_why(target)
            gives_way = target.cascade is not None and self._has_follower(before)
        except BaseException:
            attempt.withdraw()
            raise
        result = attempt.run(since, (target.cascade if gives_way else None) or _NEVER)
        turn.asked += 1
        self.attempts.append(Attempt(target.provider, target.model, _outcome(result.entry), result.entry))
        return result

    def _worth_asking(self, targets: Sequence[AttemptTarget]) -> Sequence[AttemptTarget]:
        """`targets` without those whose provider has failed too often of late, unless none would be left."""
        if len(targets) == 1:
            return targets
        rows, now = self.context.log.recent(), self.context.clocks.now()
        found = [(each, circuit_breaker.state(rows, each.provider, now)) for each in targets]
        well = [each for each, its in found if its.state != "open" or each.is_local]
        if not well:
            return targets[:1]
        for each, its in found:
            if each not in well:
                from r1plan.route.execution.notes import BreakerOpen

                until = its.until if its.until and its.until > now else None
                self._tell(BreakerOpen(each.name, each.provider, until))
                self.attempts.append(Attempt(each.provider, each.model, "skipped"))
        return well

    def _next(self) -> _Turn:
        """The first target that may be asked now, else the one that may be asked soonest; it leaves the queue."""
        now = self.context.clocks.tick()
        turn = min(self.turns, key=lambda each: max(each.ready_at, now))
        self.turns.remove(turn)
        return turn

    def _wait_for(self, turn: _Turn) -> None:
        wait_s = turn.ready_at - self.context.clocks.tick()
        if wait_s > 0:
            self.waited_s += wait_s
            self._tell_why(turn.target, wait_s)
            self.context.clocks.sleep(wait_s)

    def _passes_over(self, target: AttemptTarget, error: R1PlanError) -> None:
        from r1plan.route.execution.notes import NotSent

        self.passed.append(NotSent(target.name, error))
        outcome = "over_budget" if isinstance(error, OverBudget) else "not_opened"
        self.attempts.append(Attempt(target.provider, target.model, outcome))

    def _tell_passed(self) -> None:
        for each in self.passed:
            self._tell(each)
        self.passed.clear()

    def _has_follower(self, before: Sequence[UsageEntry]) -> bool:
        """Whether the budgets let another target through, as things are."""
        return any(affords(self.context, each.target, before) for each in self.turns)

    def _is_done(self, turn: _Turn, result: ChatResult) -> bool:
        """Whether `result` is what the person gets. If not, what is to come is in the queue."""
        target, reason = turn.target, result.entry.end_reason
        if result.error is None and result.entry.status == "ok":
            return True
        from r1plan.route.execution import notes

        if reason == "handed_over":
            self.because = _cascaded(target, result)
            # When nobody else can, it answers after all.
            self.turns.append(_Turn(replace(target, cascade=None)))
            return False
        if reason in ("budget", "thinking_limit"):
            most = self.context.request.max_thinking if reason == "thinking_limit" else None
            self._tell(notes.CutOff(target.name, most))
            self.go_on = target.name
        if result.error is None:
            return True
        worth = _worth_failing_over(result.error)
        if result.answer or (self.context.audience.sees_thinking and result.thinking):
            self.go_on = next((each.target.name for each in self.turns), target.name) if worth else None
            self._tell(notes.BrokeOff(target.name))
            return True
        may_be_billed = result.entry.cost_high_usd != 0
        if not worth or (may_be_billed and result.log_error is not None):
            return True
        self.because = result.error
        if _is_of_all_its_models(result.error):
            self.turns = [each for each in self.turns if each.target.provider != target.provider or target.is_local]
        self._ask_again(turn, result.error)
        return False

    def _ask_again(self, turn: _Turn, error: R1PlanError) -> None:
        """Queue the target once more where its provider only asks to wait, and the wait is not too long."""
        if not isinstance(error, ProviderError) or error.status not in _ASK_AGAIN:
            return
        retry, clocks = self.context.retry, self.context.clocks
        wait_s = retry.wait_s(turn.asked, error.retry_after_s, clocks.random())
        if turn.asked < retry.times and self.waited_s + wait_s <= retry.longest_s:
            self.turns.append(_Turn(turn.target, clocks.tick() + wait_s, turn.asked))

    def _tell_why(self, target: AttemptTarget, wait_s: float | None = None) -> None:
        """Tell what went wrong before, once, and that `target` is asked because of it."""
        if self.because is not None:
            from r1plan.route.execution.notes import AsksNext

            why, self.because = self.because, None
            self._tell(AsksNext(why, target.name, wait_s))

    def _tell(self, note: Note) -> None:
        self.context.audience.tell(note)


def _is_of_all_its_models(error: R1PlanError) -> bool:
    """Whether a provider's other models would fail alike: it is not reached, or its key or balance does not do."""
    return isinstance(error, ProviderError) and (error.fault == "unreachable" or error.status in _OF_THE_ACCOUNT)


def _worth_failing_over(error: R1PlanError) -> bool:
    """Whether another target may well answer."""
    return error.worth_failing_over if isinstance(error, ProviderError) else isinstance(error, EngineError)


def _cascaded(target: AttemptTarget, result: ChatResult) -> Cascaded:
    """Which of its limits `target` has reached."""
    from r1plan.route.execution.notes import Cascaded

    limits = target.cascade or _NEVER
    thought = result.usage.thinking_tokens if result.usage else None
    most = limits.thinking_tokens
    if most is not None and (limits.after_s is None or (thought or 0) > most):
        return Cascaded(target.name, thinking_tokens=most)
    return Cascaded(target.name, after_s=limits.after_s)


def _outcome(entry: UsageEntry) -> str:
    return entry.status if entry.status in ("ok", "length") else entry.end_reason or entry.status
