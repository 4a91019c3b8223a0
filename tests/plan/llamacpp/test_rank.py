"""What each objective chooses, and that whatever ranks lower has a reason that is said."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest

from r1plan.hardware.machine import Machine
from r1plan.plan.llamacpp.option import Option
from r1plan.plan.llamacpp.rank import GOOD_ENOUGH_POINTS
from r1plan.plan.plan import Plan, Rejection
from r1plan.plan.reasons import Chosen, ContextTooLong, Difference, RanksBelow, TooSlow
from r1plan.plan.workload import LEAST_TOK_S, Objective, Workload
from r1plan.render.plan.llamacpp import LlamaCppView
from r1plan.render.plan.summary import rejected_line
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
    "no card, one core": machine(ram=64, cores=1),
    "EPYC with 768 GB": server(768, 460.8, 64),
}
CASES = [(name, objective) for name in MACHINES for objective in OBJECTIVES]


@cache
def answer_for(name: str, objective: Objective) -> Plan[Option]:
    return plan(MACHINES[name], Workload(objective=objective))


def answer_rate(option: Option) -> float:
    """Tokens a second with longer thinking counted."""
    return option.tok_s / option.quality.thinking_over_r1


def reasons_against(each: Difference) -> list[bool]:
    """What can speak against an option that is better and faster."""
    return [
        each.thinking_ratio > 1,
        (each.energy_ratio or 0) > 1,
        each.from_disk,
        each.settings_points > 0,
        each.context_tokens < 0,
    ]


@pytest.mark.parametrize(("name", "objective"), CASES)
def test_what_is_better_and_faster_ranks_lower_for_a_stated_reason_alone(name: str, objective: Objective) -> None:
    answer = answer_for(name, objective)
    assert answer.choice is not None
    below = [option.why for option in answer.alternatives]
    below += [each.cause.difference for each in answer.rejected if isinstance(each.cause, RanksBelow)]
    for why in below:
        assert isinstance(why, Difference)
        if why.quality_points > 0 and why.speed_ratio > 1:
            assert any(reasons_against(why)), why
        if why.quality_points >= 0.5 and why.speed_ratio >= 1.1:
            told = difference_text(why)
            assert any(word in told for word in ("thinks", "energy", "disk", "coarser", "shorter")), told


@pytest.mark.parametrize(("name", "objective"), CASES)
def test_no_alternative_is_shown_above_one_that_beats_it_in_all(name: str, objective: Objective) -> None:
    shown = answer_for(name, objective).alternatives
    for place, one in enumerate(shown):
        for other in shown[place + 1 :]:
            assert (
                one.quality.index >= other.quality.index
                or one.tok_s >= other.tok_s
                or answer_rate(one) >= answer_rate(other)
                or one.context > other.context
                or one.context_max > other.context_max
            ), (one.id, other.id)


@pytest.mark.parametrize(("name", "objective"), CASES)
def test_the_least_speed_holds_for_every_objective_where_anything_reaches_it(name: str, objective: Objective) -> None:
    answer = answer_for(name, objective)
    assert answer.choice is not None
    slow = [each.cause for each in answer.rejected if isinstance(each.cause, TooSlow)]
    reached = max(answer_rate(option) for option in answer.options) >= LEAST_TOK_S
    assert reached or name in ("no card, one core",)
    if reached:
        assert all(answer_rate(option) >= LEAST_TOK_S for option in answer.options)
        assert all(each.least_tok_s == LEAST_TOK_S for each in slow)


@pytest.mark.parametrize("name", MACHINES)
def test_objectives_choose_what_they_say(name: str) -> None:
    chosen = {}
    for objective in OBJECTIVES:
        choice = answer_for(name, objective).choice
        assert choice is not None
        chosen[objective] = choice
    best = chosen["quality"]
    for option in chosen.values():
        # A context below the goal, or a coarser cache, counts as quality lost.
        assert option.quality.index <= best.quality.index + 0.05 or option.context < best.context
    fastest = chosen["speed"]
    assert answer_rate(fastest) >= 0.94 * max(answer_rate(chosen[each]) for each in ("balanced", "quality"))
    assert fastest.quality.index >= best.quality.index - GOOD_ENOUGH_POINTS - 1
    cheapest = chosen["cost"]
    if cheapest.cost.watts and fastest.cost.watts:
        assert cheapest.cost.watts / answer_rate(cheapest) <= fastest.cost.watts / answer_rate(fastest) / 0.94


@pytest.mark.parametrize("name", ["4090", "8 GB laptop", "two 3090 and a 3060", "eight H100", "Mac with 64"])
def test_speed_and_cost_differ_from_balance_where_there_is_a_difference(name: str) -> None:
    balanced, speed = (answer_for(name, each).choice for each in ("balanced", "speed"))
    assert balanced is not None
    assert speed is not None
    assert answer_rate(speed) > 1.2 * answer_rate(balanced)


@pytest.mark.parametrize(
    ("objective", "says"),
    [
        ("balanced", "best balance of quality and speed"),
        ("quality", "highest quality at 5 tok/s or more"),
        ("speed", "fastest within 10 points of the best"),
        ("cost", "least energy an answer within 10 points of the best"),
    ],
)
def test_why_says_the_rule(objective: Objective, says: str) -> None:
    choice = answer_for("4090", objective).choice
    assert choice is not None
    assert reason(choice) == says


def test_the_rule_does_not_claim_a_speed_that_nothing_reaches() -> None:
    choice = answer_for("no card, one core", "quality").choice
    assert choice is not None
    assert isinstance(choice.why, Chosen)
    if answer_rate(choice) < LEAST_TOK_S:
        assert choice.why.least_tok_s is None
        assert reason(choice) == "highest quality that fits"


def test_an_asked_speed_is_the_one_that_is_said() -> None:
    choice = plan(MACHINES["4090"], Workload(objective="quality", min_tok_s=20)).choice
    assert choice is not None
    assert choice.tok_s >= 20
    assert reason(choice) == "highest quality at 20 tok/s or more"


def test_cards_whose_power_is_unknown_are_ranked_by_time() -> None:
    on = machine(card(24, watts=None), ram=64)
    cost, speed = (plan(on, Workload(objective=each)).choice for each in ("cost", "speed"))
    assert cost is not None
    assert speed is not None
    assert cost.id == speed.id


def test_quality_does_not_leave_the_minimum_for_a_larger_model() -> None:
    """A 70B with most of its layers in RAM does 1.1 tokens a second: 80 minutes an answer."""
    answer = answer_for("4090", "quality")
    assert answer.choice is not None
    assert answer.choice.tok_s >= LEAST_TOK_S
    large = [each for each in answer.rejected if each.id.startswith("R1-Distill-Llama-70B")]
    assert any(isinstance(each.cause, TooSlow) for each in large)


def test_models_too_short_for_the_asked_context_do_not_fit_and_rank_lower() -> None:
    answer = answer_for("4090", "balanced")
    refused = replace(answer, rejected=(Rejection("a", ContextTooLong(131_072)),))
    assert rejected_line(LlamaCppView(), refused).startswith("1 rejected: 1 cannot do it")
