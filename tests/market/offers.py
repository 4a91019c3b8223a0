"""What the sellers of our own files ask for a workload."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from r1plan.catalog.load import load_holidays, load_prices, load_providers
from r1plan.catalog.priors import load_priors
from r1plan.market.compare import ApiOffer, api_offers
from r1plan.market.month import month_hours
from r1plan.market.sellers import Seller, sellers
from r1plan.plan.month.assumed import demand_of
from r1plan.plan.month.thinking import thinking_times
from r1plan.plan.month.usages import usages_at
from r1plan.plan.quality import thinking_over_r1
from r1plan.plan.workload import Workload
from r1plan.prices.book import PriceBook

BOOK = PriceBook(load_prices(), load_holidays())
PROVIDERS = load_providers()
PRIORS = load_priors()


def offers_for(
    workload: Workload, at: datetime, longer: Mapping[str, float] | None = None, timezone: str = "UTC"
) -> tuple[ApiOffer, ...]:
    """The offers of the month from `at` on. `longer`: how long models think over R1; None: as published."""
    demand = demand_of(workload, PRIORS, timezone)

    def over_r1(serves: str) -> float:
        return thinking_over_r1(serves) if longer is None else longer.get(serves, 1.0)

    return api_offers(
        PROVIDERS,
        BOOK,
        lambda serves: usages_at(thinking_times(demand.lengths, over_r1(serves))),
        month_hours(demand.hour_shares, timezone, at, demand.hours_basis),
        workload.requests_per_day,
        at,
    )


def sellers_for(workload: Workload, at: datetime, timezone: str = "UTC") -> tuple[Seller, ...]:
    """The sellers of the same month, as they are compared."""
    demand = demand_of(workload, PRIORS, timezone)
    hours = month_hours(demand.hour_shares, timezone, at, demand.hours_basis)
    return sellers(
        BOOK,
        PROVIDERS,
        lambda serves: usages_at(thinking_times(demand.lengths, thinking_over_r1(serves))),
        hours,
        workload.requests_per_day,
        at,
    )
