from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from r1plan.cli.options.machine import machine_from_options
from r1plan.hardware.machine import Machine
from r1plan.plan.capacity.throughput import Throughput
from r1plan.plan.llamacpp.option import Option
from r1plan.plan.llamacpp.planner import LlamaCppPlanner
from r1plan.plan.llamacpp.speed.learned import learned_rates
from r1plan.plan.llamacpp.speed.rates import Rate
from r1plan.plan.llamacpp.weights.layers import weights_of
from r1plan.plan.model_set import ModelSet
from r1plan.plan.pins import Pins
from r1plan.plan.plan import Plan
from r1plan.plan.workload import Workload
from tests.plan.catalogue import CATALOGUE, card, machine
from tests.plan.llamacpp.speed.measuring import run

READINGS = [
    json.loads(line)
    for line in (Path(__file__).parents[2] / "measured" / "h200_batched.jsonl").read_text(encoding="utf-8").splitlines()
]
H200 = machine_from_options(gpu=["h200-sxm-141gb"])
SLOTS = Pins(runtime="llama-server", slots=64, context=2_048)
# The machine, and what is asked of it.
CASES = {
    "one-card": (H200, Pins(model="R1-Distill-Llama-8B", quant="Q4_K_M")),
    "two-cards": (machine_from_options(gpu=["rtx-4090:2"]), Pins(model="R1-Distill-Llama-70B", quant="Q4_K_M")),
    "unified": (machine_from_options(gpu=["m3-max-40c"]), Pins(model="R1-Distill-Qwen-32B", quant="Q4_K_M")),
    "processor": (machine(ram=64), Pins(model="R1-Distill-Qwen-14B", quant="Q4_K_M")),
    "partial": (machine(card(8), ram=64), Pins(model="R1-Distill-Qwen-32B", quant="Q4_K_M")),
    "experts-in-ram": (machine(card(24), ram=512), Pins(model="DeepSeek-R1", quant="Q4_K_M")),
    "from-disk": (machine(card(24), ram=128), Pins(model="DeepSeek-R1", quant="UD-IQ1_S")),
    "mixture-on-cards": (machine_from_options(gpu=["h200-sxm-141gb:4"]), Pins(model="DeepSeek-R1", quant="Q4_K_M")),
    "quantised-cache": (H200, Pins(model="R1-Distill-Llama-8B", quant="IQ3_M", kv_type="q8_0")),
}


@cache
def planned(case: str) -> tuple[Plan[Option], Option, Throughput]:
    on, pins = CASES[case]
    return throughput_of(on, pins)


def throughput_of(
    on: Machine, pins: Pins, workload: Workload | None = None, planner: LlamaCppPlanner | None = None
) -> tuple[Plan[Option], Option, Throughput]:
    planner = planner or LlamaCppPlanner()
    plan = planner.plan(on, CATALOGUE, workload or Workload(min_tok_s=1e-3), planner.checked(pins))
    assert plan.choice is not None
    return plan, plan.choice, planner.throughput(plan, plan.choice)


@pytest.mark.parametrize("case", CASES)
def test_a_step_for_one_is_what_the_plan_says_of_a_token(case: str) -> None:
    _, option, throughput = planned(case)
    for each in option.speed.decode:
        assert 1 / throughput.step_s(1, each.depth) == pytest.approx(each.tok_s.mid)
    assert throughput.bottleneck(1, option.speed.decode[0].depth) == option.speed.bottleneck
    assert (throughput.basis, throughput.most) == (option.speed.basis, 1)


@pytest.mark.parametrize("case", CASES)
def test_an_empty_prompt_takes_no_time_and_a_longer_one_more(case: str) -> None:
    _, _, throughput = planned(case)
    times = [throughput.prompt_s(tokens) or 0.0 for tokens in (0, 1, 512, 8_192)]
    assert times == sorted(times)
    assert times[0] == 0 < times[1]
    behind = throughput.prompt_s(512, 8_192)
    assert behind is not None
    assert behind >= times[2]


@pytest.mark.parametrize("case", CASES)
@settings(max_examples=12, deadline=None)
@given(at_once=st.integers(1, 80), more=st.integers(1, 80), depth=st.floats(0, 30_000), deeper=st.floats(0, 30_000))
def test_more_at_once_and_deeper_is_never_faster_and_in_all_never_slower(
    case: str, at_once: int, more: int, depth: float, deeper: float
) -> None:
    slack = 1 + 1e-9
    _, _, throughput = planned(case)
    alone, many = throughput.step_s(at_once, depth), throughput.step_s(at_once + more, depth)
    assert 0 < alone <= many * slack
    assert many / (at_once + more) <= alone / at_once * slack
    assert alone <= throughput.step_s(at_once, depth + deeper) * slack


