"""Asks the questions of a conversation: within its budget, after the hour they wait for, and saying who is asked."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from r1plan.ask.asker import Asker
from r1plan.ask.question import AskOptions, AskRequest, Wanted, unseen
from r1plan.catalog.provider import LOCAL
from r1plan.errors import EngineError, R1PlanError
from r1plan.render.output import note
from r1plan.route.execution.context import Audience, Clocks

if TYPE_CHECKING:
    from r1plan.ask.decide import Decided
    from r1plan.ask.local.plan import LocalPlan
    from r1plan.ask.not_here import ModelNotHere
    from r1plan.ask.notes import ResolutionNote
    from r1plan.ask.plan import AttemptPlan
    from r1plan.ask.resolve import Resolution
    from r1plan.conversation.session import Session, Wishes
    from r1plan.engine.chat import ChatRequest
    from r1plan.route.execution.result import ChatResult


class ChatAsker:
    """Asks for a person: what is to be known goes to `say`, once until it changes.

    `options` hold for every question; `request` is what all share, without their messages. `max_cost` is USD for one
    question with all its attempts; `by` when an answer should be there, for a question that may wait. `offer` asks
    whether a model that is not here is to be fetched, and gives the file that was; None: nobody can be asked.
    """

    def __init__(
        self,
        options: AskOptions,
        request: ChatRequest,
        *,
        max_cost: Decimal | None = None,
        by: datetime | None = None,
        say: Callable[[str], None] = note,
        clocks: Clocks = Clocks(),
        offer: Callable[[ModelNotHere], Path | None] | None = None,
    ) -> None:
        self._offer = offer
        self._fetched: dict[Wanted, Wanted] = {}
        self._load_progress, self._is_shown = options.load_progress, False
        self._asker = Asker(replace(options, load_progress=self._loading), clocks)
        self._request, self._say = request, say
        self._max_cost, self._by = max_cost, by
        self._clocks = clocks
        self._resolution: Resolution | None = None
        self._plan: AttemptPlan | None = None
        self._said = ""
        self._served: tuple[str, str, str] | None = None

    def ready(self, wishes: Wishes) -> Resolution:
        """Open what `wishes` name, and say what is to be known of it. Raises what `Asker.ready` does."""
        try:
            found = self._asker.ready(self._wanted(wishes), self._tell)
        except EngineError as error:
            found = self._ready_after(error, wishes)
        if found is not self._resolution:
            self._resolution, self._plan, self._said = found, None, ""
        self._tell_changes()
        return found

    def _ready_after(self, error: EngineError, wishes: Wishes) -> Resolution:
        """The same once what was not here is fetched; --local alone is answered without it, too."""
        from r1plan.ask.not_here import ModelNotHere

        if self._offer is None or not isinstance(error, ModelNotHere):
            raise error
        file = None
        try:
            file = self._offer(error)
        except R1PlanError as why:
            if wishes.is_named:
                raise
            self._say(f"{why.message} {why.hint or ''}".rstrip())
        if file is not None:
            self._fetched[wishes.wanted] = replace(wishes.wanted, model=str(file))
        elif wishes.is_named:
            raise error
        else:
            self._asker.without_fetching()
        return self._asker.ready(self._wanted(wishes), self._tell)

    def _wanted(self, wishes: Wishes) -> Wanted:
        """Who is wanted: of what was fetched for it, the file."""
        return self._fetched.get(wishes.wanted, wishes.wanted)

    def name(self, wishes: Wishes) -> str:
        """Who will answer, in a word for the line below the prompt."""
        opened = self.ready(wishes)
        if opened.named is not None:
            return opened.named.model
        targets = self._plan.targets if self._plan else ()
        return f"route {opened.policy}" + (f": {targets[0].model.rpartition('/')[2]}" if targets else "")

    def decide(self, session: Session, text: str) -> Decided:
        """What is decided for the question `text`; nothing is sent. Raises OverBudget and what `Asker.decide` does."""
        session.check_budget()
        self.ready(session.wishes)
        return self._asker.decide(self._question(session, text), self._by)

    def plan(self, session: Session, text: str) -> AttemptPlan:
        """Who is asked the question `text`, which is said; after the hour that it waits for, where it may wait.

        Raises OverBudget, what `Asker.plan` raises, and what says that nobody may be asked. Ctrl-C ends the wait.
        """
        session.check_budget()
        self.ready(session.wishes)
        if self._by is not None and (deferral := self.decide(session, text).deferral) is not None:
            from r1plan.cli.chat.wait import wait

            wait(deferral, self._say, self._clocks)
        plan = self._plan = self._asker.plan(self._question(session, text))
        if plan.decided is not None and not plan.targets:
            from r1plan.render.decision.asked import no_candidate_error

            raise no_candidate_error(plan.decided)
        first = plan.targets[0]
        if first.is_local:
            with suppress(R1PlanError):  # who is asked next is the plan's to say
                first.connect()  # before an answer is shown: how far it is loaded could not be seen beside it
            self._tell_changes()
        session.check_budget(Decimal(0) if first.is_local else first.reserve_usd, first.name)
        if plan.decided is not None and first.id != self._said:
            from r1plan.render.decision.asked import plan_lines

            self._said = first.id
            for line in plan_lines(plan):
                self._say(line)
        return plan

    def ask(self, plan: AttemptPlan, audience: Audience) -> ChatResult:
        """Ask as planned. What is to be told of the model that answered is in the result once until it changes.

        Raises what `Asker.ask` does.
        """
        self._is_shown = True
        try:
            result = self._asker.ask(plan, audience)
        finally:
            self._is_shown = False
        self._tell_changes()
        found = result.served
        known = None if found is None else (found.provider, found.asked, found.served)
        if found is None or known == self._served:
            return replace(result, served=None)
        self._served = known
        return result

    def engine_plan(self, wishes: Wishes) -> LocalPlan | None:
        """How the model on this machine runs that `wishes` name; None where they name none."""
        run = self.ready(wishes).run
        return None if run is None else run.plan

    def plan_behind(self, result: ChatResult) -> LocalPlan | None:
        """How the model runs that gave `result`; None where it is not one on this machine, or the demonstration one."""
        run = None if self._resolution is None else self._resolution.run
        is_its = run is not None and (result.entry.provider, result.entry.model_requested) == (LOCAL, run.target.model)
        return run.plan if run is not None and is_its else None

    def close(self) -> None:
        """Give back what is open."""
        self._asker.close()

    def _tell_changes(self) -> None:
        """Say once what the loading of a file, or a context that grew, gave up for want of room."""
        run = None if self._resolution is None else self._resolution.run
        if run is None or not run.changes:
            return
        from r1plan.render.chat.loading_words import load_change_text

        while run.changes:
            self._say(load_change_text(run.changes.pop(0)))

    def _loading(self, model: str) -> AbstractContextManager[Callable[[float], None]]:
        return unseen(model) if self._is_shown else self._load_progress(model)

    def _question(self, session: Session, text: str) -> AskRequest:
        limits = [each for each in (self._max_cost, session.budget_left_usd) if each is not None]
        request = replace(self._request, messages=session.messages(text))
        return AskRequest(
            request=request,
            wanted=self._wanted(session.wishes),
            max_cost_usd=min(limits, default=None),
            projects=session.projects,
            binding=session.binding,
        )

    def _tell(self, note: ResolutionNote) -> None:
        from r1plan.render.decision.resolved import resolution_text

        self._say(resolution_text(note))


def may_offer() -> bool:
    """Whether a person sits at a terminal and can be asked whether a model is to be fetched."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr is not None and sys.stderr.isatty()


def offered(error: ModelNotHere) -> Path | None:
    """Ask whether what is not here is to be fetched, and fetch it: the file to run. None: nobody wants it."""
    from r1plan.cli.chat.offer import offered as asked

    return asked(error)


def load_shown(model: str) -> AbstractContextManager[Callable[[float], None]]:
    """Shows how far the loading of `model` is, on a terminal."""
    from r1plan.render.chat.loading import load_progress

    return load_progress(model, monotonic)


@cache
def known_routes() -> tuple[str, ...]:
    """The names that /route takes."""
    from r1plan.catalog.load import load_routes

    return tuple(load_routes())
