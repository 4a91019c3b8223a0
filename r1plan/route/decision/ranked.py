"""One candidate of a decision with all that was worked out of it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from r1plan.prices.book import PriceBook
from r1plan.route.decision.candidate import Candidate
from r1plan.route.decision.cause import ExclusionCause, FirstBecause, RankCause
from r1plan.route.forecast.cost import CostForecast, cost_forecast
from r1plan.route.forecast.forecast import Forecast, PromptFacts, forecast
from r1plan.route.forecast.statistics import LogStatistics


@dataclass(frozen=True, slots=True, kw_only=True)
class RankedCandidate:
    """A candidate that may be asked, and why it stands where it does among the others."""

    candidate: Candidate
    forecast: Forecast
    cost: CostForecast
    cause: RankCause = FirstBecause.ONLY

    @property
    def id(self) -> str:
        """The candidate's."""
        return self.candidate.id

    @property
    def expected_usd(self) -> Decimal:
        """What it costs on average."""
        return self.cost.expected_usd

    def excluded(self, cause: ExclusionCause) -> ExcludedCandidate:
        """The same, as one that must not be asked."""
        return ExcludedCandidate(candidate=self.candidate, cause=cause, forecast=self.forecast, cost=self.cost)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExcludedCandidate:
    """A candidate that must not be asked, and why; what was worked out of it before that was clear."""

    candidate: Candidate
    cause: ExclusionCause
    forecast: Forecast | None = None
    cost: CostForecast | None = None

    @property
    def id(self) -> str:
        """The candidate's."""
        return self.candidate.id


def ranked_candidate(
    ask: PromptFacts, candidate: Candidate, statistics: LogStatistics, book: PriceBook
) -> RankedCandidate | None:
    """What `ask` is expected to be and to cost at `candidate`; None when no price in dollars is known then."""
    price = None if candidate.is_local else book.price_at(*candidate.source, ask.at, ask.estimated_input_tokens)
    if not candidate.is_local and (price is None or price.currency != "USD"):
        return None
    each = forecast(ask, candidate, statistics, price.max_output_tokens if price else None)
    cost = cost_forecast(each, candidate, book)
    return None if cost is None else RankedCandidate(candidate=candidate, forecast=each, cost=cost)
