from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from r1plan.cli.options.machine import machine_from_options
from r1plan.errors import NotFound, UsageError
from r1plan.hardware.machine import Machine
from r1plan.plan.llamacpp.choose import choose
from r1plan.plan.llamacpp.option import Option
from r1plan.plan.llamacpp.pins import checked_pins
from r1plan.plan.pins import Pins
from r1plan.plan.plan import Plan
from r1plan.plan.reasons import NeedsMemory
from r1plan.plan.workload import Objective, Workload, checked_workload
from r1plan.units import GIB
from tests.plan.catalogue import CATALOGUE, MODELS, card, machine, plan, reason


def best(**options: Any) -> Option:
    choice = plan(machine_from_options(**options)).choice
    assert choice is not None
    return choice


def this_small_box() -> Machine:
    return machine(ram=24, cores=2)


def test_a_24_gib_card_runs_the_32b_at_four_bits_with_room_to_think() -> None:
    choice = best(gpu=["rtx-4090"], ram=64)
    assert choice.model.id == "R1-Distill-Qwen-32B"
    assert choice.quant.name in ("Q4_K_M", "Q4_K_S", "IQ4_XS")
    assert choice.placement.layout == "gpu"
    assert choice.placement.gpu_layers == 65
    assert choice.context >= 16_384
    assert 25 < choice.speed.decode[0].tok_s.mid < 50


def test_eight_h100_run_the_full_r1_on_their_own_memory_and_say_why_not_at_eight_bits() -> None:
    answer = plan(machine_from_options(gpu=["h100-sxm-80gb:8"]))
    choice = answer.choice
    assert choice is not None
    assert choice.model.id == "DeepSeek-R1-0528"
    assert choice.quant.bits_per_weight > 4.5
    assert choice.placement.layout == "gpu-split"
    assert choice.placement.host_layers == choice.placement.expert_layers_on_host == 0
    eight_bits = next(each for each in answer.rejected if each.id == "DeepSeek-R1-0528:Q8_0")
    assert reason(eight_bits).startswith("needs 673.1 GiB on 8 GPUs, 627.1 free")


def test_two_cores_get_a_small_distill_and_an_honest_speed() -> None:
    choice = plan(this_small_box()).choice
    assert choice is not None
    assert choice.model.params < 9e9
    assert choice.placement.layout == "cpu"
    assert choice.speed.decode[0].tok_s.mid < 30
    assert choice.speed.basis == "assumed"


@pytest.mark.parametrize(
    ("options", "model_ids", "layouts"),
    [
        ({"gpu": ["rtx-4060"], "ram": 32}, {"R1-0528-Qwen3-8B", "R1-Distill-Qwen-7B"}, {"gpu"}),
        ({"gpu": ["rtx-3060-12gb"], "ram": 32}, {"R1-Distill-Qwen-14B", "R1-0528-Qwen3-8B"}, {"gpu"}),
        ({"gpu": ["rtx-3090:2"], "ram": 64}, {"R1-Distill-Llama-70B", "R1-Distill-Qwen-32B"}, {"gpu-split"}),
        ({"gpu": ["m3-max-40c"], "ram": 64}, {"R1-Distill-Llama-70B", "R1-Distill-Qwen-32B"}, {"unified"}),
        ({"gpu": ["m3-ultra-80c"], "ram": 512}, {"DeepSeek-R1-0528"}, {"unified"}),
        ({"gpu": ["rtx-4090"], "ram": 1024, "ram_bandwidth": 460}, {"DeepSeek-R1-0528"}, {"experts-in-ram"}),
        ({"gpu": ["gb10"]}, {"R1-Distill-Qwen-32B"}, {"unified"}),
        ({"cpu_only": True, "ram": 4}, {"R1-Distill-Qwen-1.5B"}, {"cpu"}),
    ],
    ids=lambda value: "-".join(map(str, value.values())) if isinstance(value, dict) else None,
)
def test_sensible_answers(options: dict[str, Any], model_ids: set[str], layouts: set[str]) -> None:
    choice = best(**options)
    assert choice.model.id in model_ids
    assert choice.placement.layout in layouts
    assert choice.context >= 16_384
    assert choice.quality.quant.counts_as_model


def test_nothing_fits_one_gib_and_the_smallest_need_is_named() -> None:
    answer = plan(machine(ram=1))
    assert answer.choice is None
    assert answer.alternatives == ()
    smallest = answer.nearest_miss
    assert smallest is not None
    assert smallest.id == "R1-Distill-Qwen-1.5B:IQ1_S"
    assert isinstance(smallest.cause, NeedsMemory)
    assert 0.7 * GIB < smallest.cause.needed_bytes < 1.1 * GIB


