"""Where a prompt goes: every candidate forecast, judged by a policy and put in order, with the reasons. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from r1plan.catalog.policy import PolicyLimits, Route
from r1plan.prices.book import PriceBook
from r1plan.route.decision.candidate import Candidate
from r1plan.route.decision.cause import DecisionReason
from r1plan.route.decision.policy import Policy, exclusion, over_limit, placed, policy_for, quality_scores, unforeseen
from r1plan.route.decision.ranked import ExcludedCandidate, RankedCandidate, ranked_candidate
from r1plan.route.decision.why import rank_cause, reasons
from r1plan.route.forecast.forecast import PromptFacts
from r1plan.route.forecast.statistics import LogStatistics


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Who is asked first, who after that when it fails, who never, and why. `ranked` is empty when nobody may be."""

    policy: Policy
    ask: PromptFacts
    ranked: tuple[RankedCandidate, ...]
    refused: tuple[ExcludedCandidate, ...]
    reasons: tuple[DecisionReason, ...]

    @property
    def chosen(self) -> RankedCandidate | None:
        """The one that is asked first."""
        return self.ranked[0] if self.ranked else None


SAME_COST = Decimal("1.02")
"""Costs whose ratio is no larger count as equal: no forecast is that exact."""


def settled(route: Route, ordered: list[RankedCandidate]) -> list[RankedCandidate]:
    """`ordered`, but of those that cost as good as the same the best known first.

    That is one whose cache is warm, else the one with the most requests of one's own: or else chance would move a
    conversation to and fro, each time away from what is cached.
    """
    if route.objective != "cost" or len(ordered) < 2:
        return ordered
    first = ordered[0]
    same = [
        each
        for each in ordered
        if each.candidate.is_local == first.candidate.is_local and each.expected_usd <= SAME_COST * first.expected_usd
    ]
    known = max(same, key=lambda each: (each.forecast.cache.is_warm, each.forecast.failures.rows))
    return [known, *(each for each in ordered if each is not known)]


def decide(
    ask: PromptFacts,
    candidates: Sequence[Candidate],
    statistics: LogStatistics,
    book: PriceBook,
    route: Route,
    routes: Mapping[str, Route],
    limits: PolicyLimits | None = None,
) -> Decision:
    """The candidates for `ask` in the order of `route`, whose rules may name others of `routes`.

    `limits` are those of the command line: with the route's own, the tighter counts. Raises NotFound for a rule that
    names no route.
    """
    policy = policy_for(ask, route, routes, limits)
    excluded: list[ExcludedCandidate] = []
    allowed: list[RankedCandidate] = []
    for candidate in candidates:
        cause = exclusion(policy, candidate)
        if cause is not None:
            excluded.append(ExcludedCandidate(candidate=candidate, cause=cause))
            continue
        each = ranked_candidate(ask, candidate, statistics, book)
        if each is None:
            excluded.append(ExcludedCandidate(candidate=candidate, cause=unforeseen(policy)))
            continue
        cause = over_limit(policy, candidate, each.forecast, each.cost)
        if cause is None:
            allowed.append(each)
        else:
            excluded.append(each.excluded(cause))
    scores = quality_scores(policy, [each.candidate for each in allowed])

    def place(each: RankedCandidate) -> tuple[bool, float, Decimal, float, str]:
        return placed(policy, each.candidate, each.forecast, each.cost, scores[each.id])

    ordered = settled(policy.route, sorted(allowed, key=place))
    return Decision(
        policy=policy,
        ask=ask,
        ranked=tuple(replace(each, cause=rank_cause(policy.route, each, ordered)) for each in ordered),
        refused=tuple(excluded),
        reasons=reasons(policy, ordered, candidates),
    )
