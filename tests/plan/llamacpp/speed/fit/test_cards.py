"""The constants of cards beside the rows that they were fitted on, and beside rows of machines left out."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from math import exp, log
from pathlib import Path

import numpy as np
import pytest

from r1plan.plan.llamacpp.speed.cards import CardSpeed
from r1plan.plan.llamacpp.speed.constants import CONSTANTS, KINDS, SHARED
from r1plan.plan.llamacpp.speed.device_class import device_class, kinds_of
from r1plan.plan.llamacpp.speed.fit.cards import CardFit, fit_cards, predicted_seconds
from r1plan.plan.llamacpp.speed.fit.least_squares import Vector, solve
from r1plan.plan.llamacpp.speed.fit.parameters import card_parameters
from r1plan.plan.llamacpp.speed.fit.report import off
from r1plan.plan.llamacpp.speed.fit.rows import SpeedRow, measured_rows

MEASURED = Path(__file__).parents[4] / "measured"


@cache
def rows() -> list[SpeedRow]:
    return measured_rows(MEASURED)


@cache
def today() -> list[SpeedRow]:
    """Rows of builds like today's, without Vulkan on NVIDIA's cards, which the plan never chooses."""
    return [row for row in rows() if not row.era and not (row.backend == "vulkan" and row.card.vendor == "nvidia")]


@cache
def fit() -> CardFit:
    """A few steps from the constants as they are written, on tokens alone, which prompts say nothing of."""
    tokens = [row for row in rows() if not row.is_prompt]
    return fit_cards(tokens, np.array(card_parameters().logs(CONSTANTS)), steps=2)


@cache
def machines_left_out() -> Vector:
    return fit().left_out(lambda row: row.machine)


def by_constants() -> Vector:
    return np.array([log(predicted_seconds(row, CONSTANTS) / row.seconds) for row in today()])


def of_h200(is_prompt: bool) -> Callable[[SpeedRow], bool]:
    return lambda row: row.machine == "h200-sxm-141gb" and row.is_prompt == is_prompt


@pytest.mark.parametrize(
    ("vendor", "median", "high"),
    [("nvidia", 0.05, 0.10), ("apple", 0.04, 0.08), ("amd", 0.12, 0.25)],
)
def test_the_constants_are_near_the_rows_that_they_were_fitted_on(vendor: str, median: float, high: float) -> None:
    found = off(today(), by_constants(), lambda row: row.card.vendor == vendor and not row.is_prompt)
    assert found is not None
    assert found.median <= median
    assert found.high <= high


def test_a_machine_that_the_fit_was_not_shown_is_predicted_within_7_percent_at_the_median() -> None:
    of_fit, left_out = fit(), machines_left_out()

    def is_a_personal_machine(row: SpeedRow) -> bool:
        return not row.era and not row.is_prompt and not {"hbm", "intel"}.intersection(kinds_of(row.card))

    found = off(of_fit.rows, left_out, is_a_personal_machine)
    assert found is not None
    assert found.machines >= 25
    assert found.median <= 0.07
    assert found.high <= 0.25


def test_ranges_hold_nine_of_ten_machines_that_the_fit_was_not_shown() -> None:
    of_fit, left_out = fit(), machines_left_out()
    inside: dict[str, list[bool]] = {}
    for row, each in zip(of_fit.rows, left_out, strict=True):
        if not row.era and not row.is_prompt and "hopper" not in kinds_of(row.card):
            inside.setdefault(row.machine, []).append(abs(exp(each) - 1) <= device_class(row.card).spread)
    shares = [sum(each) / len(each) for each in inside.values()]
    assert 0.80 <= sum(shares) / len(shares) <= 0.97


def test_the_written_constants_are_what_the_rows_say() -> None:
    """Two more steps of the fit move no prediction by more than 2 %."""
    constants = fit().constants
    moved = [
        abs(log(predicted_seconds(row, constants) / predicted_seconds(row, CONSTANTS)))
        for row in today()
        if not row.is_prompt
    ]
    assert max(moved) <= 0.02


H200_QUANTS = sorted({row.quant for row in rows() if of_h200(False)(row)})


@pytest.mark.parametrize("quant", H200_QUANTS)
def test_no_type_is_read_more_than_a_tenth_too_fast_or_too_slow_on_an_h200(quant: str) -> None:
    found = off(today(), by_constants(), lambda row: of_h200(False)(row) and row.quant == quant)
    assert found is not None
    assert abs(found.bias) <= 0.10


@pytest.mark.parametrize(("is_prompt", "median", "high"), [(False, 0.05, 0.12), (True, 0.06, 0.15)])
def test_an_h200_is_near_its_readings_at_every_depth(is_prompt: bool, median: float, high: float) -> None:
    for least, most in ((0, 4_000), (4_000, 20_000), (20_000, 40_000)):

        def which(row: SpeedRow, least: int = least, most: int = most) -> bool:
            return of_h200(is_prompt)(row) and least <= row.depth < most

        found = off(today(), by_constants(), which)
        assert found is not None
        assert found.median <= median
        assert found.high <= high + 0.05 * (least > 0)


def test_every_kind_of_card_has_constants_and_each_constant_an_error() -> None:
    for row in rows():
        of = kinds_of(row.card)
        assert of[0] in KINDS
        assert CardSpeed(row.card).kind.efficiency <= 1.0
    assert all(0 < each.error <= 1 for of in KINDS.values() for each in of.values() if each.rows)
    assert all(each.value > 0 for each in SHARED.values())


def test_a_straight_line_is_found_with_its_errors_and_a_far_point_moves_it_little() -> None:
    x = np.linspace(0, 1, 40)
    y = 2 + 3 * x + 0.01 * np.sin(40 * x)
    y[7] += 5

    def residuals(at: Vector) -> Vector:
        return np.asarray(at[0] + at[1] * x - y)

    def changed(at: Vector, place: int, step: float) -> tuple[list[int], Vector]:
        there = at.copy()
        there[place] += step
        return list(range(40)), residuals(there)

    wide, noise = np.full(2, 10.0), np.full(40, 0.02)
    found = solve(residuals, changed, np.zeros(2), wide, noise, np.zeros(2))
    assert found.parameters == pytest.approx([2, 3], abs=0.02)
    assert found.without([7])[0] == pytest.approx(found.residuals[7], abs=0.01)
    assert all(0.002 < each < 0.02 for each in found.errors)


def test_what_nothing_says_stays_at_what_was_known_before() -> None:
    def residuals(at: Vector) -> Vector:
        return np.array([at[0] - 1.0])

    def changed(at: Vector, place: int, step: float) -> tuple[list[int], Vector]:
        return ([0], np.array([at[0] + step - 1.0])) if place == 0 else ([], np.array([]))

    found = solve(residuals, changed, np.array([0.0, 5.0]), np.ones(2), np.array([0.1]), np.array([0.0, 5.0]))
    assert found.parameters[1] == pytest.approx(5.0)
    assert found.parameters[0] == pytest.approx(1 / 1.01, abs=1e-6)
