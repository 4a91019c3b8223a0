"""Electricity, in one place for every engine."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from r1plan.plan.energy import running_cost
from r1plan.plan.workload import Workload
from tests.plan.catalogue import card

WORK = Workload(power_usd_per_kwh=0.5, requests_per_day=10, input_tokens=1_000, thinking_tokens=4_000, answer_tokens=0)


def test_a_million_tokens_and_a_month_are_priced_at_the_cards_limits() -> None:
    cost = running_cost([card(24, watts=300), card(24, watts=60)], WORK, 10.0, 100.0)
    assert cost.watts == 360
    # 360 W for 100,000 s are 10 kWh; for 410 s a request, 10 a day, 30.44 days: 12.48 kWh.
    assert cost.usd_per_mtok_output == Decimal("5.0000")
    assert cost.usd_per_month == Decimal("6.2402")


def test_prompts_cost_nothing_where_their_speed_is_not_predicted_or_all_is_cached() -> None:
    cards = [card(24)]
    unknown = running_cost(cards, WORK, 10.0, None).usd_per_month
    assert unknown == running_cost(cards, replace(WORK, cache_hit_share=1.0), 10.0, 100.0).usd_per_month
    dearer = running_cost(cards, WORK, 10.0, 100.0).usd_per_month
    assert unknown is not None
    assert dearer is not None
    assert unknown < dearer


@pytest.mark.parametrize(
    ("watts", "price"),
    [((300.0, None), 0.5), ((), 0.5), ((300.0,), None)],
    ids=["a card's limit is unknown", "no card", "no price"],
)
def test_what_is_unknown_stays_unknown(watts: tuple[float | None, ...], price: float | None) -> None:
    cards = [card(24, watts=each) for each in watts]
    cost = running_cost(cards, replace(WORK, power_usd_per_kwh=price), 10.0, None)
    assert cost.usd_per_mtok_output is None
    assert cost.usd_per_month is None
    assert cost.basis is None
