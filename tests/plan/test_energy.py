"""Electricity, in one place for every engine."""

from __future__ import annotations

from dataclasses import replace

import pytest

from r1plan.plan.energy import running_cost
from r1plan.plan.workload import Workload
from tests.plan.catalogue import card

WORK = Workload(power_usd_per_kwh=0.5, requests_per_day=10, input_tokens=1_000, thinking_tokens=4_000, answer_tokens=0)


def test_a_million_tokens_and_a_month_are_priced_at_what_the_machine_draws_at_work() -> None:
    cost = running_cost([card(24, watts=300), card(24, watts=60)], WORK, 10.0, 100.0, "gpu bandwidth")
    # Both cards idle at a twentieth of their limits and add 0.8 of the rest; the desktop around them draws 75 W.
    watts = 0.81 * 360 + 75
    assert cost.watts == pytest.approx(watts)
    assert cost.usd_per_mtok_output is not None
    assert float(cost.usd_per_mtok_output) == pytest.approx(watts / 1000 * 100_000 / 3600 * 0.5, abs=1e-4)
    # 410 s a request, 10 a day, 30.44 days.
    assert cost.usd_per_month is not None
    assert float(cost.usd_per_month) == pytest.approx(watts / 1000 * 410 / 3600 * 304.4 * 0.5, abs=1e-4)
    assert cost.basis == "assumed"


def test_prompts_cost_nothing_where_their_speed_is_not_predicted_or_all_is_cached() -> None:
    cards = [card(24)]
    unknown = running_cost(cards, WORK, 10.0, None, "disk").usd_per_month
    assert unknown == running_cost(cards, replace(WORK, cache_hit_share=1.0), 10.0, 100.0, "disk").usd_per_month
    dearer = running_cost(cards, WORK, 10.0, 100.0, "disk").usd_per_month
    assert unknown is not None
    assert dearer is not None
    assert unknown < dearer


@pytest.mark.parametrize(
    ("watts", "price"),
    [((300.0, None), 0.5), ((300.0,), None), ((), None)],
    ids=["a card's limit is unknown", "no price", "no price of a processor's power"],
)
def test_what_is_unknown_stays_unknown(watts: tuple[float | None, ...], price: float | None) -> None:
    cards = [card(24, watts=each) for each in watts]
    cost = running_cost(cards, replace(WORK, power_usd_per_kwh=price), 10.0, None, "gpu bandwidth")
    assert cost.usd_per_mtok_output is None
    assert cost.usd_per_month is None
    assert cost.basis is None


def test_cards_that_work_in_turn_cost_less() -> None:
    together, turns = (
        running_cost([card(24), card(24)], WORK, 10.0, None, "gpu bandwidth", in_turn=each) for each in (False, True)
    )
    assert together.usd_per_month is not None
    assert turns.usd_per_month is not None
    assert turns.usd_per_month < together.usd_per_month