@pytest.mark.parametrize("case", CASES)
def test_around_the_most_vectors_nothing_falls(case: str) -> None:
    _, _, throughput = planned(case)
    steps = [throughput.step_s(each, 500.0) for each in range(1, 20)]
    assert steps == sorted(steps)
    assert len(set(steps)) > 8


@pytest.mark.parametrize(
    ("file", "model"),
    [
        ("8B-Q4_K_M", "R1-Distill-Llama-8B"),
        ("8B-Q8_0", "R1-Distill-Llama-8B"),
        ("32B-Q4_K_M", "R1-Distill-Qwen-32B"),
    ],
)
def test_what_a_card_was_measured_to_do_for_many_at_once_is_predicted(file: str, model: str) -> None:
    """llama-batched-bench of llama.cpp 0c1e57098 on an H200, of files with random weights."""
    quant = file.partition("-")[2]
    _, _, throughput = throughput_of(
        H200, Pins(model=model, quant=quant, runtime="llama-server", slots=64, context=2_048)
    )
    assert throughput.most == 64
    off = []
    for each in READINGS:
        if each["file"] == file:
            step_s = throughput.step_s(each["b"], each["pp"] + each["tg"] / 2)
            off.append(abs(step_s * each["tg"] / each["t_tg"] - 1))
    assert len(off) > 6
    assert sorted(off)[len(off) // 2] < 0.12
    assert max(off) < 0.27


def test_what_a_card_was_measured_to_do_for_many_at_once_with_a_mixture_is_predicted() -> None:
    """The same of R1's first nine layers, three dense and six with experts, and its head."""
    r1 = CATALOGUE.models["DeepSeek-R1"]
    quant = next(each for each in r1.quants if each.name == "Q4_K_M")
    whole = weights_of(r1, quant)
    cut = replace(
        whole,
        trunk_before=whole.trunk_before[:10],
        experts_before=whole.experts_before[:10],
        widest_experts=whole.widest_experts[:9],
        matrices=whole.matrices[:9],
        widest_matrices=whole.widest_matrices[:9],
    )
    model = replace(
        r1,
        shape=replace(r1.shape, layers=9),
        params=r1.params * 9 // 61,
        active_params=round(r1.active_params * cut.read_bytes_a_token / whole.read_bytes_a_token),
        quants=(replace(quant, tensor_bytes=cut.total_bytes, decode_read_bytes=None),),
    )
    models = ModelSet({r1.id: model}, CATALOGUE.quant_tables, cut)
    planner = LlamaCppPlanner()
    pins = Pins(model=r1.id, quant="Q4_K_M", runtime="llama-server", slots=64, context=2_048)
    plan = planner.plan(H200, models, Workload(min_tok_s=1e-3), pins)
    assert plan.choice is not None
    throughput = planner.throughput(plan, plan.choice, models)
    off = [
        abs(throughput.step_s(each["b"], each["pp"] + each["tg"] / 2) * each["tg"] / each["t_tg"] - 1)
        for each in READINGS
        if each["file"] == "R1c9-Q4_K_M"
    ]
    assert len(off) == 7
    assert max(off) < 0.25


def test_a_mixture_gains_less_from_company_than_a_dense_model() -> None:
    gains = {}
    for case in ("one-card", "mixture-on-cards"):
        _, _, throughput = planned(case)
        gains[case] = 4 * throughput.step_s(1, 0.0) / throughput.step_s(4, 0.0)
    assert gains["one-card"] > gains["mixture-on-cards"] > 1


def test_experts_on_disk_are_read_for_each_that_needs_them() -> None:
    _, _, throughput = planned("from-disk")
    assert throughput.step_s(2, 0.0) > 1.6 * throughput.step_s(1, 0.0)


def test_slots_with_a_context_each_are_all_worked_on_and_one_cache_holds_fewer() -> None:
    each = throughput_of(H200, Pins(model="R1-Distill-Llama-8B", quant="Q4_K_M", runtime="llama-server", slots=6))
    assert each[2].most == 6
    long = Workload(min_tok_s=1e-3, input_tokens=10_000)
    _, option, shared = throughput_of(
        H200, Pins(model="R1-Distill-Llama-8B", quant="Q4_K_M", runtime="llama-server"), long
    )
    assert option.settings.one_cache
    longer = option.quality.thinking_over_r1
    assert shared.most == min(4, int(option.context / (10_000 + 4_700 * longer + 700)))
    assert shared.most < 4


def test_what_was_measured_of_the_machine_counts_for_many_too() -> None:
    on, pins = CASES["one-card"]
    _, option, before = planned("one-card")
    truth = {Rate(on.gpus[0].name, "weights"): 1.4, Rate(on.gpus[0].name, "layers"): 1.4}
    learned = learned_rates(on, [run(on, option, truth)])
    _, _, after = throughput_of(on, pins, planner=LlamaCppPlanner(learned))
    assert after.step_s(1, 64) > 1.2 * before.step_s(1, 64)
    assert after.step_s(4, 64) > 1.1 * before.step_s(4, 64)
