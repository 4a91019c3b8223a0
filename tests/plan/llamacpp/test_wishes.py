"""Wishes for speed are hard: what misses one even alone is never chosen, and a harder wish never gets more."""

from __future__ import annotations

from dataclasses import replace

import pytest

from r1plan.catalog.priors import load_priors
from r1plan.plan.capacity.capacity import Limits, capacity_of
from r1plan.plan.choice.chosen import Chosen
from r1plan.plan.llamacpp.option import Option
from r1plan.plan.llamacpp.planner import LlamaCppPlanner
from r1plan.plan.model_set import ModelSet
from r1plan.plan.month.assumed import demand_of
from r1plan.plan.pins import Pins
from r1plan.plan.plan import Plan
from r1plan.plan.reasons import TooLate, TooSlow
from r1plan.plan.workload import Workload
from tests.plan.catalogue import MODELS, TABLES, card, machine, reason

FEW = ModelSet(
    {
        id_: replace(model, quants=tuple(each for each in model.quants if each.name in ("Q4_K_M", "Q6_K", "Q8_0")))
        for id_, model in MODELS.items()
        if model.recommended and model.shape.experts is None
    },
    TABLES,
)
PLANNER = LlamaCppPlanner()


def planned(workload: Workload, gb_s: float = 1008.0) -> Plan[Option]:
    demand = demand_of(workload, load_priors(), "UTC")
    return PLANNER.plan(machine(card(24, bandwidth=gb_s)), FEW, replace(workload, demand=demand), Pins())


def served(answer: Plan[Option]) -> int:
    """The requests at once that the choice serves within what was asked, as the month's answer has it."""
    choice, workload = answer.choice, answer.workload
    assert choice is not None
    assert workload.demand is not None
    limits = Limits(workload.slo_ttft_s, workload.slo_tok_s, workload.users)
    throughput = PLANNER.throughput(answer, choice, FEW)
    return capacity_of(throughput, workload.demand, limits, choice.quality.thinking_over_r1).concurrency


@pytest.mark.parametrize("wish", ["slo_tok_s", "slo_ttft_s"])
def test_who_is_chosen_keeps_the_wish_and_a_harder_one_gets_no_better_a_model(wish: str) -> None:
    steps = (20.0, 36.0, 60.0, 95.0, 105.0, 110.0, 150.0, 300.0) if wish == "slo_tok_s" else (2.0, 0.6, 0.4, 0.2, 0.1)
    before = float("inf")
    for asked in steps:
        answer = planned(Workload(slo_tok_s=asked) if wish == "slo_tok_s" else Workload(slo_ttft_s=asked))
        if answer.choice is None:
            before = -1.0
            continue
        assert served(answer) >= 1, asked
        assert answer.choice.quality.index <= before
        before = answer.choice.quality.index
    assert before < 62  # the last wish costs the best model


@pytest.mark.parametrize("asked", [30.0, 60.0, 100.0, 200.0])
def test_a_faster_card_never_gets_a_worse_model_for_the_same_wish(asked: float) -> None:
    found = [planned(Workload(slo_tok_s=asked), gb_s).choice for gb_s in (400.0, 700.0, 1008.0, 1800.0)]
    indices = [-1.0 if choice is None else choice.quality.index for choice in found]
    assert indices == sorted(indices)


def test_what_was_asked_is_said_of_the_choice_and_of_what_misses_it() -> None:
    answer = planned(Workload(slo_tok_s=100.0, slo_ttft_s=1.5))
    assert answer.choice is not None
    assert isinstance(answer.choice.why, Chosen)
    assert " at 100 tok/s or more with its first token within 1.5 s whose typical answer" in reason(answer.choice)
    missed = {each.id: each.cause for each in answer.rejected}
    slow = missed["R1-Distill-Qwen-32B:Q4_K_M"]
    assert isinstance(slow, TooSlow)
    assert slow.tok_s < 100 == slow.least_tok_s


def test_where_nothing_keeps_the_wish_the_nearest_is_named() -> None:
    fast, soon = planned(Workload(slo_tok_s=5_000.0)), planned(Workload(slo_ttft_s=0.01))
    assert fast.choice is soon.choice is None
    assert fast.nearest_miss is not None
    assert soon.nearest_miss is not None
    assert isinstance(fast.nearest_miss.cause, TooSlow)
    assert isinstance(soon.nearest_miss.cause, TooLate)
    slow = [each.cause for each in fast.rejected if isinstance(each.cause, TooSlow)]
    late = [each.cause for each in soon.rejected if isinstance(each.cause, TooLate)]
    assert fast.nearest_miss.cause.tok_s == max(each.tok_s for each in slow)
    assert soon.nearest_miss.cause.ttft_s == min(each.ttft_s for each in late)
    assert " to the first token, longer than 0.01 s" in reason(soon.nearest_miss)
