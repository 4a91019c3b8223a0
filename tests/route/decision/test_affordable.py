"""What a monthly budget no longer lets through, to the last millionth of a dollar."""

from __future__ import annotations

from decimal import Decimal

import pytest

from r1plan.catalog.budgets import Budgets
from r1plan.ledger.month_sum import MonthSpending
from r1plan.route.decision.affordable import too_dear
from r1plan.route.decision.cause import OverAllowance
from r1plan.route.decision.decide import decide
from tests.route.decision.test_decide import AWAY, CHEAPEST, HOME, TWO
from tests.route.worlds import ask, here, log

RANKED = decide(ask(), [HOME, AWAY, here(watts=2000.0)], log(), TWO, CHEAPEST, {}).ranked
FIRST = RANKED[0]
DUST = Decimal("1e-12")


@pytest.mark.parametrize(
    ("limit_usd", "is_out"), [(FIRST.cost.p90_usd, False), (FIRST.cost.p90_usd - DUST, True)], ids=["all of it", "less"]
)
def test_one_is_out_when_its_p90_is_more_than_is_left(limit_usd: Decimal, is_out: bool) -> None:
    budgets = Budgets(providers={FIRST.candidate.provider: limit_usd})
    found = too_dear(RANKED, budgets, MonthSpending(), None, None)
    assert [each for each, _ in found] == ([FIRST] if is_out else [])


def test_a_model_here_needs_money_only_where_its_electricity_has_a_price() -> None:
    budgets = Budgets(monthly_usd=DUST)
    nothing, tariffs = MonthSpending(), (None, Decimal("0.3"))
    ids = [[each.id for each, _ in too_dear(RANKED, budgets, nothing, None, tariff)] for tariff in tariffs]
    assert set(ids[1]) - set(ids[0]) == {each.id for each in RANKED if each.candidate.is_local}


def test_what_is_out_keeps_its_figures() -> None:
    ((each, allowance),) = too_dear([FIRST], Budgets(monthly_usd=DUST), MonthSpending(), None, None)
    found = each.excluded(OverAllowance(allowance, each.cost.p90_usd))
    assert (found.id, found.cost, found.forecast) == (FIRST.id, FIRST.cost, FIRST.forecast)
    assert found.cause == OverAllowance(allowance, FIRST.cost.p90_usd)
