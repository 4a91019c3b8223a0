"""Electricity, in one place for every engine."""

from __future__ import annotations

import pytest

from r1plan.plan.cost.option_draw import power_drawn
from r1plan.plan.cost.power import DrawReading
from tests.plan.catalogue import card


def test_cards_at_work_draw_what_their_limits_and_the_desktop_around_them_say() -> None:
    draw = power_drawn([card(24, watts=300), card(24, watts=60)], "gpu bandwidth")
    assert draw is not None
    # Both cards idle at a twentieth of their limits and add 0.8 of the rest; the desktop around them draws 75 W.
    assert draw.busy_w == pytest.approx(0.81 * 360 + 75)
    assert draw.basis == "assumed"


def test_what_is_unknown_stays_unknown() -> None:
    assert power_drawn([card(24, watts=300), card(24, watts=None)], "gpu bandwidth") is None


def test_a_processor_alone_draws_what_a_desktop_does() -> None:
    assert power_drawn([], "processor cores") is not None


def test_cards_that_work_in_turn_draw_less() -> None:
    together, turns = (power_drawn([card(24), card(24)], "gpu bandwidth", in_turn=each) for each in (False, True))
    assert together is not None
    assert turns is not None
    assert turns.busy_w < together.busy_w


def test_a_reading_of_the_same_work_counts_in_place_of_what_is_assumed() -> None:
    read = power_drawn([card(24)], "gpu bandwidth", DrawReading(200.0, "nvml"))
    assert read is not None
    assert (read.busy_w, read.basis) == (275.0, "measured here")
