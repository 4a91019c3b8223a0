"""Why each candidate stands where it does, in a sentence. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from r1plan.catalog.policy import Route
from r1plan.money import small_usd
from r1plan.route.decision.policy import Policy
from r1plan.route.decision.ranked import RankedCandidate
from r1plan.route.forecast.cost import CostForecast

_TERMS = {
    "input_miss_usd": "fresh input",
    "cache_hit_usd": "cached input",
    "thinking_usd": "thinking",
    "answer_usd": "the answer",
    "electricity_usd": "electricity",
    "failure_usd": "failures",
}
_BEST = {"cost": "expected to cost least", "latency": "expected to be done first", "quality": "the best model"}


def why(route: Route, each: RankedCandidate, ordered: Sequence[RankedCandidate]) -> str:
    """Why `each` of the ranked stands there: against the first of them, the first against the second."""
    first = ordered[0]
    if each is first:
        if len(ordered) == 1:
            return "the only one that may be asked"
        if route.prefer_local and first.candidate.is_local and not ordered[1].candidate.is_local:
            return f"answers here, which {route.id} puts first"
        if route.objective == "quality" and first.candidate.model_key == ordered[1].candidate.model_key:
            return "the best model, and its cheapest seller"
        if route.objective == "cost" and any(other.expected_usd < first.expected_usd for other in ordered[1:]):
            return "as cheap as any, to 2 %, and the best known"
        return _BEST[route.objective]
    gap = each.expected_usd - first.expected_usd
    money = f"{small_usd(abs(gap))} {'more' if gap >= 0 else 'less'}" if gap else "the same cost"
    if route.prefer_local and first.candidate.is_local and not each.candidate.is_local:
        return f"leaves the machine; {money}"
    if route.objective == "latency":
        later_s = round(each.forecast.p50_s - first.forecast.p50_s)
        return f"{f'{later_s:,} s later' if later_s else 'as soon'}; {money}"
    if route.objective == "quality":
        same = each.candidate.model_key == first.candidate.model_key
        return f"the same model for {money}" if same else f"not as good a model; {money}"
    return f"{money}{_cause(each.cost, first.cost)}"


def reasons(policy: Policy, ordered: Sequence[RankedCandidate]) -> tuple[str, ...]:
    """What decided: the route, its rules that applied, and what a warm cache was worth."""
    route = policy.route
    found = [f"route {route.id}: {route.description}", *policy.applied]
    if ordered and route.objective == "cost":
        found += _stays(ordered[0], ordered[1:])
        found += (_leaves(each, ordered[0]) for each in ordered[1:] if _is_warm(each))
    return tuple(found)


def _cause(cost: CostForecast, first: CostForecast) -> str:
    """The term that makes most of the difference."""
    gaps = {text: getattr(cost.terms, name) - getattr(first.terms, name) for name, text in _TERMS.items()}
    name = max(gaps, key=lambda each: gaps[each])
    return f", most of it for {name}" if gaps[name] > 0 else ""


def _stays(first: RankedCandidate, others: Sequence[RankedCandidate]) -> Iterator[str]:
    """That the cache is why `first` wins, where without it another would."""
    rival = next((each for each in others if not each.candidate.is_local), None)
    cache = first.forecast.cache
    # An attempt that breaks off would be billed without it too.
    saving = first.cost.terms.cache_saving_usd * (1 + Decimal(first.forecast.failures.broken_chance))
    if rival is None or not _is_warm(first):
        return
    gap = first.expected_usd + saving - rival.expected_usd
    if gap > 0:
        yield (
            f"stays with {first.id}: what it has cached ({cache.chance * 100:.0f} % likely) is worth "
            f"{small_usd(saving)}, more than the {small_usd(gap)} by which {rival.id} is else cheaper"
        )


def _is_warm(each: RankedCandidate) -> bool:
    return each.forecast.cache.is_warm and bool(each.cost.terms.cache_saving_usd)


def _leaves(each: RankedCandidate, first: RankedCandidate) -> str:
    """That the cache of `each` is warm and yet not worth it."""
    gap, saving = each.expected_usd - first.expected_usd, each.cost.terms.cache_saving_usd
    return (
        f"leaves {each.id}: what it has cached is worth {small_usd(saving)}, and {first.id} is still expected to cost "
        f"{small_usd(abs(gap))} {'less' if gap >= 0 else 'more'}"
    )
