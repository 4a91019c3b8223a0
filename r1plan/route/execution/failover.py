"""Asks one leg after another until one answers, within what may be spent. Each attempt has its own two rows.

Another leg is asked when one cannot be reached, is too slow, or refuses for a reason that may not hold elsewhere, and
only while nothing of an answer has been shown. Thinking that is shown counts as shown; thinking that is hidden does not
reach the person, and may be thrown away. A leg that hands over (the cascade) may have shown its thinking, but never a
piece of its answer. Only a provider that refused before it wrote anything is asked again itself, after a wait.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from random import random as chance

from r1plan.engine.chat import ChatRequest, Event
from r1plan.errors import EngineError, LogError, OverBudget, ProviderError, R1PlanError
from r1plan.ledger.entry import UsageEntry
from r1plan.ledger.usage_log import UsageLog
from r1plan.route.execution import circuit_breaker as breaker
from r1plan.route.execution.context import RequestContext
from r1plan.route.execution.record import Labels
from r1plan.route.execution.retry import RetryPolicy
from r1plan.route.execution.run import Attempt, ChatResult, Note, NoteKind
from r1plan.route.execution.target import AttemptTarget
from r1plan.route.spending.budget import SpendingLimits
from r1plan.route.spending.reservation import SpendReservation

# Refused before anything was written. 408 and 504 may be a gateway's word for a request that was taken.
_ASK_AGAIN = frozenset({429, 500, 502, 503})


def ask(
    legs: Sequence[AttemptTarget],
    request: ChatRequest,
    show: Callable[[Event], None],
    *,
    labels: Labels,
    log: UsageLog,
    spending: SpendingLimits | None = None,
    thinking_shown: bool = True,
    tell: Callable[[Note], None] = lambda _note: None,
    log_text: bool = False,
    patience: RetryPolicy | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    tick: Callable[[], float] = time.perf_counter,
    sleep: Callable[[float], None] = time.sleep,
    random: Callable[[], float] = chance,
) -> ChatResult:
    """Ask `legs`, of which there is at least one, in order, and return how the last one that was asked went.

    Each event goes to `show`, each note to `tell`. `thinking_shown`: whether the person sees the thinking among the
    events. Once anything was sent, a failure is in the result. Before that OverBudget is raised when the budgets let no
    leg through, the error of opening when no leg can be opened, and LogError when a monthly budget cannot be kept
    without the log. Engines are left open.
    """
    notes: list[Note] = []

    def say(note: Note) -> None:
        notes.append(note)
        tell(note)

    purse = SpendReservation(spending or SpendingLimits(), log, labels, now)
    asking = RequestContext(
        request=request,
        show=show,
        tell=say,
        labels=labels,
        log=log,
        purse=purse,
        log_text=log_text,
        now=now,
        tick=tick,
    )
    question = _Question(asking, thinking_shown, patience or RetryPolicy(), sleep, random)
    result = question.answered_by(legs)
    return replace(result, attempts=tuple(question.attempts), notes=tuple(notes), go_on=question.go_on)


@dataclass(slots=True)
class _Turn:
    """A leg that may still be asked: not before `ready_at`, on the clock, and `asked` times already."""

    leg: AttemptTarget
    ready_at: float = float("-inf")
    asked: int = 0


@dataclass(slots=True)
class _Question:
    """One question on its way through the legs."""

    asking: RequestContext
    thinking_shown: bool
    patience: RetryPolicy
    sleep: Callable[[float], None]
    random: Callable[[], float]
    turns: list[_Turn] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)
    go_on: str | None = None
    waited_s: float = 0.0
    # The note about what went wrong, to be told together with what is done about it.
    because: tuple[NoteKind, str] | None = None
    # Who could not be asked: told when another is; when nobody can, the error says it.
    passed: list[str] = field(default_factory=list)

    def answered_by(self, legs: Sequence[AttemptTarget]) -> ChatResult:
        self.turns = [_Turn(leg) for leg in self._worth_asking(legs)]
        result: ChatResult | None = None
        unsent: list[R1PlanError] = []
        while self.turns:
            turn = self._next()
            try:
                self._wait_for(turn)
            except KeyboardInterrupt:
                if result is None:
                    raise
                return replace(result, finish="aborted", error=None)
            before = [each.entry for each in self.attempts if each.entry]
            since = self.asking.tick()
            try:
                engine, admitted = self.asking.open(turn.leg, before)
            except R1PlanError as error:
                if isinstance(error, LogError) and result is None:
                    raise
                unsent.append(error)
                self._passes_over(turn.leg, error)
                continue
            self._tell_passed()
            if admitted.uncounted is not None:
                self._tell("uncounted", admitted.uncounted)
            self._tell_why(f"asking {turn.leg.name} instead.")
            hands_over = turn.leg.hands_over and self._has_follower(before)
            result = self.asking.send(turn.leg, engine, admitted, before, since, hands_over)
            turn.asked += 1
            self.attempts.append(Attempt(turn.leg.provider, turn.leg.model, _outcome(result.entry), result.entry))
            if self._is_done(turn, result):
                return result
        if result is None:
            raise next((each for each in unsent if isinstance(each, OverBudget)), unsent[0])
        self._tell_passed()
        return result

    def _worth_asking(self, legs: Sequence[AttemptTarget]) -> Sequence[AttemptTarget]:
        """`legs` without those whose provider has failed too often of late, unless none would be left."""
        if len(legs) == 1:
            return legs
        rows, now = self.asking.log.recent(), self.asking.now()
        found = [(leg, breaker.state(rows, leg.provider, now)) for leg in legs]
        well = [leg for leg, its in found if its.state != "open" or leg.provider == "local"]
        if not well:
            return legs[:1]
        for leg, its in found:
            if leg not in well:
                until = f" until {its.until:%H:%M:%S} UTC" if its.until and its.until > now else ""
                self._tell("skipped", f"{leg.name} is passed over{until}: {leg.provider} has failed too often of late.")
                self.attempts.append(Attempt(leg.provider, leg.model, "skipped"))
        return well

    def _next(self) -> _Turn:
        """The first leg that may be asked now, else the one that may be asked soonest; it leaves the queue."""
        now = self.asking.tick()
        turn = min(self.turns, key=lambda each: max(each.ready_at, now))
        self.turns.remove(turn)
        return turn

    def _wait_for(self, turn: _Turn) -> None:
        wait_s = turn.ready_at - self.asking.tick()
        if wait_s > 0:
            self.waited_s += wait_s
            self._tell_why(f"asking {turn.leg.name} again in {wait_s:.1f} s.", "retrying")
            self.sleep(wait_s)

    def _passes_over(self, leg: AttemptTarget, error: R1PlanError) -> None:
        if error.message.startswith(leg.name):
            self.passed.append(f"{error.message.rstrip('.')}: passed over.")
        else:
            self.passed.append(f"{leg.name} is passed over: {error.message}")
        outcome = "over_budget" if isinstance(error, OverBudget) else "not_opened"
        self.attempts.append(Attempt(leg.provider, leg.model, outcome))

    def _tell_passed(self) -> None:
        for each in self.passed:
            self._tell("skipped", each)
        self.passed.clear()

    def _has_follower(self, before: Sequence[UsageEntry]) -> bool:
        """Whether the budgets let another leg through, as things are."""
        return any(self.asking.purse.affords(each.leg, before) for each in self.turns)

    def _is_done(self, turn: _Turn, result: ChatResult) -> bool:
        """Whether `result` is what the person gets. If not, what is to come is in the queue."""
        leg, reason = turn.leg, result.entry.end_reason
        if reason == "handed_over":
            self.because = ("handed_over", _too_long(leg, result))
            # When nobody else can, it answers after all.
            self.turns.append(_Turn(replace(leg, give_up_after_s=None, max_thinking=None)))
            return False
        if reason in ("budget", "thinking_limit"):
            most = self.asking.request.max_thinking
            cut = "at what it may cost" if reason == "budget" else f"after {most:,} tokens of thinking"
            self._tell("cut", f"{leg.name} was cut off {cut}; what had come is kept.")
            self.go_on = leg.name
        if result.finish == "aborted" or (result.error is None and result.finish != "failed"):
            return True
        worth = _worth_failing_over(result.error)
        if result.answer or (self.thinking_shown and result.thinking):
            self.go_on = next((each.leg.name for each in self.turns), leg.name) if worth else None
            self._tell("broke_off", f"{leg.name} broke off after its answer had begun; what had come is kept.")
            return True
        may_be_billed = result.entry.cost_high_usd != 0
        if not worth or (may_be_billed and result.log_error is not None):
            return True
        self.because = ("failed_over", result.error.message if result.error else f"{leg.name} gave up.")
        self._ask_again(turn, result.error)
        return False

    def _ask_again(self, turn: _Turn, error: R1PlanError | None) -> None:
        """Queue the leg once more where its provider only asks to wait, and the wait is not too long."""
        if not isinstance(error, ProviderError) or error.status not in _ASK_AGAIN:
            return
        wait_s = self.patience.wait_s(turn.asked, error.retry_after_s, self.random())
        if turn.asked < self.patience.times and self.waited_s + wait_s <= self.patience.longest_s:
            self.turns.append(_Turn(turn.leg, self.asking.tick() + wait_s, turn.asked))

    def _tell_why(self, done_about_it: str, kind: NoteKind | None = None) -> None:
        if self.because is not None:
            (first, why), self.because = self.because, None
            self._tell(kind or first, f"{why.rstrip('.')}; {done_about_it}")

    def _tell(self, kind: NoteKind, message: str) -> None:
        self.asking.tell(Note(kind, message))


def _worth_failing_over(error: R1PlanError | None) -> bool:
    """Whether another leg may well answer. None: the server itself said that it gave up."""
    if isinstance(error, ProviderError):
        return error.worth_failing_over
    return error is None or isinstance(error, EngineError)


def _too_long(leg: AttemptTarget, result: ChatResult) -> str:
    thought = result.usage.thinking_tokens if result.usage else None
    if leg.max_thinking is not None and (leg.give_up_after_s is None or (thought or 0) > leg.max_thinking):
        return f"{leg.name} has thought longer than {leg.max_thinking} tokens."
    return f"{leg.name} has not begun its answer within {leg.give_up_after_s:g} s."


def _outcome(entry: UsageEntry) -> str:
    return entry.status if entry.status in ("ok", "length") else entry.end_reason or entry.status
