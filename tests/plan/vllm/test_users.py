"""More users never get a better model: whom one machine does not hold takes another such machine."""

from __future__ import annotations

from typing import Any

import pytest

from r1plan.cli.options.machine import machine_from_options
from r1plan.plan.choice.merit import first_lost
from r1plan.plan.choice.patience import context_for
from r1plan.plan.pins import Pins
from r1plan.plan.plan import Plan
from r1plan.plan.reasons import Difference, RanksBelow
from r1plan.plan.serving.option import ServingOption
from r1plan.plan.serving.rank import option_merit
from r1plan.plan.vllm.planner import VllmPlanner
from r1plan.plan.workload import Workload
from tests.plan.catalogue import CATALOGUE

USERS = (1, 2, 13, 50, 100, 200, 300, 500, 2_000, 1_000_000)


def planned(card: str, users: int, **asked: Any) -> Plan[ServingOption]:
    pins = {name: asked.pop(name) for name in ("context", "model", "quant") if name in asked}
    workload = Workload(users=users, **asked)
    return VllmPlanner().plan(machine_from_options(gpu=[card]), CATALOGUE, workload, Pins(slots=users, **pins))


@pytest.mark.parametrize(
    ("card", "asked"),
    [
        ("h200-sxm-141gb:8", {}),
        ("h100-sxm-80gb:2", {}),
        ("rtx-4090", {}),
        ("h200-sxm-141gb:8", {"objective": "speed"}),
        ("h100-sxm-80gb:2", {"slo_tok_s": 30.0}),
    ],
)
def test_more_users_never_get_a_better_model_or_a_context_that_cuts_answers_off(
    card: str, asked: dict[str, Any]
) -> None:
    before = float("inf")
    for users in USERS:
        choice = planned(card, users, **asked).choice
        if choice is None:
            assert "slo_tok_s" in asked
            before = -1.0
            continue
        index = choice.quality.index if option_merit(choice, Workload(**asked)).within else 0.0
        assert index <= before, users
        assert choice.fits
        assert choice.context >= context_for(Workload(), choice.quality.thinking_over_r1)
        assert choice.users >= choice.users_wanted
        assert choice.users_wanted <= users
        before = index


def test_an_asked_context_is_held_however_many_users_there_are() -> None:
    choice = planned("h200-sxm-141gb:8", 10_000, context=4_096, model="R1-Distill-Qwen-32B", quant="FP8").choice
    assert choice is not None
    assert choice.fits
    assert (choice.context, choice.users_wanted < 10_000) == (4_096, True)


def test_one_machine_is_filled_before_another_is_taken() -> None:
    few, many = (planned("h100-sxm-80gb", users, model="R1-Distill-Qwen-7B", quant="FP8") for users in (20, 5_000))
    assert few.choice is not None
    assert many.choice is not None
    assert few.choice.users_wanted == 20
    assert many.choice.users_wanted == many.choice.settings.sequences
    most = many.choice.memory
    assert most.needed_bytes(many.choice.wanted_context, many.choice.users_wanted) <= most.allowed_bytes


def test_slots_are_of_one_machine_and_the_context_gives_way() -> None:
    pins = Pins(slots=100, model="R1-Distill-Qwen-32B", quant="FP8")
    choice = VllmPlanner().plan(machine_from_options(gpu=["h100-sxm-80gb"]), CATALOGUE, Workload(), pins).choice
    assert choice is not None
    assert choice.users_wanted == 100


def test_what_ranks_below_says_in_which_field_of_the_rule_it_loses() -> None:
    pins = Pins(slots=50)
    answer = VllmPlanner().plan(machine_from_options(gpu=["h200-sxm-141gb:8"]), CATALOGUE, Workload(), pins)
    assert answer.choice is not None
    below = [each.cause.difference for each in answer.rejected if isinstance(each.cause, RanksBelow)]
    below += [each.why for each in answer.alternatives if isinstance(each.why, Difference)]
    higher = [each for each in below if each.quality_points > 0]
    assert all(each.loses_in is not None for each in higher)
    for each in answer.alternatives:
        if isinstance(each.why, Difference):
            merits = (option_merit(option, Workload()) for option in (each, answer.choice))
            assert each.why.loses_in == first_lost(*merits)
