"""Who is asked one question of `r1plan chat`, in which order, and what is set aside for it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from math import ceil
from typing import TYPE_CHECKING

from r1plan.errors import EngineError, OverBudget, ProviderError, R1PlanError
from r1plan.route.execution.target import AttemptTarget

if TYPE_CHECKING:
    from collections.abc import Sequence

    from r1plan.ask.backend import Backend
    from r1plan.ask.candidates import CandidateSet
    from r1plan.ask.options import AskOptions
    from r1plan.ask.resolve import Resolution
    from r1plan.catalog.policy import Route
    from r1plan.engine.chat import Message
    from r1plan.ledger.entry import UsageEntry
    from r1plan.route.decision.decide import Decision
    from r1plan.route.decision.defer import Deferral
    from r1plan.route.decision.ranked import RankedCandidate
    from r1plan.route.forecast.forecast import PromptFacts
    from r1plan.route.forecast.statistics import LogStatistics
    from r1plan.route.spending.budget import Allowance

# A prompt whose tokens are guessed may have so many times more: guessed by the log's own ratio, and without.
_INPUT_MARGIN_KNOWN, _INPUT_MARGIN = 1.1, 1.5


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision and what it was made of. `deferral` is set where the request may wait.

    `passed` are those that would have been asked first, and the monthly budget that leaves too little for each.
    """

    market: CandidateSet
    decision: Decision
    past: LogStatistics
    deferral: Deferral | None = None
    passed: tuple[tuple[RankedCandidate, Allowance], ...] = ()

    def nobody(self) -> R1PlanError:
        """Why nobody may be asked, when the decision ranks none."""
        from r1plan.route.spending.budget import over_budget

        if self.passed:
            each, allowance = self.passed[0]
            return over_budget(allowance, each.id, each.cost.p90_usd)
        return nobody(self.market, self.decision)


@dataclass(frozen=True, slots=True)
class AttemptPlan:
    """The legs in order, each with what it opens, and the decision behind them; None: there was nothing to decide.

    There is no leg when nobody may be asked.
    """

    legs: tuple[tuple[AttemptTarget, Backend], ...]
    policy: str
    reasons: tuple[str, ...]
    found: Decided | None = None


def ask_of(messages: Sequence[Message], at: datetime, asking: AskOptions) -> PromptFacts:
    """What a decision knows of a request: lengths and kinds, no text."""
    from r1plan.engine.dialects.usage import estimated_tokens
    from r1plan.route.forecast.forecast import PromptFacts
    from r1plan.route.forecast.kind import kind_of, language_of

    last = messages[-1].content
    return PromptFacts(
        at=at,
        estimated_input_tokens=sum(estimated_tokens(each.content) for each in messages),
        kind=kind_of(last),
        language=language_of(last),
        project=asking.labels.project,
        conversation=asking.conversation,
        prompt_tokens=estimated_tokens(last),
        max_tokens=asking.max_tokens,
    )


