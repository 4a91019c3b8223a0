from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from r1plan.cli.options.machine import machine_from_options
from r1plan.plan.capacity.throughput import Throughput
from r1plan.plan.pins import Pins
from r1plan.plan.plan import Plan
from r1plan.plan.serving.option import ServingOption
from r1plan.plan.speed import Bottleneck
from r1plan.plan.vllm.planner import VllmPlanner
from r1plan.plan.workload import Workload
from tests.plan.catalogue import CATALOGUE

CASES = [
    pytest.param("h200-sxm-141gb:8", "DeepSeek-R1-0528", "FP8", id="r1-8xH200"),
    pytest.param("b200:8", "DeepSeek-R1-0528", "NVFP4", id="r1-8xB200-fp4"),
    pytest.param("h100-sxm-80gb:16", "DeepSeek-R1", "FP8", id="r1-2-machines"),
    pytest.param("h100-sxm-80gb:4", "R1-Distill-Llama-70B", "FP8", id="70b-4xH100"),
    pytest.param("l40s:8", "DeepSeek-R1", "AWQ", id="r1-8xL40S-awq"),
    pytest.param("rtx-4090:2", "R1-Distill-Qwen-32B", "GPTQ", id="32b-2x4090"),
    pytest.param("rtx-4090:3", "R1-Distill-Qwen-32B", "GPTQ", id="32b-3x4090"),
    pytest.param("mi300x:8", "DeepSeek-R1-0528", "FP8", id="r1-mi300x"),
    pytest.param("t4", "R1-Distill-Qwen-1.5B", "FP16", id="1.5b-t4"),
]


@cache
def served(card: str, model: str, dtype: str, users: int = 1, input_tokens: int = 1_000) -> Plan[ServingOption]:
    planner = VllmPlanner()
    pins = planner.checked(Pins(model=model, quant=dtype, slots=users if users > 1 else None))
    workload = Workload(input_tokens=input_tokens)
    return planner.plan(machine_from_options(gpu=[card]), CATALOGUE, workload, pins)


def throughputs(plan: Plan[ServingOption]) -> list[tuple[ServingOption, Throughput]]:
    return [(option, VllmPlanner().throughput(plan, option)) for option in plan.options]


@pytest.mark.parametrize(("card", "model", "dtype"), CASES)
def test_a_step_for_one_is_what_the_plan_says_of_a_token(card: str, model: str, dtype: str) -> None:
    found = throughputs(served(card, model, dtype))
    assert found
    for option, throughput in found:
        for each in option.speed.decode:
            assert 1 / throughput.step_s(1, each.depth) == pytest.approx(each.tok_s.mid)
        assert option.speed.bottleneck == throughput.bottleneck(1, option.speed.decode[0].depth)


@pytest.mark.parametrize(("card", "model", "dtype"), CASES)
@settings(max_examples=15, deadline=None)
@given(
    at_once=st.integers(1, 4_000),
    more=st.integers(1, 4_000),
    depth=st.floats(0, 160_000),
    deeper=st.floats(0, 160_000),
)
def test_more_at_once_and_deeper_is_never_faster_and_in_all_never_slower(
    card: str, model: str, dtype: str, at_once: int, more: int, depth: float, deeper: float
) -> None:
    slack = 1 + 1e-9
    for _, throughput in throughputs(served(card, model, dtype)):
        alone, many = throughput.step_s(at_once, depth), throughput.step_s(at_once + more, depth)
        assert 0 < alone <= many * slack
        assert many / (at_once + more) <= alone / at_once * slack
        assert alone <= throughput.step_s(at_once, depth + deeper) * slack


@pytest.mark.parametrize(("card", "model", "dtype"), CASES)
def test_longer_prompts_and_deeper_ones_are_never_read_sooner(card: str, model: str, dtype: str) -> None:
    for option, throughput in throughputs(served(card, model, dtype)):
        times = [throughput.prompt_s(tokens) for tokens in (0, 1, 100, 1_000, 10_000, 100_000)]
        known = [each for each in times if each is not None]
        assert known == sorted(known)
        assert known[0] == 0
        assert known[1] >= throughput.step_s(1, 0) * (1 - 1e-9)
        behind = throughput.prompt_s(10_000, 50_000)
        assert behind is not None
        assert behind > known[4]
        assert option.speed.prefill_tok_s is not None
        assert option.speed.prefill_tok_s.mid == pytest.approx(2_048 / (throughput.prompt_s(2_048) or 0))


def test_as_many_are_worked_on_as_the_cache_holds_of_the_workloads_length() -> None:
    short, long = (served("h200-sxm-141gb:8", "DeepSeek-R1", "FP8", input_tokens=each) for each in (1_000, 26_000))
    planner = VllmPlanner()
    assert short.choice is not None
    assert long.choice is not None
    of_short, of_long = planner.throughput(short, short.choice), planner.throughput(long, long.choice)
    assert of_short.most == short.choice.memory.users(1_000 + 4_700 + 700)
    assert of_short.most > 3 * of_long.most > 0
    assert of_long.most >= long.choice.users  # whose context is the longest


def test_no_more_are_worked_on_than_slots_were_asked_for() -> None:
    plan = served("h200-sxm-141gb:8", "DeepSeek-R1-0528", "FP8", users=4)
    assert plan.choice is not None
    assert VllmPlanner().throughput(plan, plan.choice).most == 4


def test_what_a_step_goes_to_changes_with_how_many_are_at_once() -> None:
    plan = served("h200-sxm-141gb:8", "DeepSeek-R1-0528", "FP8")
    assert plan.choice is not None
    throughput = VllmPlanner().throughput(plan, plan.choice)
    found: list[Bottleneck] = [throughput.bottleneck(each, 1_000.0) for each in (1, 64)]
    assert found == ["gpu layers' fixed cost", "gpu bandwidth"]
    assert throughput.bottleneck(64, 160_000.0) == "reading the cache"


def test_cards_without_a_link_of_their_own_pay_for_the_exchange() -> None:
    plans = {card: served(card, "R1-Distill-Qwen-32B", "GPTQ") for card in ("rtx-4090:2", "a100-sxm-80gb:2")}
    parts = {}
    for card, plan in plans.items():
        option = next(each for each in plan.options if each.parallel.tensor == 2)
        parts[card] = {each.what: each.seconds for each in option.speed.terms}["link between cards"]
    assert parts["rtx-4090:2"] > 2 * parts["a100-sxm-80gb:2"]


def test_a_range_is_wider_where_nobody_measured_such_cards() -> None:
    measured = served("h100-sxm-80gb:4", "R1-Distill-Llama-70B", "FP8").choice
    other = served("rtx-4090:2", "R1-Distill-Qwen-32B", "GPTQ").choice
    assert measured is not None
    assert other is not None
    assert measured.speed.basis == "calibrated"
    assert other.speed.basis == "assumed"
    width = [each.speed.decode[0].tok_s.high / each.speed.decode[0].tok_s.low for each in (measured, other)]
    assert width[1] > 1.2 * width[0]


@pytest.mark.parametrize("users", [1, 4, 1_000])
def test_users_at_once_neither_choose_an_option_nor_cap_it(users: int) -> None:
    on = machine_from_options(gpu=["rtx-4090"])
    none, some = (VllmPlanner().plan(on, CATALOGUE, Workload(users=each), Pins()) for each in (None, users))
    assert some.options == none.options
    assert none.choice is not None
    assert some.choice is not None
    assert VllmPlanner().throughput(some, some.choice).most == VllmPlanner().throughput(none, none.choice).most
