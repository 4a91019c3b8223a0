"""What a routing policy makes of a request: who may be asked, and in which order. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC
from decimal import Decimal

from r1plan.catalog.policy import PolicyLimits, Route, Rule, When
from r1plan.errors import NotFound
from r1plan.route.decision.candidate import Candidate
from r1plan.route.decision.cause import (
    ExclusionCause,
    LeftOut,
    LongInput,
    OtherFamily,
    OverCost,
    OverTime,
    RuleApplied,
    ShortContext,
    StaysHere,
)
from r1plan.route.forecast.cost import CostForecast
from r1plan.route.forecast.forecast import Forecast, PromptFacts

# The input is estimated: it may be this much longer.
_ESTIMATE_MARGIN = 1.1


def route_named(name: str, routes: Mapping[str, Route]) -> Route:
    """The route that the user means, without regard to case. Raises NotFound."""
    found = next((each for id_, each in routes.items() if id_.casefold() == name.casefold()), None)
    if found is None:
        raise NotFound.among("route", name, routes)
    return found


@dataclass(frozen=True, slots=True)
class Policy:
    """A route with what its rules change for one request; `applied` says which did."""

    route: Route
    applied: tuple[RuleApplied, ...] = ()

    @property
    def name(self) -> str:
        """The route's id."""
        return self.route.id


def policy_for(
    ask: PromptFacts, route: Route, routes: Mapping[str, Route], limits: PolicyLimits | None = None
) -> Policy:
    """`route` as it is for `ask`, with `limits` of the command line on top.

    Rules apply one after another. Whatever they say, a limit is never lifted, and a request that must not leave the
    machine never does.
    """
    changed = replace(route, limits=tightest(route.limits, limits or PolicyLimits()))
    applied = []
    for number, rule in enumerate(route.rules, start=1):
        if matches(rule.when, ask):
            changed = _changed(changed, rule, routes)
            applied.append(RuleApplied(number, rule.note, rule.route))
    return Policy(changed, tuple(applied))


def tightest(one: PolicyLimits, other: PolicyLimits) -> PolicyLimits:
    """The tighter of each pair of limits."""

    def least(*values: Decimal | float | None) -> Decimal | float | None:
        return min((each for each in values if each is not None), default=None)

    contexts = [each for each in (one.min_context_tokens, other.min_context_tokens) if each is not None]
    return PolicyLimits(
        max_p90_usd=least(one.max_p90_usd, other.max_p90_usd),  # type: ignore[arg-type]
        max_p90_s=least(one.max_p90_s, other.max_p90_s),  # type: ignore[arg-type]
        min_context_tokens=max(contexts, default=None),
    )


def matches(when: When, ask: PromptFacts) -> bool:
    """Whether a rule for `when` applies to `ask`."""
    sent = ask.estimated_input_tokens
    prompt = sent if ask.prompt_tokens is None else ask.prompt_tokens
    return (
        (not when.projects or ask.project in when.projects)
        and (not when.kinds or ask.kind in when.kinds)
        and (not when.languages or ask.language in when.languages)
        and _between(prompt, when.min_prompt_tokens, when.max_prompt_tokens)
        and _between(sent, when.min_context_tokens, when.max_context_tokens)
        and (when.hours_utc is None or when.hours_utc.holds(ask.at.astimezone(UTC).time()))
    )


def exclusion(policy: Policy, candidate: Candidate) -> ExclusionCause | None:
    """Why `policy` does not have `candidate`, whatever it may cost; None: it may be asked."""
    route = policy.route
    if route.place == "machine" and not candidate.is_local:
        return StaysHere(route.id)
    if candidate.provider in route.never or (route.only and candidate.provider not in route.only):
        return LeftOut(route.id, candidate.provider)
    if candidate.family not in route.accepts:
        return OtherFamily(route.id, candidate.serves, candidate.family)
    return None


def over_limit(policy: Policy, candidate: Candidate, forecast: Forecast, cost: CostForecast) -> ExclusionCause | None:
    """Which limit `candidate` would exceed; None: none."""
    limits = policy.route.limits
    context = candidate.context_tokens
    if limits.min_context_tokens is not None and (context is None or context < limits.min_context_tokens):
        return ShortContext(context, limits.min_context_tokens)
    if context is not None and forecast.input_tokens * _ESTIMATE_MARGIN >= context:
        return LongInput(forecast.input_tokens, context)
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


def _changed(route: Route, rule: Rule, routes: Mapping[str, Route]) -> Route:
    place, limits, never = route.place, tightest(route.limits, rule.limits), (*route.never, *rule.never)
    if rule.route is not None:
        other = route_named(rule.route, routes)
        place = "machine" if "machine" in (place, other.place) else "anywhere"
        limits = tightest(limits, other.limits)
        never = (*never, *other.never)
        route = replace(
            route,
            objective=other.objective,
            accepts=other.accepts,
            prefer_local=other.prefer_local,
            only=other.only,
            order=other.order,
        )
    return replace(
        route,
        objective=rule.objective or route.objective,
        accepts=rule.accepts or route.accepts,
        only=rule.only or route.only,
        never=never,
        place="machine" if "machine" in (place, rule.place) else "anywhere",
        limits=limits,
    )


def _between(value: int, least: int | None, most: int | None) -> bool:
    return (least is None or value >= least) and (most is None or value <= most)
