"""What each objective chooses, and that whatever ranks lower has a reason that is said."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from r1plan.hardware.machine import Machine
from r1plan.plan.answer import answer_seconds
from r1plan.plan.choice.chosen import BeyondPatience
from r1plan.plan.choice.merit import Merit, first_lost, watt_hours
from r1plan.plan.choice.patience import MOST_WH_AN_ANSWER, PATIENCE_MIN
from r1plan.plan.llamacpp.option import Option
from r1plan.plan.plan import Plan, Rejection
from r1plan.plan.reasons import ContextTooLong, Difference, RanksBelow
from r1plan.plan.workload import Objective, Workload
from r1plan.render.plan.engines.llamacpp import LlamaCppView
from r1plan.render.plan.summary import rejected_line, short_standing_text
from r1plan.render.plan.words import difference_text
from tests.plan.catalogue import card, machine, plan, reason

OBJECTIVES: tuple[Objective, ...] = ("balanced", "quality", "speed", "cost")


def server(ram: float, gb_s: float, cores: int) -> Machine:
    on = machine(ram=ram, cores=cores)
    return replace(on, memory=replace(on.memory, bandwidth_gb_s=gb_s))


def h100s(number: int) -> Machine:
    cards = (card(80, index=i, bandwidth=3350.0, gpu_class="nvidia-datacentre", watts=700.0) for i in range(number))
    return machine(*cards, ram=1024)


MACHINES = {
    "4090": machine(card(24), ram=64),
    "8 GB laptop": machine(card(8, bandwidth=272.0, watts=100.0), ram=16),
    "two 3090 and a 3060": machine(
        card(24, bandwidth=936.0), card(24, index=1, bandwidth=936.0), card(12, index=2, bandwidth=360.0)
    ),
    "eight H100": h100s(8),
    "one H200 and slow RAM": machine(card(140, bandwidth=4800.0, gpu_class="nvidia-datacentre"), ram=126),
    "Mac with 64": machine(card(48, bandwidth=400.0, unified=True, watts=None), ram=64),
    "no card, 32 GB": machine(ram=32, cores=8),
    "EPYC with 768 GB": server(768, 460.8, 64),
}
CASES = [(name, objective) for name in MACHINES for objective in OBJECTIVES]


@cache
def answer_for(name: str, objective: Objective) -> Plan[Option]:
    return plan(MACHINES[name], Workload(objective=objective))


def reasons_against(each: Difference) -> list[bool]:
    """What can speak against an option that is better and faster."""
    return [each.loses_in is not None, each.coarser_cache, each.from_disk, (each.energy_ratio or 0) > 1]


@pytest.mark.parametrize(("name", "objective"), CASES)
def test_what_is_better_and_faster_ranks_lower_for_a_stated_reason_alone(name: str, objective: Objective) -> None:
    answer = answer_for(name, objective)
    assert answer.choice is not None
    below = [option.why for option in answer.alternatives]
    below += [each.cause.difference for each in answer.rejected if isinstance(each.cause, RanksBelow)]
    for why in below:
        assert isinstance(why, Difference)
        if why.quality_points > 0 and why.speed_ratio / why.thinking_ratio > 1:
            assert any(reasons_against(why)), why
            told = difference_text(why)
            assert any(word in told for word in ("energy", "disk", "coarser", "short", "not to be had")), told


@pytest.mark.parametrize(("name", "objective"), CASES)
def test_no_alternative_is_shown_above_one_that_beats_it_in_all(name: str, objective: Objective) -> None:
    shown, workload = answer_for(name, objective).alternatives, Workload(objective=objective)
    for place, one in enumerate(shown):
        for other in shown[place + 1 :]:
            assert (
                one.quality.index >= other.quality.index
                or one.tok_s >= other.tok_s
                or answer_seconds(one, workload) <= answer_seconds(other, workload)
                or one.context > other.context
                or one.context_max > other.context_max
            ), (one.id, other.id)


@pytest.mark.parametrize(("name", "objective"), CASES)
def test_all_that_is_offered_comes_within_the_patience_where_anything_does(name: str, objective: Objective) -> None:
    answer, workload = answer_for(name, objective), Workload(objective=objective)
    assert answer.choice is not None
    most = PATIENCE_MIN[objective] * 60
    slow = [each.cause for each in answer.rejected if isinstance(each.cause, BeyondPatience)]
    if answer_seconds(answer.choice, workload) <= most:
        assert all(answer_seconds(option, workload) <= most for option in answer.options)
    else:
        assert not slow
    for each in slow:
        assert each.patience_min == PATIENCE_MIN[objective]
        assert each.too_long or (each.wh or 0) > MOST_WH_AN_ANSWER


@pytest.mark.parametrize("name", MACHINES)
def test_more_patience_buys_quality(name: str) -> None:
    chosen = [answer_for(name, each).choice for each in ("speed", "balanced", "quality")]
    points = [option.quality.index for option in chosen if option is not None]
    assert len(points) == 3
    assert points == sorted(points)


@pytest.mark.parametrize("name", ["4090", "8 GB laptop", "two 3090 and a 3060", "eight H100"])
def test_cost_takes_no_more_energy_than_it_may(name: str) -> None:
    cheap, workload = answer_for(name, "cost").choice, Workload(objective="cost")
    balanced = answer_for(name, "balanced").choice
    assert cheap is not None
    assert balanced is not None
    assert watt_hours(cheap, workload) <= max(MOST_WH_AN_ANSWER, watt_hours(balanced, workload))


def test_where_the_power_of_cards_is_unknown_cost_has_no_price_and_takes_the_fastest_of_equals() -> None:
    on = machine(card(24, watts=None), ram=64)
    cost, balanced = (plan(on, Workload(objective=each)).choice for each in ("cost", "balanced"))
    assert cost is not None
    assert balanced is not None
    assert cost.model.id == balanced.model.id
    assert cost.tok_s >= balanced.tok_s


def test_models_too_short_for_the_asked_context_do_not_fit_and_rank_lower() -> None:
    answer = answer_for("4090", "balanced")
    refused = replace(answer, rejected=(Rejection("a", ContextTooLong(131_072)),))
    assert rejected_line(LlamaCppView(), refused).startswith("1 rejected: 1 cannot do it")


@pytest.mark.parametrize(
    ("worse", "lost"),
    [
        ({}, None),
        ({"pace": -50.0}, None),
        ({"pace": -70.0, "quality": 90.0}, None),
        ({"holds": 0.9, "quality": 90.0}, "holds"),
        ({"offered": False, "holds": 1.0, "quality": 90.0}, "offered"),
        ({"within": False, "quality": 0.0}, "within"),
        ({"quality": 49.0, "pace": -1.0}, "quality"),
        ({"pace": -61.0}, "pace"),
    ],
)
def test_the_field_that_is_named_is_the_first_in_which_an_option_falls_behind(
    worse: dict[str, Any], lost: str | None
) -> None:
    choice = Merit(True, 1.0, True, True, True, 60.0, True, False, 0, -60.0)
    other = choice._replace(**worse)
    assert first_lost(other, choice) == lost
    assert (lost is not None) == (other < choice)


@pytest.mark.parametrize("gib", [4.0, 5.3, 6.0, 8.0, 11.0])
def test_nothing_that_stands_behind_the_choice_is_called_better(gib: float) -> None:
    answer = plan(machine(card(gib, bandwidth=68.0), ram=8), Workload())
    assert answer.choice is not None
    for option in answer.alternatives:
        assert "better" not in short_standing_text(option.why).split(), option.id
        assert "better" not in reason(option).split(", "), option.id
