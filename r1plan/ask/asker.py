"""Asks one question: who may answer, who is asked, and then one after another until one answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from r1plan.ask.decide import Decided, decided, prompt_facts
from r1plan.ask.plan import AttemptPlan, attempt_plan
from r1plan.ask.question import AskOptions, AskRequest, Wanted
from r1plan.ask.resolve import Resolution, resolve
from r1plan.engine.target import UnlistedModel
from r1plan.errors import NothingFits
from r1plan.route.execution.context import Audience, Clocks, RequestContext
from r1plan.route.spending.budget import SpendingLimits

if TYPE_CHECKING:
    from r1plan.ask.notes import ResolutionNote, RunsHere
    from r1plan.engine.served import ServedNotice
    from r1plan.route.execution.result import ChatResult
    from r1plan.route.forecast.forecast import PromptFacts


class Asker:
    """Asks, and keeps what answers open until something else is wanted.

    >>> with Asker(AskOptions(log=UsageLog(logs))) as asker:
    ...     plan = asker.plan(AskRequest(request=ChatRequest(messages=messages), wanted=Wanted(provider="deepseek")))
    ...     result = asker.ask(plan, audience)
    """

    def __init__(self, options: AskOptions, clocks: Clocks = Clocks()) -> None:
        self._options = options
        self._clocks = clocks
        self._open: tuple[Wanted, Resolution] | None = None
        self._served: dict[tuple[str, str], str] = {}

    def __enter__(self) -> Asker:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def ready(self, wanted: Wanted, tell: Callable[[ResolutionNote], None] = lambda _note: None) -> Resolution:
        """Open what `wanted` names, so that a wrong name is found before a question is put.

        Each thing that is to be known of it goes to `tell` when it is opened. What was open stays so when that fails.
        Raises UsageError, NotFound, NothingFits, EngineError, ProviderError and CatalogError. Nothing is sent.
        """
        if self._open is not None and self._open[0] == wanted:
            return self._open[1]
        found = self._resolved(wanted)
        # A name that is near explains an id that nobody knows, also where there is no key for it.
        for note in found.notes:
            if isinstance(note, UnlistedModel):
                tell(note)
        if found.named is not None and not self._options.sends_nothing:
            found.named.connect()
        self.close()
        self._open = wanted, found
        for note in found.notes:
            if not isinstance(note, UnlistedModel):
                tell(note)
        if found.named is not None and (runs := _runs(found)) is not None and not self._options.sends_nothing:
            tell(runs)
        return found

    def without_fetching(self) -> None:
        """Answer from now on as where nobody can be asked whether a model is to be fetched."""
        self._options = replace(self._options, may_fetch=False)

    def _resolved(self, wanted: Wanted) -> Resolution:
        """What may be asked. A file that is loaded gives way to another before that is planned: it has its memory."""
        try:
            found = resolve(wanted, self._options)
        except NothingFits:
            if not self._unloaded():
                raise
            return resolve(wanted, self._options)
        return resolve(wanted, self._options) if _runs_a_file(found) and self._unloaded() else found

    def _unloaded(self) -> bool:
        """Free the file that is loaded, which is loaded again when it is next asked; whether there was one."""
        if self._open is None or not _runs_a_file(self._open[1]):
            return False
        self._open[1].engines.close()
        return True

    def decide(self, question: AskRequest, by: datetime | None = None) -> Decided:
        """What is decided for `question`, and when it is best sent so that an answer is there `by` then; nothing is.

        Raises what `ready` does, and LogError where there is a monthly budget and the log cannot be read.
        """
        found, facts = self.ready(question.wanted), self._facts(question)
        return decided(found, facts, self._options, question.max_cost_usd, by)

    def plan(self, question: AskRequest) -> AttemptPlan:
        """Who is asked, in which order; nobody where nobody may be. Raises what `decide` does."""
        found = self.ready(question.wanted)
        return attempt_plan(found, question, self._facts(question), self._options)

    def ask(self, plan: AttemptPlan, audience: Audience) -> ChatResult:
        """Ask as planned, where there is a target; each event goes to `audience`, two rows of each attempt to the log.

        Raises OverBudget when nothing may be spent, the error of opening when nobody can be asked, and LogError when a
        budget needs a log that it cannot use; nothing was sent then. Every later failure is in the result.
        """
        from r1plan.route.execution.failover import ask
        from r1plan.route.execution.result import Attempt

        options, question = self._options, plan.question
        context = RequestContext(
            request=question.request,
            log=options.log,
            audience=audience,
            labels=replace(options.labels, policy=plan.policy),
            spending=SpendingLimits(max_cost=question.max_cost_usd, budgets=options.budgets),
            clocks=self._clocks,
            log_text=options.log_text,
        )
        result = ask(plan.targets, context)
        dear = () if plan.decided is None else plan.decided.too_dear
        over = (Attempt(each.candidate.provider, each.candidate.model, "over_budget") for each, _ in dear)
        return replace(result, attempts=(*over, *result.attempts), served=self._notice(plan, result))

    def close(self) -> None:
        """Give back what is open."""
        if self._open is not None:
            self._open[1].engines.close()
            self._open = None

    def _facts(self, question: AskRequest) -> PromptFacts:
        return prompt_facts(question, self._clocks.now(), self._options)

    def _notice(self, plan: AttemptPlan, result: ChatResult) -> ServedNotice | None:
        """What is to be told of the model that answered, after what answered under this id before."""
        entry = result.entry
        if not (result.answer or result.thinking):
            return None
        source = entry.provider, entry.model_requested
        target = next(each for each in plan.targets if (each.provider, each.model) == source)
        notice = target.served(entry, self._served.get(source))
        if entry.model_served is not None:
            self._served[source] = entry.model_served
        return notice


def _runs_a_file(found: Resolution) -> bool:
    """Whether a model file of the person's own may be loaded."""
    return found.run is not None and not found.run.target.demonstration


def _runs(found: Resolution) -> RunsHere | None:
    """How the file runs that was loaded."""
    if found.run is None or found.run.plan is None:
        return None
    from r1plan.ask.notes import RunsHere

    return RunsHere(found.run.target.model, found.run.plan)