machines = st.builds(
    lambda cards, ram, limit: machine(
        *(card(gib, index=index) for index, gib in enumerate(cards)), ram=ram, limit=limit if limit < ram else None
    ),
    st.lists(st.floats(0.3, 160), max_size=4),
    st.floats(0.5, 1200),
    st.floats(0.5, 600),
)


@given(machines, st.sampled_from(["balanced", "quality", "speed", "cost"]))
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_nothing_is_offered_that_does_not_fit(on: Machine, objective: Objective) -> None:
    answer = plan(on, Workload(objective=objective))
    offered = [option for option in (answer.choice, *answer.alternatives) if option is not None]
    for option in offered:
        assert option.fits
        assert option.context <= option.context_max
        assert option.model.recommended
        for device in option.memory:
            assert device.total_bytes <= device.device.free_bytes
        low, mid, high = (getattr(option.speed.decode[0].tok_s, name) for name in ("low", "mid", "high"))
        assert 0 < low <= mid <= high
    assert len(answer.alternatives) <= 8
    accounted = len(offered) + len(answer.rejected)
    asked = [model for model in MODELS.values() if model.recommended and model.kind != "successor"]
    quants = sum(1 for model in asked for each in model.quants if each.engine == "llama.cpp")
    assert accounted == quants


def test_a_containers_limit_counts_and_not_the_hosts_memory() -> None:
    free = plan(machine(ram=512)).choice
    limited = plan(machine(ram=512, limit=8)).choice
    assert free is not None
    assert limited is not None
    assert limited.needed_bytes < 8 * GIB


def test_free_memory_counts_and_not_the_cards_total() -> None:
    half_used = replace(card(24), free_bytes=9 * GIB)
    choice = plan(machine(half_used)).choice
    assert choice is not None
    assert next(each for each in choice.memory if each.device.kind == "gpu").total_bytes < 9 * GIB


def test_unified_memory_is_counted_once() -> None:
    choice = plan(machine(card(64, unified=True), ram=64)).choice
    assert choice is not None
    assert [device.device.kind for device in choice.memory] == ["unified"]
    assert choice.memory[0].bytes_of("weights") == choice.quant.tensor_bytes


def test_unequal_cards_hold_unequal_shares() -> None:
    answer = plan(machine(card(24), card(12, index=1)), pins=Pins(model="R1-Distill-Qwen-32B", quant="Q6_K"))
    assert answer.choice is not None
    first, second = answer.choice.placement.layers_on_gpu
    assert first > second > 0
    assert first + second == 64
    # The output head counts as a layer of the last card.
    assert answer.choice.placement.tensor_split == (first, second + 1)


def test_r1_zero_is_never_recommended_but_answers_when_asked_for() -> None:
    big = machine(card(80), card(80, index=1), card(80, index=2), ram=1024)
    shown = plan(big)
    named = {each.id for each in shown.alternatives} | {each.id for each in shown.rejected}
    assert not any("Zero" in id_ for id_ in named)
    asked = plan(big, pins=Pins(model="deepseek-r1-zero", quant="iq2_xxs")).choice
    assert asked is not None
    assert "not recommended" in reason(asked)


PINNED = Pins(model="r1-distill-qwen-32b", quant="q4_k_m", kv_type="f16")


@pytest.mark.parametrize(("context", "fits"), [(16_384, True), (131_072, False)])
def test_a_pinned_option_is_answered_fitting_or_not(context: int, fits: bool) -> None:
    answer = plan(machine(card(24), ram=16), pins=replace(PINNED, context=context))
    assert answer.choice is not None
    assert answer.choice.id == "R1-Distill-Qwen-32B:Q4_K_M"
    assert answer.choice.fits is fits
    assert answer.choice.context == context
    assert bool(answer.rejected) is not fits
    assert fits or reason(answer.choice).startswith("needs ")


