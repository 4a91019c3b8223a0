"""What a routing policy makes of a request: who may be asked, and in which order. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from r1plan.catalog.policy import Binding, PolicyLimits, Route
from r1plan.route.decision.candidate import Candidate
from r1plan.route.decision.cause import (
    ExclusionCause,
    Held,
    LeftOut,
    LimitCause,
    LongInput,
    NoPrice,
    OtherFamily,
    OverCost,
    OverTime,
    RuleApplied,
    ShortContext,
    StaysHere,
)
from r1plan.route.decision.rules import Hold, changed_by_rules, holds, tightest
from r1plan.route.forecast.cost import CostForecast
from r1plan.route.forecast.forecast import Forecast, PromptFacts

# The input is estimated: it may be this much longer.
_ESTIMATE_MARGIN = 1.1


@dataclass(frozen=True, slots=True)
class Policy:
    """A route with what its rules change for one request; `applied` says which did, `own` what of it binds here.

    `holds` are what rules of any route hold the request to. `kept` is what has bound its conversation to this machine.
    """

    route: Route
    applied: tuple[RuleApplied, ...] = ()
    holds: tuple[Hold, ...] = ()
    own: Binding | None = None
    kept: Binding | None = None

    @property
    def name(self) -> str:
        """The route's id."""
        return self.route.id

    @property
    def binding(self) -> Binding | None:
        """What keeps the request on this machine; None: it may leave."""
        here = (each.binding for each in self.holds if each.place == "machine")
        return self.kept or self.own or next(here, None)


def policy_for(
    ask: PromptFacts, route: Route, routes: Mapping[str, Route], limits: PolicyLimits | None = None
) -> Policy:
    """`route` as it is for `ask`, with `limits` of the command line on top, and what rules of `routes` hold it to.

    Rules apply one after another. Whatever they say, a limit is never lifted, and a request that must not leave the
    machine never does. Raises what `changed_by_rules` does.
    """
    begun = replace(route, limits=tightest(route.limits, limits or PolicyLimits()))
    changed, applied, own = changed_by_rules(ask, begun, routes)
    return Policy(changed, applied, holds(ask, routes), own, ask.binding)


def exclusion(policy: Policy, candidate: Candidate) -> ExclusionCause | None:
    """Why `policy` does not have `candidate`, whatever it may cost; None: it may be asked."""
    route = policy.route
    if route.place == "machine" and not candidate.stays_here:
        return StaysHere(route.id)
    if (cause := held_back(policy, candidate)) is not None:
        return cause
    if candidate.provider in route.never or (route.only and candidate.provider not in route.only):
        return LeftOut(route.id, candidate.provider)
    shows_a_distill = candidate.is_demonstration and "distill" in route.accepts
    if candidate.family not in route.accepts and not shows_a_distill:
        return OtherFamily(route.id, candidate.serves, candidate.family)
    return None


def held_back(policy: Policy, candidate: Candidate) -> Held | None:
    """What holds the request back from `candidate`, whatever names it; None: nothing does."""
    provider = candidate.provider
    if policy.kept is not None and not candidate.stays_here:
        return Held(policy.kept, StaysHere(policy.kept.route), kept=True)
    for each in policy.holds:
        if each.place == "machine" and not candidate.stays_here:
            return Held(each.binding, StaysHere(each.binding.route))
        if provider in each.never or (each.only and provider not in each.only):
            return Held(each.binding, LeftOut(each.binding.route, provider))
    return None


def unforeseen(policy: Policy) -> ExclusionCause:
    """Why a candidate must not be asked of which no cost can be foretold: a limit of a rule may be exceeded."""
    limited = next((each.binding for each in policy.holds if each.limits != PolicyLimits()), None)
    return NoPrice() if limited is None else Held(limited, NoPrice())


def over_limit(policy: Policy, candidate: Candidate, forecast: Forecast, cost: CostForecast) -> ExclusionCause | None:
    """Which limit `candidate` would exceed; None: none."""
    for each in policy.holds:
        if (cause := _over(each.limits, candidate, forecast, cost)) is not None:
            return Held(each.binding, cause)
    context = candidate.context_tokens
    if context is not None and forecast.input_tokens * _ESTIMATE_MARGIN >= context:
        return LongInput(forecast.input_tokens, context)
    return _over(policy.route.limits, candidate, forecast, cost)


def _over(limits: PolicyLimits, candidate: Candidate, forecast: Forecast, cost: CostForecast) -> LimitCause | None:
    context = candidate.context_tokens
    if limits.min_context_tokens is not None and (context is None or context < limits.min_context_tokens):
        return ShortContext(context, limits.min_context_tokens)
    if limits.max_p90_usd is not None and cost.p90_usd > limits.max_p90_usd:
        return OverCost(cost.p90_usd, limits.max_p90_usd)
    if limits.max_p90_s is not None and forecast.p90_s > limits.max_p90_s:
        return OverTime(forecast.p90_s, limits.max_p90_s)
    return None


def placed(
    policy: Policy, candidate: Candidate, forecast: Forecast, cost: CostForecast, quality: float
) -> tuple[bool, float, Decimal, float, str]:
    """What orders the candidates: the least comes first. `quality` is one of `quality_scores`."""
    route = policy.route
    objective = 0.0
    if route.objective == "latency":
        objective = forecast.p50_s * (1 + forecast.failures.chance)
    elif route.objective == "quality":
        objective = -quality
    elsewhere = route.prefer_local and not candidate.is_local
    return elsewhere, objective, cost.expected_usd, forecast.p50_s, candidate.id


def quality_scores(policy: Policy, candidates: Sequence[Candidate]) -> dict[str, float]:
    """A score for each candidate's id: the planner's index, and for models without one a place by the route's order.

    Such a model stands just above the best of those that come after it in the order, and below all indexed ones if it
    is not in the order at all.
    """
    indexed = [each.quality_index for each in candidates if each.quality_index is not None]
    by_key: dict[str, float] = {}
    for each in candidates:
        if each.quality_index is not None:
            by_key[each.model_key] = max(each.quality_index, by_key.get(each.model_key, each.quality_index))
    best_after = min(indexed, default=0.0) - 1
    for key in reversed(policy.route.order):
        if key not in by_key:
            by_key[key] = best_after + 0.5
        best_after = max(best_after, by_key[key])
    lowest = min(indexed, default=0.0) - 2
    return {
        each.id: by_key.get(each.model_key, lowest) if each.quality_index is None else each.quality_index
        for each in candidates
    }
