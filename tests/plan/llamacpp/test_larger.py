"""Why a large machine gets a small model."""

from __future__ import annotations

from dataclasses import replace

import pytest

from r1plan.cli.options.machine import machine_from_options
from r1plan.hardware.machine import Machine
from r1plan.plan.answer import answer_seconds
from r1plan.plan.choice.chosen import Chosen
from r1plan.plan.choice.patience import patience_min
from r1plan.plan.workload import Objective, Workload
from r1plan.render.plan.choice_words import patience_taking
from r1plan.render.plan.summary import larger_line
from r1plan.units import S_A_MINUTE
from tests.plan.catalogue import card, machine, plan, reason


def unified(ids: str, ram: float) -> Machine:
    return machine_from_options(gpu=[ids], ram=ram)


@pytest.mark.parametrize(
    ("on", "objective", "model"),
    [
        pytest.param(unified("strix-halo", 128), "balanced", "R1-Distill-Llama-70B", id="a Strix Halo"),
        pytest.param(unified("m4-max-40c", 128), "speed", "R1-Distill-Qwen-14B", id="an M4 Max in a hurry"),
        pytest.param(machine(card(24), ram=64), "balanced", "R1-Distill-Llama-70B", id="a card and RAM"),
    ],
)
def test_a_better_model_that_fits_is_told_with_the_patience_that_takes_it(
    on: Machine, objective: Objective, model: str
) -> None:
    workload = Workload(objective=objective)
    answer = plan(on, workload)
    larger, choice = answer.larger, answer.choice
    assert larger is not None
    assert choice is not None
    assert larger.model.id == model
    assert larger.fits
    assert larger.quality.index > choice.quality.index
    takes = answer_seconds(larger, workload)
    assert takes > patience_min(workload) * S_A_MINUTE
    assert isinstance(choice.why, Chosen)
    assert choice.why.better is not None
    assert (choice.why.better.id, choice.why.better.seconds) == (larger.id, takes)
    assert f"; {larger.id} would take " in reason(choice)
    longer = replace(workload, patience_min=patience_taking(takes))
    assert larger_line(answer).endswith(f" an answer (--patience {longer.patience_min:g}).")
    patient = plan(on, longer).choice
    assert patient is not None
    assert patient.quality.index >= larger.quality.index


@pytest.mark.parametrize(
    "on",
    [
        pytest.param(unified("h100-sxm-80gb:8", 1024), id="the best is chosen"),
        pytest.param(machine(card(4), ram=4), id="no better one fits"),
    ],
)
def test_where_no_better_model_fits_none_is_told(on: Machine) -> None:
    answer = plan(on)
    assert answer.choice is not None
    assert answer.larger is None
    assert larger_line(answer) == ""


@pytest.mark.parametrize("ram", [8, 16, 32, 64, 128, 512])
def test_it_is_never_worse_or_sooner_than_the_choice(ram: int) -> None:
    answer = plan(machine(card(12), ram=ram))
    assert answer.choice is not None
    if answer.larger is not None:
        assert answer.larger.quality.index > answer.choice.quality.index
        assert answer_seconds(answer.larger, Workload()) > answer_seconds(answer.choice, Workload())
        assert answer.larger.fits


@pytest.mark.parametrize(
    ("minutes", "asked"),
    [(0.2, 1), (1.0, 1), (1.01, 2), (19.2, 20), (20.0, 20), (20.5, 25), (71.0, 75)],
)
def test_the_patience_that_is_named_is_a_round_one_and_long_enough(minutes: float, asked: int) -> None:
    assert patience_taking(minutes * S_A_MINUTE) == asked
