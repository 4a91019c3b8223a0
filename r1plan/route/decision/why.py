"""Why each candidate stands where it does, and what decided. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import get_args

from r1plan.catalog.policy import Objective, Route
from r1plan.route.decision.candidate import Candidate
from r1plan.route.decision.cause import (
    CostTerm,
    DecisionReason,
    FirstBecause,
    HeldHere,
    Later,
    LeavesCache,
    LesserModel,
    LocalFirst,
    MoreCost,
    NotHere,
    RankCause,
    RouteTaken,
    ServerHere,
    StaysForCache,
)
from r1plan.route.decision.policy import Policy
from r1plan.route.decision.ranked import RankedCandidate
from r1plan.route.forecast.cost import CostForecast

_TERMS: tuple[CostTerm, ...] = get_args(CostTerm)
_BEST: dict[Objective, FirstBecause] = {
    "cost": FirstBecause.LEAST_COST,
    "latency": FirstBecause.SOONEST,
    "quality": FirstBecause.BEST_MODEL,
}


def rank_cause(route: Route, each: RankedCandidate, ordered: Sequence[RankedCandidate]) -> RankCause:
    """Why `each` of the ranked stands there: against the first of them, the first against the second."""
    first = ordered[0]
    if each is first:
        return _first_cause(route, first, ordered[1:])
    gap_usd = each.expected_usd - first.expected_usd
    if route.prefer_local and first.candidate.is_local and not each.candidate.is_local:
        return NotHere(gap_usd)
    if route.objective == "latency":
        return Later(round(each.forecast.p50_s - first.forecast.p50_s), gap_usd)
    if route.objective == "quality":
        return LesserModel(each.candidate.model_key == first.candidate.model_key, gap_usd)
    return MoreCost(gap_usd, _dearest_term(each.cost, first.cost))


def reasons(
    policy: Policy, ordered: Sequence[RankedCandidate], candidates: Sequence[Candidate]
) -> tuple[DecisionReason, ...]:
    """What decided: the route, its rules that applied, what keeps it here, and what a warm cache was worth."""
    route = policy.route
    found: list[DecisionReason] = [RouteTaken(route.id, route.description), *policy.applied]
    if (binding := policy.binding) is not None and binding != policy.own:
        found.append(HeldHere(binding, policy.kept is not None))
    if binding is not None:
        found += (ServerHere(each.provider) for each in candidates if each.on_loopback)
    if ordered and route.objective == "cost":
        found += _stays(ordered[0], ordered[1:])
        found += (_leaves(each, ordered[0]) for each in ordered[1:] if _is_warm(each))
    return tuple(found)


def _first_cause(route: Route, first: RankedCandidate, others: Sequence[RankedCandidate]) -> RankCause:
    if not others:
        return FirstBecause.ONLY
    if route.prefer_local and first.candidate.is_local and not others[0].candidate.is_local:
        return LocalFirst(route.id)
    if route.objective == "quality" and first.candidate.model_key == others[0].candidate.model_key:
        return FirstBecause.BEST_MODEL_CHEAPEST
    if route.objective == "cost" and any(other.expected_usd < first.expected_usd for other in others):
        return FirstBecause.BEST_KNOWN
    return _BEST[route.objective]


def _dearest_term(cost: CostForecast, first: CostForecast) -> CostTerm | None:
    """The term that makes most of the difference; None where none costs more."""
    gaps: dict[CostTerm, Decimal] = {name: getattr(cost.terms, name) - getattr(first.terms, name) for name in _TERMS}
    name = max(gaps, key=lambda each: gaps[each])
    return name if gaps[name] > 0 else None


def _stays(first: RankedCandidate, others: Sequence[RankedCandidate]) -> Iterator[DecisionReason]:
    """That the cache is why `first` wins, where without it another would."""
    rival = next((each for each in others if not each.candidate.is_local), None)
    # An attempt that breaks off would be billed without it too.
    saving = first.cost.terms.cache_saving_usd * (1 + Decimal(first.forecast.failures.broken_chance))
    if rival is None or not _is_warm(first):
        return
    gap = first.expected_usd + saving - rival.expected_usd
    if gap > 0:
        yield StaysForCache(first.id, first.forecast.cache.chance, saving, gap, rival.id)


def _is_warm(each: RankedCandidate) -> bool:
    return each.forecast.cache.is_warm and bool(each.cost.terms.cache_saving_usd)


def _leaves(each: RankedCandidate, first: RankedCandidate) -> DecisionReason:
    """That the cache of `each` is warm and yet not worth it."""
    return LeavesCache(each.id, each.cost.terms.cache_saving_usd, first.id, each.expected_usd - first.expected_usd)
