"""Which candidates of a decision the monthly budgets still let through. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import TYPE_CHECKING

from r1plan.catalog.budgets import Budgets
from r1plan.route.decision.ranked import RankedCandidate
from r1plan.route.spending.budget import Allowance, allowances_of_month

if TYPE_CHECKING:
    from r1plan.ledger.month_sum import MonthSpending


def too_dear(
    ranked: Iterable[RankedCandidate],
    budgets: Budgets,
    spending: MonthSpending,
    project: str | None,
    power_usd_per_kwh: Decimal | None,
) -> list[tuple[RankedCandidate, Allowance]]:
    """Those of `ranked` whose p90 is more than a monthly budget leaves, each with that budget, in the same order.

    `spending` is the month's. As when it is sent, a model here needs money only where `power_usd_per_kwh` is given.
    """
    found = []
    for each in ranked:
        provider = each.candidate.provider
        if each.candidate.is_local and power_usd_per_kwh is None:
            continue
        for allowance in allowances_of_month(budgets, spending, each.forecast.at, provider, project):
            if each.cost.p90_usd > allowance.left_usd:
                found.append((each, allowance))
                break
    return found
