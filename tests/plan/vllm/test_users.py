"""Users at once choose nothing: whom one machine does not hold takes another. Slots are of one machine."""

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

USERS = (2, 50, 300, 1_000_000)


def planned(card: str, users: int | None, **asked: Any) -> Plan[ServingOption]:
    return VllmPlanner().plan(machine_from_options(gpu=[card]), CATALOGUE, Workload(users=users, **asked), Pins())


@pytest.mark.parametrize(
    ("card", "asked"),
    [
        ("h200-sxm-141gb:8", {}),
        ("rtx-4090", {}),
        ("h200-sxm-141gb:8", {"objective": "speed"}),
        ("h100-sxm-80gb:2", {"slo_tok_s": 30.0}),
    ],
)
def test_users_choose_nothing_and_each_has_room_for_most_answers(card: str, asked: dict[str, Any]) -> None:
    alone = planned(card, None, **asked).choice
    assert alone is not None
    assert alone.context >= context_for(Workload(), alone.quality.thinking_over_r1)
    for users in USERS:
        assert planned(card, users, **asked).choice == alone, users


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