def find(
    way: Resolution, ask: PromptFacts, asking: AskOptions, left_usd: Decimal | None, by: datetime | None = None
) -> Decided:
    """Decide for `ask`, of which `left_usd` is the most that it may cost and `by` when there should be an answer.

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

    market = way.market(ask.at)
    past = log_statistics(read_history(directories().logs), model_keys(load_providers().values()), load_priors())
    given = (past, market.book, market.route, market.routes, PolicyLimits(max_p90_usd=left_usd))
    decision, candidates = decide(ask, market.candidates, *given), market.candidates
    over = _over_budget(decision, asking)
    passed = tuple(pair for pair, each in zip(over, decision.ranked, strict=False) if pair[0] is each)
    if over:
        out = {each.id for each, _ in over}
        candidates = tuple(each for each in candidates if each.id not in out)
        decision = decide(ask, candidates, *given)
        dear = (each.excluded(OverAllowance(allowance, each.cost.p90_usd)) for each, allowance in over)
        decision = replace(decision, refused=(*dear, *decision.refused))
    return Decided(market, decision, past, None if by is None else defer(ask, by, candidates, *given), passed)


def _over_budget(decision: Decision, asking: AskOptions) -> list[tuple[RankedCandidate, Allowance]]:
    if asking.budgets is None:
        return []
    from r1plan.route.decision.affordable import too_dear

    rows = asking.log.this_month(decision.ask.at)
    return too_dear(decision.ranked, asking.budgets, rows, asking.labels.project, asking.power_usd_per_kwh)


def choose(way: Resolution, ask: PromptFacts, asking: AskOptions, left_usd: Decimal | None) -> AttemptPlan:
    """Who is asked. A model here that was named is asked without a decision.

    `left_usd` rules candidates of a route out; what was named keeps it when it is sent. Raises what `find` does.
    """
    tariff, named = asking.power_usd_per_kwh, way.named
    if named is not None:
        judged = None
        if named.provider != "local":
            from r1plan.route.decision.ranked import ranked_candidate

            found = find(way, ask, asking, None)
            # What was named is asked even where a decision would rule it out: its server knows best.
            judged = ranked_candidate(ask, found.market.candidates[0], found.past, found.market.book)
        return AttemptPlan(((_leg(named, ask, judged, tariff), named),), way.policy, (way.reason,))
    found = find(way, ask, asking, left_usd)
    market, decision = found.market, found.decision
    legs = []
    for number, each in enumerate(decision.ranked, start=1):
        askable = market.askables[each.id]
        leg = _leg(askable, ask, each, tariff)
        legs.append((_handing_over(leg, each, decision.ranked[number:], market.route), askable))
    from r1plan.render.decision.words import rank_text, reason_text

    first = (f"{decision.chosen.id}: {rank_text(decision.chosen.cause)}",) if decision.chosen else ()
    reasons = (*((way.reason,) if way.reason else ()), *first, *map(reason_text, decision.reasons))
    return AttemptPlan(tuple(legs), decision.policy.name, reasons, found)


def nobody(market: CandidateSet, decision: Decision | None = None) -> R1PlanError:
    """Why nobody of `market` may be asked, and what would help. `decision` None: there is no candidate at all."""
    from r1plan.money import small_usd
    from r1plan.render.decision.words import exclusion_text

    route = market.route
    if decision is None or not market.candidates:
        if route.place == "machine" or not market.missing:
            return EngineError(
                f"route {route.id} has nobody to ask: no model here was named.",
                "name one: --model FILE.gguf (r1plan recommend says which fits this machine)",
            )
        return ProviderError(
            f"route {route.id} has nobody to ask: no key of a provider is there.",
            f"set {_either(market.missing)}; or name a model here: --model FILE.gguf",
            fault="refused",
        )
    limit = decision.policy.route.limits.max_p90_usd
    dear = [
        (each.cost.p90_usd, each.id) for each in decision.refused if limit and each.cost and each.cost.p90_usd > limit
    ]
    if limit is not None and dear:
        usd, id_ = min(dear)
        return OverBudget(
            f"{id_} may cost {small_usd(usd)} (p90), more than the {small_usd(limit)} that this may cost, "
            "and nobody else may be asked for less.",
            "allow more, lower --max-tokens, or ask here: --local",
        )
    first = decision.refused[0]
    more = len(decision.refused) - 1
    others = f" (and {more} more)" if more else ""
    helps = f"set {_either(market.missing)}; " if market.missing else ""
    if decision.policy.route.place == "machine":
        helps = "name a model here: --model FILE.gguf; "
    return ProviderError(
        f"route {route.id} has nobody to ask: {first.id}: {exclusion_text(first.cause)}{others}.",
        f"{helps}--explain says it of each",
        fault="refused",
    )


def _leg(
    askable: Backend, ask: PromptFacts, judged: RankedCandidate | None, power_usd_per_kwh: Decimal | None
) -> AttemptTarget:
    cost = judged.cost if judged else None

    def mark(entry: UsageEntry) -> UsageEntry:
        from r1plan.route.forecast.stamp import stamped

        return stamped(entry, ask, cost)

    is_local = askable.provider == "local"
    # Electricity is counted where its price was given: an assumed one is not the user's money.
    aside = None if cost is None or (is_local and power_usd_per_kwh is None) else cost.p90_usd
    return AttemptTarget(
        provider=askable.provider,
        model=askable.model,
        connect=askable.connect,
        price_for=askable.price_for,
        reserve_usd=aside,
        meter=askable.meter,
        power_usd_per_kwh=power_usd_per_kwh if is_local else None,
        input_tokens_most=None if judged is None or is_local else _input_most(judged),
        mark=mark,
    )


def _input_most(judged: RankedCandidate) -> int:
    each = judged.forecast
    return ceil(each.input_tokens * (_INPUT_MARGIN_KNOWN if each.input_ratio != 1.0 else _INPUT_MARGIN))


def _handing_over(
    leg: AttemptTarget, judged: RankedCandidate, followers: Sequence[RankedCandidate], route: Route
) -> AttemptTarget:
    """`leg`, which hands over where it is a model here with somebody elsewhere after it."""
    if not judged.candidate.is_local or all(each.candidate.is_local for each in followers):
        return leg
    each = judged.forecast
    thinking = each.lengths.quantile(0.9, "thinking")
    begins_s = None if thinking is None else each.speed.first_token_p90_s + thinking / each.speed.decode_p10_tok_s
    return replace(
        leg,
        give_up_after_s=route.hand_over_after_s or (None if begins_s is None else float(ceil(begins_s))),
        max_thinking=route.hand_over_thinking_tokens or (None if thinking is None else ceil(thinking)),
    )


def _either(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
