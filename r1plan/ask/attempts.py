"""How `r1plan chat` asks one question, in a conversation or alone: decide, set aside, send, one after another."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Protocol

from r1plan.ask.decide import AttemptPlan, Decided, ask_of, choose, find
from r1plan.ask.options import AskOptions
from r1plan.ask.resolve import Resolution, resolve

if TYPE_CHECKING:
    from r1plan.ask.backend import Backend
    from r1plan.conversation.session import Session, Wishes
    from r1plan.engine.chat import ChatEngine, Event
    from r1plan.route.execution.run import ChatResult
    from r1plan.route.execution.target import AttemptTarget
    from r1plan.route.forecast.forecast import PromptFacts


class Audience(Protocol):
    """Who sees an answer come."""

    def asks(self, model: str, usd_per_token: Decimal | None) -> None:
        """`model` is asked now; what a token that it writes costs, None: unknown."""
        ...

    def show(self, event: Event) -> None:
        """Take one event. May raise BrokenPipeError when nobody looks any more."""
        ...

    def say(self, text: str) -> None:
        """Take a sentence on how it goes, between the events."""
        ...


class Nobody:
    """An audience that sees nothing but what is said."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self.say = say

    def asks(self, model: str, usd_per_token: Decimal | None) -> None:
        """Look away."""

    def show(self, event: Event) -> None:
        """Look away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A question that may be sent: who is asked in which order, and USD that may be spent, None: no limit."""

    session: Session
    question: str
    choice: AttemptPlan
    left_usd: Decimal | None