@pytest.mark.parametrize(
    ("pins", "kind", "says"),
    [
        (Pins(model="R1-Distill-Qwen-33B"), NotFound, "unknown model 'R1-Distill-Qwen-33B'"),
        (Pins(quant="Q4_K_X"), NotFound, "unknown quant 'Q4_K_X'"),
        (Pins(context=163_841), UsageError, "--context 163841: every model has at most 163,840 tokens."),
        (Pins(model="R1-Distill-Qwen-7B", context=131_073), UsageError, "R1-Distill-Qwen-7B has 131,072"),
        (Pins(model="R1-Distill-Qwen-7B", experts_on_cpu=True), UsageError, "is dense and has no experts"),
        (Pins(model="DeepSeek-R1-0528", quant="IQ2_K_R4"), UsageError, "runs in ik_llama.cpp only"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_pins_that_cannot_be_meant_are_refused(pins: Pins, kind: type[Exception], says: str) -> None:
    with pytest.raises(kind, match=says):
        plan(machine(card(24)), pins=pins)


@pytest.mark.parametrize(
    ("pins", "depth", "says"),
    [
        (
            Pins(n_ubatch=163_841),
            0,
            "--ubatch 163841: llama.cpp reads no more than its context at once",
        ),
        (Pins(model="R1-Distill-Qwen-7B", n_ubatch=140_000), 0, "at most 131,072 tokens"),
        (Pins(), 163_841, "--depth 163841: the longest context has 163,840 tokens."),
        (Pins(context=4_096), 4_097, "--depth 4097: the context has 4,096 tokens."),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_what_no_context_holds_is_refused(pins: Pins, depth: int, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        plan(machine(card(24)), Workload(depths=(depth,)), pins)


@pytest.mark.parametrize(("pins", "depth"), [(Pins(n_ubatch=4_096, context=4_096), 4_096), (Pins(n_ubatch=8_192), 0)])
def test_a_micro_batch_and_a_depth_may_fill_the_context(pins: Pins, depth: int) -> None:
    pins = replace(pins, model="R1-Distill-Qwen-7B", quant="Q4_K_M")
    choice = plan(machine(card(24)), Workload(depths=(depth,)), pins).choice
    assert choice is not None
    assert choice.fits


def test_a_card_below_what_any_program_takes_says_so() -> None:
    answer = plan(machine(card(0.4)), pins=Pins(model="R1-Distill-Qwen-1.5B", quant="Q4_K_M", gpu_layers=29))
    assert "(330 MiB of it whatever runs there)" in reason(answer.rejected[0])


def test_near_names_are_offered() -> None:
    with pytest.raises(NotFound) as caught:
        plan(machine(card(24)), pins=Pins(model="R1-Distill-Qwen-33B"))
    assert caught.value.hint is not None
    assert "R1-Distill-Qwen-32B" in caught.value.hint


@pytest.mark.parametrize("pins", [Pins(gpu_layers=3), Pins(experts_on_cpu=True)], ids=["gpu-layers", "experts"])
def test_gpu_pins_need_a_gpu(pins: Pins) -> None:
    with pytest.raises(UsageError, match="has no GPU"):
        plan(machine(), pins=pins)


@pytest.mark.parametrize(
    ("pins", "says"),
    [
        (Pins(context=0), "--context 0"),
        (Pins(context=-1), "--context -1"),
        (Pins(n_ubatch=0), "--ubatch 0"),
        (Pins(slots=0), "--slots 0"),
        (Pins(slots=257), "--slots 257: llama.cpp takes at most 256"),
        (Pins(n_ubatch=10**21), r"--ubatch 1e\+21: expected at most 1,000,000"),
        (Pins(gpu_layers=10**21), r"--gpu-layers 1e\+21: expected at most"),
        (Pins(gpu_layers=-1), "--gpu-layers -1"),
        (Pins(kv_type="q8_0", flash_attn=False), "quantised V cache"),
        (Pins(experts_on_cpu=True, gpu_layers=0), "--experts-on-cpu with --gpu-layers 0"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_impossible_pins_name_the_option_and_value(pins: Pins, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        checked_pins(pins)


@pytest.mark.parametrize(
    ("workload", "says"),
    [
        (Workload(cache_hit_share=1.01), "--cache-hit 1.01"),
        (Workload(min_tok_s=0), "--min-speed 0"),
        (Workload(min_tok_s=float("nan")), "--min-speed nan"),
        (Workload(requests_per_day=-3), "--requests-per-day -3"),
        (Workload(input_tokens=0), "--input-tokens 0"),
        (Workload(thinking_tokens=-1), "--thinking-tokens -1"),
        (Workload(power_usd_per_kwh=-0.1), "--power-price -0.1"),
        (Workload(depths=(-1,)), "--depth -1"),
        (Workload(depths=(10**21,)), r"--depth 1e\+21: expected at most 1,000,000,000"),
        (Workload(min_tok_s=1e30), r"--min-speed 1e\+30: expected at most"),
        (Workload(requests_per_day=1e30), r"--requests-per-day 1e\+30: expected at most"),
        (Workload(input_tokens=10**21), r"--input-tokens 1e\+21: expected at most"),
        (Workload(thinking_tokens=10**21), r"--thinking-tokens 1e\+21: expected at most"),
        (Workload(answer_tokens=10**21), r"--answer-tokens 1e\+21: expected at most"),
        (Workload(power_usd_per_kwh=1e30), r"--power-price 1e\+30: expected at most 10,000"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_impossible_wishes_name_the_option_and_value(workload: Workload, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        checked_workload(workload)


def test_an_asked_speed_is_kept_to_and_the_default_one_gives_way() -> None:
    slow = machine(ram=64, cores=1)
    assert plan(slow).choice is not None
    asked = plan(slow, Workload(min_tok_s=500))
    assert asked.choice is None
    fastest = asked.nearest_miss
    assert fastest is not None
    assert "slower than 500.0" in reason(fastest)


def h200_and_slow_memory(bandwidth: float) -> Plan[Option]:
    gpu = card(140, bandwidth=4800, gpu_class="nvidia-datacentre")
    on = machine(gpu, ram=126)
    return plan(replace(on, memory=replace(on.memory, bandwidth_gb_s=bandwidth)))


def test_long_thinking_at_eight_tokens_a_second_is_beyond_the_patience() -> None:
    """R1-0528 at two bits with its experts in slow RAM takes most of an hour, a 70B on the card two minutes."""
    slow = h200_and_slow_memory(15.0)
    assert slow.choice is not None
    assert slow.choice.placement.layout == "gpu"
    assert slow.choice.tok_s > 30
    why = next(reason(each) for each in slow.rejected if each.id == "DeepSeek-R1-0528:UD-IQ2_XXS")
    assert why.startswith("about ")
    assert why.endswith(" tok/s), longer than 15 minutes")
    fast = h200_and_slow_memory(205.0)
    assert fast.choice is not None
    assert fast.choice.model.id == "DeepSeek-R1-0528"


def test_an_asked_speed_is_of_tokens_and_not_of_thoughts() -> None:
    pins = Pins(model="R1-0528-Qwen3-8B")
    choice = plan(machine(card(8)), pins=pins).choice
    assert choice is not None
    assert choice.quality.thinking_over_r1 > 1.5
    asked = plan(machine(card(8)), Workload(min_tok_s=choice.tok_s * 0.99), pins).choice
    assert asked is not None
    assert asked.tok_s >= choice.tok_s * 0.99


def test_a_card_with_less_than_the_context_costs_is_told_so() -> None:
    pins = Pins(model="R1-Distill-Qwen-7B", quant="Q4_K_M", context=131_072, gpu_layers=29)
    answer = plan(machine(card(2)), pins=pins)
    assert "(the context alone takes 2.0)" in reason(answer.rejected[0])


def test_more_gpu_layers_than_there_are_mean_all_of_them() -> None:
    pins = Pins(model="R1-Distill-Qwen-7B", quant="Q4_K_M", gpu_layers=99)
    choice = plan(machine(card(24)), pins=pins).choice
    assert choice is not None
    assert choice.placement.gpu_layers == 29
    assert choice.placement.layout == "gpu"


def test_experts_on_cpu_frees_nothing_in_one_memory() -> None:
    with pytest.raises(UsageError, match="share one memory"):
        plan(machine(card(500, unified=True), ram=512), pins=Pins(model="DeepSeek-R1", experts_on_cpu=True))


def test_objectives_pull_where_they_say() -> None:
    on = machine(card(24), ram=64)
    chosen = {}
    objectives: tuple[Objective, ...] = ("balanced", "quality", "speed", "cost")
    for objective in objectives:
        choice = plan(on, Workload(objective=objective)).choice
        assert choice is not None
        chosen[objective] = choice
    assert chosen["quality"].quality.index >= chosen["balanced"].quality.index
    assert chosen["speed"].speed.decode[0].tok_s.mid >= chosen["balanced"].speed.decode[0].tok_s.mid
    assert chosen["speed"].quality.index > 40


def test_what_the_machine_draws_is_known_where_its_cards_limit_is() -> None:
    pins = Pins(model="R1-Distill-Qwen-7B", quant="Q4_K_M")
    known = plan(machine(card(24, watts=360)), pins=pins).choice
    assert known is not None
    assert known.draw is not None
    # More than a card that waits, less than one at its limit and its host.
    assert 100 < known.draw.busy_w < 360 + 75
    unknown = plan(machine(card(24, watts=None)), pins=pins).choice
    assert unknown is not None
    assert unknown.draw is None


def test_each_alternative_beats_what_is_shown_before_it_in_something() -> None:
    answer = choose(machine(card(24)), CATALOGUE, Workload(), Pins())
    assert answer.choice is not None
    shown = [answer.choice]
    for option in answer.alternatives:
        assert reason(option)
        for other in shown:
            assert (
                option.quality.index > other.quality.index - 0.5
                or option.speed.decode[0].tok_s.mid > other.speed.decode[0].tok_s.mid
                or option.context_max > other.context_max
            )
        shown.append(option)
