"""What a month's requests cost by the token at one seller, hour by hour of its price list, as a mean of a request."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from r1plan.catalog.price import Currency
from r1plan.plan.cost.own import output_tokens
from r1plan.plan.month.demand import Demand
from r1plan.prices.book import PriceBook
from r1plan.prices.cost import TokenRates


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiPrice:
    """The price of one model at one seller, for requests of which `peak_share` fall into the hours of `peak`.

    `base` holds at all other hours; `peak` None: at all. `thinking_over_r1` is how many times as long as R1 the model
    thinks. `usd_per_request` is what the month's requests were found to cost on average, where a calendar says it
    better than the shares do. `next_base` and `next_peak` are what holds from `next_at` on, where a change is known.
    """

    provider: str
    model: str
    base: TokenRates
    peak: TokenRates | None = None
    peak_share: float = 0.0
    thinking_over_r1: float = 1.0
    currency: Currency = "USD"
    usd_per_request: Decimal | None = None
    next_at: datetime | None = None
    next_base: TokenRates | None = None
    next_peak: TokenRates | None = None

    def mean_usd(self, demand: Demand, peak_share: float | None = None) -> float:
        """What a request of `demand` costs on average, by the rates alone; at another `peak_share`, if given."""
        share = self.peak_share if peak_share is None else peak_share
        return _mean_usd(demand, self.thinking_over_r1, self.base, self.peak, share)

    def next_times(self, demand: Demand) -> float | None:
        """How many times as much a request costs after the next known change; None: none is known."""
        now = self.mean_usd(demand)
        if self.next_base is None or not now:
            return None
        return _mean_usd(demand, self.thinking_over_r1, self.next_base, self.next_peak, self.peak_share) / now


def api_price(
    book: PriceBook,
    provider: str,
    model: str,
    at: datetime,
    *,
    peak_share: float,
    thinking_over_r1: float = 1.0,
    usd_per_request: Decimal | None = None,
) -> ApiPrice | None:
    """The price of `model` at `provider` in the row that holds at the aware instant `at`; None where none does."""
    row = next((each for each in book.schedules(provider, model) if each.start <= at < each.until), None)
    if row is None:
        return None
    follows = row.until < datetime.max.replace(tzinfo=UTC)
    then = next((each for each in book.schedules(provider, model) if each.start <= row.until < each.until), None)
    return ApiPrice(
        provider=provider,
        model=model,
        base=row.base.per_token,
        peak=row.clock[0].price.per_token if row.clock else None,
        peak_share=peak_share,
        thinking_over_r1=thinking_over_r1,
        currency=row.base.currency,
        usd_per_request=usd_per_request,
        next_at=row.until if follows and then else None,
        next_base=then.base.per_token if follows and then else None,
        next_peak=then.clock[0].price.per_token if follows and then and then.clock else None,
    )


def _mean_usd(
    demand: Demand, thinking_over_r1: float, base: TokenRates, peak: TokenRates | None, peak_share: float
) -> float:
    fresh = sum(each.share * each.prompt_tokens for each in demand.lengths)
    cached = sum(each.share * each.cache_hit_tokens for each in demand.lengths)
    output = output_tokens(demand, thinking_over_r1)

    def usd(rates: TokenRates) -> float:
        return fresh * float(rates.miss) + cached * float(rates.hit) + output * float(rates.output)

    return usd(base) if peak is None else (1 - peak_share) * usd(base) + peak_share * usd(peak)