class Asker:
    """Asks, and keeps what answers open until something else is wished for."""

    def __init__(
        self,
        asking: AskOptions,
        say: Callable[[str], None],
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._asking = asking
        self._say = say
        self._now, self._sleep = now, sleep
        self._way: Resolution | None = None
        self._open_for: tuple[object, ...] = ()
        self._choice: AttemptPlan | None = None
        self._said = ""

    def ready(self, wishes: Wishes) -> Resolution:
        """Open what `wishes` name, and say what is to be known of it. What was open stays so when that fails."""
        wanted = (wishes.model, wishes.provider, wishes.local, wishes.base_url, wishes.route)
        if self._way is None or wanted != self._open_for:
            opened = resolve(wishes, self._asking)
            self.close()
            self._way, self._open_for = opened, wanted
            for note in opened.notes:
                self._say(note)
        return self._way

    def name(self, wishes: Wishes) -> str:
        """Who will answer, in a word for the line below the prompt."""
        opened = self.ready(wishes)
        if opened.named is not None:
            return opened.named.model
        legs = self._choice.legs if self._choice else ()
        return f"route {opened.policy}" + (f": {legs[0][0].model.rpartition('/')[2]}" if legs else "")

    def found(self, session: Session, question: str) -> Decided:
        """What is decided for `question`; nothing is sent. Raises OverBudget and what `ready` does."""
        session.check_budget()
        opened = self.ready(session.wishes)
        return find(opened, self._ask_of(session, question), self._asking, self._left_usd(session), self._asking.by)

    def prepare(self, session: Session, question: str) -> Prepared:
        """Decide who is asked, and say it; wait for the hour, where the question may wait.

        Raises OverBudget, what `ready` raises, and what says that nobody may be asked. Ctrl-C ends the wait.
        """
        session.check_budget()
        opened = self.ready(session.wishes)
        if self._asking.by is not None and (deferral := self.found(session, question).deferral) is not None:
            from r1plan.ask.wait import wait

            wait(deferral, self._say, self._now, self._sleep)
        choice = choose(opened, self._ask_of(session, question), self._asking, self._left_usd(session))
        self._choice = choice
        if choice.found is not None and not choice.legs:
            raise choice.found.nobody()
        first = choice.legs[0][0]
        session.check_budget(Decimal(0) if first.provider == "local" else first.reserve_usd, first.name)
        self._tell_who(opened, choice)
        return Prepared(session=session, question=question, choice=choice, left_usd=self._left_usd(session))

    def ask(self, prepared: Prepared, audience: Audience) -> ChatResult:
        """Ask what was prepared; each event goes to `audience`, two rows of each attempt to the log.

        `audience.asks` is called for whoever is asked, each time that changes. Raises OverBudget when nothing may be
        spent, the error of opening when nobody can be asked, and LogError when a budget needs a log that it cannot use;
        nothing was sent then. Every later failure is in the result.
        """
        from r1plan.engine.chat import ChatRequest
        from r1plan.route.execution.failover import ask
        from r1plan.route.execution.run import Attempt
        from r1plan.route.spending.budget import SpendingLimits

        asking, choice, wishes = self._asking, prepared.choice, prepared.session.wishes
        request = ChatRequest(
            messages=prepared.session.messages(prepared.question),
            max_tokens=asking.max_tokens,
            max_thinking=asking.max_thinking,
            temperature=asking.temperature,
            seed=asking.seed,
        )
        result = ask(
            [self._announced(leg, askable, audience) for leg, askable in choice.legs],
            request,
            audience.show,
            labels=replace(asking.labels, policy=choice.policy),
            log=asking.log,
            spending=SpendingLimits(max_cost=prepared.left_usd, budgets=asking.budgets),
            thinking_shown=not asking.as_json and wishes.thinking in ("show", "dim"),
            # That an answer broke off, the error says.
            tell=lambda note: None if note.kind == "broke_off" else audience.say(note.message),
            log_text=asking.log_text,
            now=self._now,
            sleep=self._sleep,
        )
        passed = () if choice.found is None else choice.found.passed
        over = (Attempt(each.candidate.provider, each.candidate.model, "over_budget") for each, _ in passed)
        return replace(result, attempts=(*over, *result.attempts))

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why who was asked last was chosen."""
        return () if self._choice is None else self._choice.reasons

    def close(self) -> None:
        """Give back what is open."""
        if self._way is not None:
            self._way.engines.close()
            self._way = self._choice = None
            self._said = ""

    def _left_usd(self, session: Session) -> Decimal | None:
        """What one question may cost: the least of `--max-cost` and what is left of the conversation's budget."""
        limits = (self._asking.max_cost, session.budget_left_usd)
        return min((each for each in limits if each is not None), default=None)

    def _ask_of(self, session: Session, question: str) -> PromptFacts:
        return ask_of(session.messages(question), self._now(), self._asking)

    def _announced(self, leg: AttemptTarget, askable: Backend, audience: Audience) -> AttemptTarget:
        """`leg`, which tells `audience` when its turn comes."""

        def connect() -> ChatEngine:
            audience.asks(leg.model, askable.usd_per_token(self._now()))
            return leg.connect()

        return replace(leg, connect=connect)

    def _tell_who(self, opened: Resolution, choice: AttemptPlan) -> None:
        """Say who is asked by a route, and that a model here is not, once until that changes."""
        decision = None if choice.found is None else choice.found.decision
        chosen = None if decision is None else decision.chosen
        if decision is None or chosen is None or chosen.id == self._said:
            return
        from r1plan.render.decision.chosen import chosen_line
        from r1plan.render.decision.words import exclusion_text
        from r1plan.route.spending.budget import over_budget

        self._said = chosen.id
        legs = [leg for leg, _ in choice.legs]
        for each in decision.refused:
            if each.candidate.is_local:
                self._say(f"{each.id} is not asked: {exclusion_text(each.cause)}.")
        if choice.found is not None and choice.found.passed:
            dear, allowance = choice.found.passed[0]
            self._say(f"Not asked: {over_budget(allowance, dear.id, dear.cost.p90_usd).message}")
        self._say(chosen_line(chosen, choice.policy, legs, by_default=bool(opened.reason)))


@cache
def known_routes() -> tuple[str, ...]:
    """The names that /route takes."""
    from r1plan.catalog.load import load_routes

    return tuple(load_routes())
