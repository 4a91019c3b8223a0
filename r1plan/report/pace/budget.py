"""How much of a budget is used, and when it was or would be used up. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

from r1plan.report.pace.forecast import SpendPace, reached_on
from r1plan.report.pace.quarters import QuarterSpend
from r1plan.report.period import Period


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetUse:
    """`spent_usd` of `budget_usd` is used for certain, `at_least_usd` where each uncertain request cost its least.

    `at_most_usd` is used where each cost the most that it can; None: nobody knows that. `exceeded_on` is the day on
    which more than the budget was spent for certain, `expected_on` the one on which that is to be expected, and
    `chance` how likely it is at the end of the period, both where the period runs and its pace is known.
    """

    budget_usd: Decimal
    spent_usd: Decimal
    at_least_usd: Decimal
    at_most_usd: Decimal | None
    exceeded_on: date | None = None
    expected_on: date | None = None
    chance: float | None = None

    @property
    def is_over(self) -> bool:
        """Whether more than the budget was spent, however little the uncertain requests cost."""
        return self.at_least_usd > self.budget_usd

    @property
    def may_be_over(self) -> bool:
        """Whether it was if what is uncertain cost its most."""
        return self.at_most_usd is None or self.at_most_usd > self.budget_usd


def budget_use(
    budget_usd: Decimal,
    spent_usd: Decimal,
    at_least_usd: Decimal,
    at_most_usd: Decimal | None,
    quarters: Sequence[QuarterSpend],
    period: Period,
    pace: SpendPace | None,
) -> BudgetUse:
    """What `budget_usd` has seen of `spent_usd`, which came in `quarters`; the bounds hold what is uncertain."""
    expected_on = chance = None
    if pace is not None and pace.totals_usd and at_least_usd <= budget_usd:
        expected_on = reached_on(quarters, pace, period, budget_usd)
        within = bisect_right(pace.totals_usd, float(budget_usd))
        chance = 1 - within / len(pace.totals_usd)
    return BudgetUse(
        budget_usd=budget_usd,
        spent_usd=spent_usd,
        at_least_usd=at_least_usd,
        at_most_usd=at_most_usd,
        exceeded_on=_exceeded_on(budget_usd, quarters, period),
        expected_on=expected_on,
        chance=chance,
    )


def _exceeded_on(budget_usd: Decimal, quarters: Sequence[QuarterSpend], period: Period) -> date | None:
    spent = Decimal(0)
    for each in quarters:
        spent += each.usd
        if spent > budget_usd:
            return each.at.astimezone(ZoneInfo(period.timezone)).date()
    return None
