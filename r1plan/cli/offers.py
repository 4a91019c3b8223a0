"""What the same work costs by the token, now."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from r1plan.catalog.load import load_holidays, load_prices, load_providers
from r1plan.market.compare import ApiOffer, api_offers
from r1plan.prices.book import PriceBook

if TYPE_CHECKING:
    from r1plan.plan.workload import Workload
    from r1plan.prices.usage import Usage


def current_offers(workload: Workload) -> tuple[ApiOffer, ...]:
    """Every seller's offer for `workload` at this moment."""
    from r1plan.plan.quality import thinking_over_r1

    def usage_of(serves: str) -> Usage:
        return workload.usage_at(thinking_over_r1(serves))

    book = PriceBook(load_prices(), load_holidays())
    return api_offers(load_providers(), book, usage_of, workload.requests_per_day, datetime.now(UTC))
