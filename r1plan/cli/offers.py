"""What the same work costs by the token, in the month from now on."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from r1plan.catalog.load import load_holidays, load_prices, load_providers
from r1plan.market.compare import ApiOffer, api_offers
from r1plan.market.month import WeightedUsage, month_hours
from r1plan.plan.month.thinking import OwnThinking
from r1plan.prices.book import PriceBook

if TYPE_CHECKING:
    from r1plan.plan.month.demand import Demand
    from r1plan.plan.workload import Workload


def current_offers(
    workload: Workload, own: OwnThinking | None = None, book: PriceBook | None = None
) -> tuple[ApiOffer, ...]:
    """Every seller's offer for `workload`, as on sale at this moment. `own`: what a log says of thinking.

    `book` None: the one of `dollar_book`.
    """
    from r1plan.plan.month.usages import usages_of

    demand, at = workload.demand or month_of(workload), datetime.now(UTC)
    hours = month_hours(demand.hour_shares, demand.timezone, at, demand.hours_basis)

    def usages(serves: str) -> Sequence[WeightedUsage]:
        return usages_of(demand, serves, own or OwnThinking())

    return api_offers(load_providers(), book or dollar_book(), usages, hours, demand.requests_per_day, at)


def dollar_book() -> PriceBook:
    """The price book in dollars; of accounts in another currency that is said. Raises UsageError for an unknown one."""
    lists = load_prices()
    _check_currencies({*load_providers(), *lists})
    return PriceBook(lists, load_holidays())


def _check_currencies(providers: Collection[str]) -> None:
    """Say of accounts in another currency that dollars are shown all the same. Raises UsageError for an unknown one."""
    from r1plan.prices.account import account_currencies, currency_variable
    from r1plan.render.output import note

    for provider, currency in sorted(account_currencies(providers, os.environ).items()):
        if currency != "USD":
            variable = currency_variable(provider)
            note(f"{variable}={currency}: what {provider} costs is taken from its list in dollars, to compare it.")


def month_of(workload: Workload, *, is_given: bool = False) -> Demand:
    """What `workload` asks in a month, on this computer's clock."""
    from r1plan.catalog.priors import load_priors
    from r1plan.cli.local_zone import local_zone
    from r1plan.plan.month.assumed import demand_of

    return demand_of(workload, load_priors(), local_zone(), is_given=is_given)
