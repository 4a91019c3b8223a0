"""An outlook of plain figures, for tests of how it is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import Any

from r1plan.catalog.load import load_holidays, load_prices, load_providers
from r1plan.market.compare import ApiOffer, api_offers
from r1plan.market.month import month_hours
from r1plan.plan.capacity.capacity import Capacity, Limits, Percentiles
from r1plan.plan.cost.own import MonthBill, OwnCost
from r1plan.plan.cost.terms import OwnTerms
from r1plan.plan.month.demand import HOURS_A_WEEK, Demand, RequestLength
from r1plan.plan.month.usages import usages_at
from r1plan.plan.outlook.option_outlook import OptionOutlook
from r1plan.plan.outlook.outlook import Outlook
from r1plan.plan.speed import Range
from r1plan.prices.book import PriceBook

CAPACITY = Capacity(
    concurrency=4,
    decode_tok_s_total=Range(80.0, 120.0, 160.0),
    decode_tok_s_each=Range(20.0, 30.0, 40.0),
    requests_per_day=316.0,
    flat_out_per_day=900.0,
    machines_needed=1,
    limit="patience",
    ttft_s=Percentiles(0.4, 12.0),
    ttft_limit_s=600.0,
    busy_share=0.18,
    at_once=1.4,
    utilisation=0.11,
    knee=4,
    knee_limit="gpu bandwidth",
    basis="assumed",
)
COST = OwnCost(
    kind="electricity",
    usd_per_mtok_output=Decimal("1.50"),
    usd_per_mtok_flat_out=Decimal("0.60"),
    usd_per_month=Decimal("12.40"),
    usd_per_month_of_machines_needed=Decimal("12.40"),
    machines_needed=1,
    bill=MonthBill(1, 0.0, 0.0, 4.0, 8.4),
    watts_busy=400.0,
    watts_idle=60.0,
    basis="assumed",
    source="--power-price",
)
DEMAND = Demand(
    lengths=(RequestLength(1_000, 0, 4_700, 700, 1.0),),
    hour_shares=(1 / HOURS_A_WEEK,) * HOURS_A_WEEK,
    timezone="UTC",
    requests_per_day=100.0,
    basis="given",
    hours_basis="assumed",
)


def outlook(
    asked: float | None = 100.0,
    limits: Limits | None = None,
    cost: OwnCost = COST,
    **changed: Any,
) -> Outlook:
    """One of a single option for so many requests a day; its capacity is CAPACITY but for what is `changed`."""
    capacity = replace(CAPACITY, **changed)
    demand = replace(DEMAND, requests_per_day=asked)
    option = OptionOutlook(
        option_id="R1-Distill-Qwen-32B:Q4_K_M", cards=(), draw=None, thinking_over_r1=1.0, capacity=capacity, cost=cost,
        answer_usd=None,
    )  # fmt: skip
    against = next(each for each in offers(asked) if each.provider == "deepseek")
    return Outlook(
        demand=demand, limits=limits or Limits(), terms=OwnTerms(kind=cost.kind), options=(option,), against=against
    )


@cache
def offers(requests_per_day: float | None) -> tuple[ApiOffer, ...]:
    """What is on sale on a day of the price list."""
    at = datetime(2026, 11, 2, tzinfo=UTC)
    hours = month_hours(DEMAND.hour_shares, "UTC", at, "assumed")
    book = PriceBook(load_prices(), load_holidays())
    return api_offers(load_providers(), book, lambda _: usages_at(DEMAND.lengths), hours, requests_per_day, at)
