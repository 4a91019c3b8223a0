"""Capacity of what the planners plan."""

from __future__ import annotations

import pytest

from r1plan.cli.options.machine import machine_from_options
from r1plan.plan.capacity.capacity import Limits, capacity_of
from r1plan.plan.llamacpp.planner import LlamaCppPlanner
from r1plan.plan.pins import Pins
from r1plan.plan.vllm.planner import VllmPlanner
from r1plan.plan.workload import Workload
from tests.plan.capacity.servers import OFFICE, SKEWED, asked
from tests.plan.catalogue import CATALOGUE, card, machine

LIMITS = [Limits(), Limits(ttft_s=5), Limits(ttft_s=5, tok_s=15)]


@pytest.mark.parametrize("limits", LIMITS, ids=["none", "first token", "first token and speed"])
def test_capacity_rises_with_the_cards_of_a_server(limits: Limits) -> None:
    planner = VllmPlanner()
    pins = planner.checked(Pins(model="R1-Distill-Qwen-32B", quant="FP8", context=32_768))
    a_day = []
    for cards in ("h100-sxm-80gb", "h100-sxm-80gb:2", "h100-sxm-80gb:4"):
        plan = planner.plan(machine_from_options(gpu=[cards]), CATALOGUE, Workload(), pins)
        assert plan.choice is not None
        throughput = planner.throughput(plan, plan.choice, CATALOGUE)
        a_day.append(capacity_of(throughput, asked(SKEWED, None, OFFICE), limits, 1.0).requests_per_day)
    assert 0 < a_day[0] < a_day[1] < a_day[2]


def test_more_slots_of_a_card_serve_more_and_alone_each_is_as_fast_as_planned() -> None:
    planner = LlamaCppPlanner()
    a_day = []
    for slots in (1, 2, 4):
        pins = Pins(model="R1-Distill-Qwen-7B", quant="Q4_K_M", context=16_384, slots=slots)
        plan = planner.plan(machine(card(24)), CATALOGUE, Workload(), pins)
        assert plan.choice is not None
        throughput = planner.throughput(plan, plan.choice, CATALOGUE)
        capacity = capacity_of(throughput, asked(SKEWED), Limits(users=1), 1.0)
        depth = sum(each.output_tokens * (1_000 + each.output_tokens / 2) for each in SKEWED) / 20 / 5_400
        assert capacity.decode_tok_s_each.mid == pytest.approx(1 / throughput.step_s(1, depth), rel=0.01)
        a_day.append(capacity.requests_per_day)
    assert 0 < a_day[0] < a_day[1] < a_day[2]
