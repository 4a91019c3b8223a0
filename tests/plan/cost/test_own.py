"""The bill of a month, and what its tokens come to."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from r1plan.plan.cost.own import month_bill, own_cost
from r1plan.plan.cost.terms import OwnTerms
from r1plan.units import DAYS_A_MONTH
from tests.plan.cost.machines import BOUGHT, DRAW, POWER, RENTED, PaperCapacity, PaperServer, demand

SERVER = PaperServer(100.0, 2_000.0)
TERMS = pytest.mark.parametrize("terms", [RENTED, BOUGHT, POWER], ids=lambda each: each.kind)
any_terms = st.sampled_from([RENTED, BOUGHT, POWER])


@pytest.mark.parametrize(
    ("terms", "cards", "machines", "busy", "usd"),
    [
        pytest.param(RENTED, 1, 1, 0.0, 0.74 * 730.56, id="rented, never used"),
        pytest.param(RENTED, 8, 2, 1.0, 0.74 * 730.56 * 16, id="rented, two of eight cards"),
        pytest.param(POWER, 1, 1, 0.0, 0.08 * 730.56 * 0.19, id="idle all month"),
        pytest.param(POWER, 1, 1, 1.0, 0.5 * 730.56 * 0.19, id="at work all month"),
        pytest.param(POWER, 8, 3, 0.25, 3 * (0.25 * 0.5 + 0.75 * 0.08) * 730.56 * 0.19, id="three, a quarter at work"),
        pytest.param(BOUGHT, 1, 1, 0.0, 3000 / 36 + 0.08 * 730.56 * 0.19, id="bought"),
        pytest.param(BOUGHT, 1, 2, 1.0, 2 * (3000 / 36 + 0.5 * 730.56 * 0.19), id="two bought"),
    ],
)
def test_a_month_is_billed(terms: OwnTerms, cards: int, machines: int, busy: float, usd: float) -> None:
    bill = month_bill(terms, cards, DRAW, machines, busy)
    assert bill is not None
    assert bill.total_usd == pytest.approx(usd)
    assert bill.machines == machines


@pytest.mark.parametrize(
    "terms",
    [
        pytest.param(replace(RENTED, usd_per_gpu_hour=None), id="no rent"),
        pytest.param(replace(POWER, usd_per_kwh=None), id="no price of power"),
        pytest.param(replace(BOUGHT, usd_per_kwh=None), id="bought, no price of power"),
        pytest.param(replace(BOUGHT, purchase_usd=None), id="no purchase"),
        pytest.param(replace(BOUGHT, years=None), id="no years"),
    ],
)
def test_what_is_unknown_is_not_billed(terms: OwnTerms) -> None:
    assert month_bill(terms, 1, DRAW, 1, 0.5) is None
    cost = own_cost(1, DRAW, SERVER.of(demand(100.0)), demand(100.0), terms)
    assert (cost.usd_per_month, cost.usd_per_mtok_output, cost.usd_per_mtok_flat_out, cost.bill) == (None,) * 4


def test_unknown_power_leaves_a_rent_known() -> None:
    assert month_bill(RENTED, 1, None, 1, 0.5) is not None
    assert month_bill(POWER, 1, None, 1, 0.5) is None


@TERMS
def test_a_month_that_one_machine_cannot_serve_has_no_cost_of_one(terms: OwnTerms) -> None:
    asked = demand(5_000.0)
    cost = own_cost(1, DRAW, SERVER.of(asked), asked, terms)
    assert cost.usd_per_month is None
    assert cost.machines_needed == 3
    assert cost.bill is not None
    assert float(cost.usd_per_month_of_machines_needed or 0) == pytest.approx(cost.bill.total_usd, abs=1e-6)
    assert cost.bill.machines == 3


@TERMS
def test_work_that_no_machine_can_do_has_no_cost_at_all(terms: OwnTerms) -> None:
    cost = own_cost(1, DRAW, PaperCapacity(0.0, 10.0, None, None), demand(10.0), terms)
    assert cost.usd_per_month is None
    assert cost.usd_per_month_of_machines_needed is None
    assert cost.usd_per_mtok_output is None
    assert cost.usd_per_mtok_flat_out is None


@TERMS
def test_without_a_demand_there_is_no_month_and_tokens_cost_what_a_flat_out_month_says(terms: OwnTerms) -> None:
    cost = own_cost(1, DRAW, SERVER.of(demand()), demand(), terms)
    assert cost.usd_per_month is None
    assert cost.usd_per_mtok_output == cost.usd_per_mtok_flat_out is not None


@given(any_terms, st.floats(1, 1e6), st.integers(1, 16), st.floats(0.1, 5))
def test_cost_times_capacity_is_the_bill_of_a_flat_out_month(
    terms: OwnTerms, most: float, cards: int, thinking: float
) -> None:
    cost = own_cost(cards, DRAW, PaperCapacity(most / 2, most, None, None), demand(), terms, thinking)
    bill = month_bill(terms, cards, DRAW, 1, 1.0)
    assert bill is not None
    assert cost.usd_per_mtok_flat_out is not None
    mtok = most * DAYS_A_MONTH * (4_700 * thinking + 700) / 1e6
    assert float(cost.usd_per_mtok_flat_out) * mtok == pytest.approx(bill.total_usd, abs=1e-6 * mtok)


@given(any_terms, st.floats(0.1, 20_000), st.floats(0.1, 20_000))
def test_more_requests_never_cost_less_in_a_month_and_never_more_a_token_while_one_machine_serves(
    terms: OwnTerms, one: float, other: float
) -> None:
    less, more = sorted((one, other))
    few, many = (own_cost(1, DRAW, SERVER.of(demand(each)), demand(each), terms) for each in (less, more))
    assert few.usd_per_month_of_machines_needed is not None
    assert many.usd_per_month_of_machines_needed is not None
    cheapest_gap = Decimal("0.02")  # two machines idle a little more than one that does all
    assert many.usd_per_month_of_machines_needed >= few.usd_per_month_of_machines_needed - cheapest_gap
    if many.usd_per_month is not None and few.usd_per_mtok_output is not None and many.usd_per_mtok_output is not None:
        assert many.usd_per_mtok_output <= few.usd_per_mtok_output + Decimal("0.000002")


@given(any_terms, st.integers(1, 50), st.floats(0, 1))
def test_more_machines_never_cost_less(terms: OwnTerms, machines: int, busy: float) -> None:
    few, more = (month_bill(terms, 2, DRAW, each, busy) for each in (machines, machines + 1))
    assert few is not None
    assert more is not None
    assert more.total_usd > few.total_usd


def test_the_source_says_prices_and_power() -> None:
    asked = demand(100.0)
    served = SERVER.of(asked)
    assert own_cost(1, DRAW, served, asked, POWER).source == "a supplier; by hand"
    assert own_cost(1, DRAW, served, asked, RENTED).source == "a seller"
