"""Why a large machine gets a small model."""

from __future__ import annotations

import pytest

from r1plan.cli.options.machine import machine_from_options
from r1plan.hardware.machine import Machine
from r1plan.plan.answer import answer_time
from r1plan.plan.workload import Workload
from tests.plan.catalogue import card, machine, plan


def unified(ids: str, ram: float) -> Machine:
    return machine_from_options(gpu=[ids], ram=ram)


@pytest.mark.parametrize(
    ("on", "model"),
    [
        pytest.param(unified("strix-halo", 128), "R1-Distill-Llama-70B", id="a Strix Halo"),
        pytest.param(unified("m4-max-40c", 128), "R1-Distill-Llama-70B", id="an M4 Max"),
        pytest.param(machine(card(24), ram=64), "R1-Distill-Llama-70B", id="a card and RAM"),
    ],
)
def test_the_largest_model_that_fits_is_told_with_how_long_it_takes(on: Machine, model: str) -> None:
    answer = plan(on)
    larger, choice = answer.larger, answer.choice
    assert larger is not None
    assert choice is not None
    assert larger.model.id == model
    assert larger.fits
    assert larger.quality.index > choice.quality.index
    times = [answer_time(option, Workload()) for option in (choice, larger)]
    assert times[0] is not None
    assert times[1] is not None
    assert times[0].p50_s < times[1].p50_s


@pytest.mark.parametrize(
    "on",
    [
        pytest.param(unified("h100-sxm-80gb:8", 1024), id="the largest is chosen"),
        pytest.param(machine(card(4), ram=4), id="no larger one fits"),
    ],
)
def test_where_no_larger_and_better_model_fits_none_is_told(on: Machine) -> None:
    answer = plan(on)
    assert answer.choice is not None
    assert answer.larger is None


@pytest.mark.parametrize("ram", [8, 12, 16, 24, 32, 48, 64, 96, 128, 256, 512])
def test_it_is_never_smaller_or_worse_than_the_choice(ram: int) -> None:
    answer = plan(machine(card(12), ram=ram))
    assert answer.choice is not None
    if answer.larger is not None:
        assert answer.larger.model.params > answer.choice.model.params
        assert answer.larger.quality.index > answer.choice.quality.index
        assert answer.larger.fits
