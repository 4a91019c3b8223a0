"""When to send a request that may wait: at the hour whose price makes it cheapest, and what waiting risks. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from r1plan.catalog.policy import PolicyLimits, Route
from r1plan.prices.book import PriceBook
from r1plan.prices.intervals import price_edges
from r1plan.route.decision.candidate import Candidate
from r1plan.route.decision.cause import ColderCache, CostOfNow, DeferralRisk, DoubtedPrice, MayBeLate
from r1plan.route.decision.decide import Decision, decide
from r1plan.route.decision.ranked import RankedCandidate
from r1plan.route.forecast.forecast import PromptFacts
from r1plan.route.forecast.statistics import LogStatistics

_FURTHEST = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deferral:
    """When to send, by when there should be an answer, and what that is worth.

    `send_at` is the ask's own instant when waiting saves nothing. `saving_usd` is the expected cost then against now.
    `late_chance` is the chance that the answer is not there by `by`. `risks` say what may go wrong by waiting.
    """

    by: datetime
    send_at: datetime
    decision: Decision
    saving_usd: Decimal
    late_chance: float
    risks: tuple[DeferralRisk, ...]

    @property
    def is_worth_it(self) -> bool:
        """Whether waiting saves anything."""
        return self.saving_usd > 0


def defer(
    ask: PromptFacts,
    by: datetime,
    candidates: Sequence[Candidate],
    statistics: LogStatistics,
    book: PriceBook,
    route: Route,
    routes: Mapping[str, Route],
    limits: PolicyLimits | None = None,
) -> Deferral | None:
    """The cheapest instant from `ask.at` on to send so that nine in ten answers are there `by` then.

    Prices change at known instants only, so those are the ones that count. None when nobody may be asked now. Beyond a
    week nothing is looked at.
    """
    now = decide(ask, candidates, statistics, book, route, routes, limits)
    first = now.chosen
    if first is None:
        return None
    best, then, send_at = now, first, ask.at
    for at in _instants(ask.at, min(by, ask.at + _FURTHEST), candidates, book):
        later = decide(replace(ask, at=at), candidates, statistics, book, route, routes, limits)
        chosen = later.chosen
        if chosen is None or at + timedelta(seconds=chosen.forecast.p90_s) > by:
            continue
        if chosen.expected_usd < then.expected_usd:
            best, then, send_at = later, chosen, at
    late = _late_chance(then, send_at, by)
    risks = _risks(first, then, late) if send_at > ask.at else ()
    return Deferral(
        by=by,
        send_at=send_at,
        decision=best,
        saving_usd=first.expected_usd - then.expected_usd,
        late_chance=late,
        risks=risks,
    )


def _instants(since: datetime, until: datetime, candidates: Sequence[Candidate], book: PriceBook) -> list[datetime]:
    """When a price of any candidate may change."""
    edges = {
        edge
        for each in candidates
        if not each.is_local and since < until
        for edge in price_edges(book.schedules(*each.source), since, until)
    }
    return sorted(edge for edge in edges if since < edge < until)


def _late_chance(chosen: RankedCandidate, at: datetime, by: datetime) -> float:
    """That the answer takes longer than there is time, or fails."""
    each = chosen.forecast
    left_s = (by - at).total_seconds()
    late = sum(atom.chance for atom in each.lengths.atoms if each.seconds(atom.total) > left_s)
    return min(1.0, late + each.failures.chance * (1 - late))


def _risks(first: RankedCandidate, then: RankedCandidate, late: float) -> tuple[DeferralRisk, ...]:
    risks: list[DeferralRisk] = [MayBeLate(late)]
    was, will_be = first.forecast.cache, then.forecast.cache
    if then.id == first.id and was.is_warm and will_be.chance < was.chance:
        risks.append(ColderCache(will_be.chance, was.chance))
    caveats = {caveat for period in then.cost.periods for caveat in period.price.caveats}
    return (*risks, *(DoubtedPrice(each) for each in sorted(caveats)), CostOfNow(first.expected_usd))
