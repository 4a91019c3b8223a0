"""Who should be asked one question, of those who may be, with what the monthly budgets leave."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from r1plan.ask.candidates import CandidateSet
    from r1plan.ask.question import AskOptions, AskRequest
    from r1plan.ask.resolve import Resolution
    from r1plan.route.decision.decide import Decision
    from r1plan.route.decision.defer import Deferral
    from r1plan.route.decision.ranked import RankedCandidate
    from r1plan.route.forecast.forecast import PromptFacts
    from r1plan.route.spending.budget import Allowance


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision and the candidates that it was made of. `deferral` is set where the question may wait.

    `too_dear` are those that would have been asked first, each with the monthly budget that leaves too little for it.
    """

    candidates: CandidateSet
    decision: Decision
    deferral: Deferral | None = None
    too_dear: tuple[tuple[RankedCandidate, Allowance], ...] = ()


def prompt_facts(question: AskRequest, at: datetime, options: AskOptions) -> PromptFacts:
    """What a decision knows of a request: lengths and kinds, no text."""
    from r1plan.engine.dialects.usage import estimated_tokens
    from r1plan.route.forecast.forecast import PromptFacts
    from r1plan.route.forecast.kind import kind_of, language_of

    messages = question.request.messages
    last = messages[-1].content
    return PromptFacts(
        at=at,
        estimated_input_tokens=sum(estimated_tokens(each.content) for each in messages),
        kind=kind_of(last),
        language=language_of(last),
        project=options.labels.project,
        conversation=options.conversation,
        prompt_tokens=estimated_tokens(last),
        max_tokens=question.request.max_tokens,
        projects=question.projects,
        binding=question.binding,
    )


def decided(
    resolution: Resolution,
    facts: PromptFacts,
    options: AskOptions,
    max_cost_usd: Decimal | None,
    by: datetime | None = None,
) -> Decided:
    """Decide for `facts`, of which `max_cost_usd` is the most that it may cost and `by` when an answer should be there.

    Raises CatalogError, NotFound for a rule of a route that names no other, and LogError where there is a monthly
    budget and the log cannot be read.
    """
    from r1plan.catalog.load import load_providers
    from r1plan.catalog.policy import PolicyLimits
    from r1plan.catalog.priors import load_priors
    from r1plan.ledger.history import read_history
    from r1plan.route.decision.candidate import model_keys
    from r1plan.route.decision.cause import OverAllowance
    from r1plan.route.decision.decide import decide
    from r1plan.route.decision.defer import defer
    from r1plan.route.forecast.statistics import log_statistics
    from r1plan.settings import directories

    found = resolution.candidates(facts.at)
    past = log_statistics(read_history(directories().logs), model_keys(load_providers().values()), load_priors())
    given = (past, found.book, found.route, found.routes, PolicyLimits(max_p90_usd=max_cost_usd))
    decision, candidates = decide(facts, found.candidates, *given), found.candidates
    dear = _too_dear(decision, options)
    first = tuple(pair for pair, each in zip(dear, decision.ranked, strict=False) if pair[0] is each)
    if dear:
        out = {each.id for each, _ in dear}
        candidates = tuple(each for each in candidates if each.id not in out)
        decision = decide(facts, candidates, *given)
        excluded = (each.excluded(OverAllowance(allowance, each.cost.p90_usd)) for each, allowance in dear)
        decision = replace(decision, refused=(*excluded, *decision.refused))
    return Decided(found, decision, None if by is None else defer(facts, by, candidates, *given), first)


def _too_dear(decision: Decision, options: AskOptions) -> list[tuple[RankedCandidate, Allowance]]:
    if options.budgets is None:
        return []
    from r1plan.route.decision.affordable import too_dear

    spending = options.log.this_month(decision.ask.at)
    return too_dear(decision.ranked, options.budgets, spending, options.labels.project, options.power_usd_per_kwh)
