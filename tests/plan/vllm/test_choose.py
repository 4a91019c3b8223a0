from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from r1plan.catalog.model import Model
from r1plan.cli.options.machine import machine_from_options
from r1plan.deploy.vllm import serve_commands
from r1plan.errors import NotFound, NothingFits, UsageError
from r1plan.hardware.machine import Machine
from r1plan.plan.pins import Pins
from r1plan.plan.plan import Plan
from r1plan.plan.reasons import kind_of
from r1plan.plan.serving.choose import choose_served
from r1plan.plan.serving.option import Computed, ServerSettings, ServingOption, ServingPins
from r1plan.plan.serving.sharding import Parallel
from r1plan.plan.serving.speed.causes import ServedWork
from r1plan.plan.serving.speed.timing import ServedTime
from r1plan.plan.serving.speed.user import user_speed
from r1plan.plan.speed import Speed
from r1plan.plan.vllm.planner import VLLM, VllmPlanner
from r1plan.plan.vllm.step import step_reads
from r1plan.plan.workload import Objective, Workload
from r1plan.render.plan.words import plan_notes
from r1plan.units import GIB
from tests.plan.catalogue import CATALOGUE, model, reason
from tests.plan.vllm.logs import gpu


def plan(on: Machine, workload: Workload | None = None, **pins: Any) -> Plan[ServingOption]:
    return choose_served(VLLM, on, CATALOGUE, workload or Workload(), ServingPins(**pins))


def server(card: str, **pins: Any) -> Plan[ServingOption]:
    return plan(machine_from_options(gpu=[card]), **pins)


def chosen(on: Plan[ServingOption]) -> ServingOption:
    assert on.choice is not None
    return on.choice


def speed(of: Model, parallel: Parallel, users: int, depths: tuple[int, ...]) -> Speed:
    """In FP8 on H200."""
    reads = step_reads(of, "FP8", parallel)
    how = Computed(weight_only=False, half=False, times_as_fast=2)
    work = ServedWork(of, parallel, gpu(139.8), "bf16", reads, how)
    return user_speed(ServedTime(work, "vllm"), users, depths)


def reason_of(on: Plan[ServingOption], id_: str) -> str:
    return next(reason(each) for each in on.rejected if each.id == id_)


@pytest.mark.parametrize(
    ("card", "id_", "least", "most"),
    [
        pytest.param("h200-sxm-141gb:8", "DeepSeek-R1-0528:FP8", 18, 20, id="8xH200"),
        pytest.param("b200:8", "DeepSeek-R1-0528:FP8", 32, 37, id="8xB200"),
        pytest.param("mi300x:8", "DeepSeek-R1-0528:FP8", 30, 42, id="8xMI300X"),
        pytest.param("h100-sxm-80gb:8", "DeepSeek-R1-0528:GPTQ", 7, 11, id="8xH100"),
        pytest.param("h200-sxm-141gb:4", "DeepSeek-R1-0528:GPTQ", 13, 17, id="4xH200"),
        pytest.param("h100-sxm-80gb:4", "R1-Distill-Llama-70B:FP8", 18, 23, id="4xH100"),
        pytest.param("a100-sxm-80gb:8", "DeepSeek-R1-0528:GPTQ", 8, 12, id="8xA100"),
        pytest.param("b200:4", "DeepSeek-R1-0528:NVFP4", 20, 32, id="4xB200"),
    ],
)
def test_a_server_gets_the_best_that_it_holds_and_how_many_users(card: str, id_: str, least: int, most: int) -> None:
    choice = chosen(server(card))
    assert choice.id == id_
    assert choice.context == 32_768
    assert least <= choice.users <= most


def test_eight_h100_are_told_what_r1_in_fp8_lacks() -> None:
    said = reason_of(server("h100-sxm-80gb:8"), "DeepSeek-R1-0528:FP8")
    assert said == "needs 89.2 GiB on each of 8 GPUs for 32,768 tokens, vLLM may use 72.8"


def test_a_pinned_option_is_answered_for_even_when_it_does_not_fit() -> None:
    choice = chosen(server("h100-sxm-80gb:8", model="deepseek-r1", dtype="fp8"))
    assert choice.id == "DeepSeek-R1:FP8"
    assert not choice.fits
    assert reason(choice).startswith("needs ")


def test_a_pinned_option_that_vllm_refuses_is_no_choice() -> None:
    on = server("h200-sxm-141gb:8", model="DeepSeek-R1", dtype="NVFP4")
    assert on.choice is None
    assert on.nearest_miss is not None
    assert reason(on.nearest_miss) == "needs Blackwell cards, such as B200, to compute with it"


def test_wanted_users_are_held_or_the_option_says_how_many_it_holds() -> None:
    on = server("h200-sxm-141gb:8", context=32_768, users=20)
    assert chosen(on).parallel == Parallel(8, context=8)  # plain tensor parallelism holds 19
    assert chosen(on).users >= 20
    on = server("h200-sxm-141gb:8", context=32_768, users=2000, model="DeepSeek-R1-0528", dtype="FP8")
    assert not chosen(on).fits
    assert reason(chosen(on)) == "holds 154 users of 32,768 tokens, 2,000 asked"


def test_without_a_context_it_shrinks_until_the_users_fit() -> None:
    choice = chosen(server("h200-sxm-141gb:8", users=20, model="DeepSeek-R1-0528", dtype="FP8"))
    assert choice.parallel == Parallel(8)
    assert choice.context == 30_720
    assert choice.users >= 20


def test_the_best_quality_is_taken_when_it_is_wished_for() -> None:
    on = machine_from_options(gpu=["h100-sxm-80gb:8"])
    by_wish = {wish: chosen(plan(on, Workload(objective=wish))) for wish in ("balanced", "quality", "speed", "cost")}
    assert by_wish["quality"].id == "DeepSeek-R1-0528:GPTQ"
    assert by_wish["quality"].quality.index >= by_wish["balanced"].quality.index
    assert by_wish["speed"].tok_s >= by_wish["balanced"].tok_s >= by_wish["quality"].tok_s
    assert by_wish["cost"].tok_s / by_wish["cost"].parallel.gpus >= by_wish["speed"].tok_s / 8


def test_a_context_too_short_to_think_in_goes_behind_and_one_below_4096_does_not_fit() -> None:
    on = server("h100-sxm-80gb")
    assert chosen(on).id == "R1-Distill-Qwen-32B:FP8"
    assert "for 4,096 tokens" in reason_of(on, "R1-Distill-Llama-70B:FP8")
    shown = [chosen(on), *on.alternatives]
    assert all(option.context >= 16_384 for option in shown[:2])


def test_heads_that_do_not_divide_leave_cards_out() -> None:
    choice = chosen(server("h100-sxm-80gb:8", model="R1-Distill-Qwen-7B", dtype="BF16"))
    assert choice.parallel == Parallel(4)
    assert len(choice.gpus) == 4


def test_of_unequal_cards_those_alike_work_and_the_smallest_counts() -> None:
    mixed = plan(machine_from_options(gpu=["h200-sxm-141gb:8", "h100-sxm-80gb:2"]))
    assert plan_notes(mixed) == ("Tensor parallelism wants equal cards: H100 SXM5 80 GB left out.",)
    assert len(chosen(mixed).gpus) == 8
    whole = machine_from_options(gpu=["h200-sxm-141gb:8"])
    shared = replace(
        whole,
        gpus=tuple(replace(each, free_bytes=each.free_bytes - (each.index == 3) * 9 * GIB) for each in whole.gpus),
    )
    on = plan(shared)
    assert "gpu3" in plan_notes(on)[0]
    assert chosen(on).memory.free_bytes == shared.gpus[3].free_bytes


def test_a_pinned_share_that_others_fill_is_refused_with_what_is_free() -> None:
    said = reason_of(plan(_busy(40), settings=ServerSettings(utilization=0.92)), "R1-Distill-Qwen-7B:BF16")
    assert said == "wants 72.2 GiB on the GPU (--gpu-memory-utilization 0.92), 40.0 free"


@pytest.mark.parametrize(("free", "share"), [(40, 0.5), (20, 0.24), (73, 0.92)])
def test_of_a_card_that_others_fill_the_share_is_what_is_free(free: int, share: float) -> None:
    choice = chosen(plan(_busy(free), model="R1-Distill-Qwen-7B", dtype="AWQ"))
    assert choice.memory.utilization == share
    assert choice.memory.starts
    told = [word for command in serve_commands(choice) for word in command.split() if word == f"{share:g}"]
    assert told == ([] if share == 0.92 else [f"{share:g}"])


def test_where_others_leave_nothing_the_memory_is_what_is_missing() -> None:
    on = plan(_busy(1), model="R1-Distill-Qwen-7B", dtype="AWQ")
    assert not chosen(on).fits
    assert reason(chosen(on)).startswith("needs ")


def _busy(free_gib: int) -> Machine:
    whole = machine_from_options(gpu=["h100-sxm-80gb"])
    return replace(whole, gpus=(replace(whole.gpus[0], free_bytes=free_gib * GIB),))


@pytest.mark.parametrize(
    ("options", "message", "code"),
    [
        pytest.param({"gpu": ["m3-max-40c"]}, "Apple M3 Max", 3, id="apple"),
        pytest.param({"gpu": ["rtx-4090"], "cpu_only": True}, "--cpu-only", 2, id="contradiction"),
    ],
)
def test_machines_without_a_card_for_it_are_refused(options: dict[str, Any], message: str, code: int) -> None:
    with pytest.raises(NothingFits if code == 3 else UsageError) as refused:
        plan(machine_from_options(**options))
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("share", "hint"),
    [(92, "did you mean 0.92?"), (1.5, "vLLM's own is 0.92."), (0, "vLLM's own is 0.92."), (-1, "vLLM's own is 0.92.")],
)
def test_a_share_that_is_none_is_refused(share: float, hint: str) -> None:
    with pytest.raises(UsageError) as refused:
        VllmPlanner().checked(Pins(gpu_memory_utilization=share))
    assert refused.value.hint == hint


def test_pins_that_cannot_be_meant_are_refused() -> None:
    with pytest.raises(NotFound):
        server("h200-sxm-141gb:8", model="R2")
    with pytest.raises(NotFound) as unknown:
        server("h200-sxm-141gb:8", dtype="Q4_K_M")
    assert unknown.value.hint == "vLLM serves BF16, FP16, FP8, AWQ, GPTQ, NVFP4, MXFP4"
    with pytest.raises(UsageError) as long:
        server("h200-sxm-141gb:8", context=200_000)
    assert long.value.hint == "ask for at most --context 163840"


@pytest.mark.parametrize("objective", ["balanced", "quality", "speed", "cost"])
def test_every_option_shown_fits_and_none_is_shown_twice(objective: Objective) -> None:
    for card in ("h200-sxm-141gb:8", "h100-sxm-80gb:4", "rtx-4090:2", "l40s", "mi300x", "t4:4"):
        on = plan(machine_from_options(gpu=[card]), Workload(objective=objective))
        shown = [chosen(on), *on.alternatives]
        assert all(option.fits and reason(option) for option in shown)
        assert len({(option.id, option.parallel) for option in shown}) == len(shown)
        assert {option.id for option in shown}.isdisjoint(
            each.id for each in on.rejected if kind_of(each.cause) != "slow"
        )


def test_an_fp8_cache_holds_twice_the_users() -> None:
    plain = chosen(server("h200-sxm-141gb:8", model="DeepSeek-R1-0528", dtype="FP8"))
    small = chosen(
        server("h200-sxm-141gb:8", model="DeepSeek-R1-0528", dtype="FP8", settings=ServerSettings(kv_type="fp8"))
    )
    assert small.users in (2 * plain.users, 2 * plain.users + 1)
    assert small.memory.block_tokens == 64


def test_the_speed_is_near_the_one_public_sweep() -> None:
    measured = {8: 12.8, 16: 17.2, 32: 25.6, 64: 34.6}  # SemiAnalysisAI/InferenceX issue 870
    for users, milliseconds in measured.items():
        rate = speed(model("DeepSeek-R1-0528"), Parallel(8), users, (1536,)).decode[0].tok_s
        assert 1000 / rate.mid == pytest.approx(milliseconds, rel=0.22)
        assert rate.low < 1000 / milliseconds < rate.high


@pytest.mark.parametrize(
    ("card", "name", "dtype", "users", "measured"),
    [
        # the model card of cognitivecomputations/DeepSeek-R1-AWQ: tokens a second of each request
        pytest.param("h100-sxm-80gb:8", "DeepSeek-R1", "AWQ", 1, 61.5, id="r1-8xH100"),
        pytest.param("h200-sxm-141gb:4", "DeepSeek-R1", "AWQ", 1, 58.4, id="r1-4xH200"),
        pytest.param("a100-sxm-80gb:8", "DeepSeek-R1", "AWQ", 1, 46.8, id="r1-8xA100"),
        pytest.param("l40s:8", "DeepSeek-R1", "AWQ", 1, 46.3, id="r1-8xL40S"),
        pytest.param("h100-sxm-80gb:8", "DeepSeek-R1", "AWQ", 32, 30.1, id="r1-8xH100-32"),
        pytest.param("h200-sxm-141gb:4", "DeepSeek-R1", "AWQ", 32, 19.8, id="r1-4xH200-32"),
        pytest.param("a100-sxm-80gb:8", "DeepSeek-R1", "AWQ", 32, 12.8, id="r1-8xA100-32"),
        # the model card of neuralmagic/DeepSeek-R1-Distill-Qwen-32B-quantized.w4a16: seconds for 256 in and 128 out
        pytest.param("rtx-a6000", "R1-Distill-Qwen-32B", "GPTQ", 1, 128 / 3.9, id="32b-A6000"),
        pytest.param("a100-sxm-80gb", "R1-Distill-Qwen-32B", "GPTQ", 1, 128 / 2.2, id="32b-A100"),
        pytest.param("h100-sxm-80gb", "R1-Distill-Qwen-32B", "GPTQ", 1, 128 / 2.1, id="32b-H100"),
        pytest.param("h100-sxm-80gb", "R1-Distill-Qwen-32B", "FP8", 1, 128 / 2.2, id="32b-H100-fp8"),
        pytest.param("a100-sxm-80gb", "R1-Distill-Qwen-32B", "BF16", 1, 128 / 5.6, id="32b-A100-bf16"),
    ],
)
def test_what_model_cards_measured_lies_in_the_predicted_range(
    card: str, name: str, dtype: str, users: int, measured: float
) -> None:
    depth = 4_224 if users > 1 else 320
    work = Workload(input_tokens=depth, thinking_tokens=0, answer_tokens=1)
    choice = chosen(plan(machine_from_options(gpu=[card]), work, model=name, dtype=dtype, context=8_192, users=users))
    rate = choice.speed.decode[0].tok_s
    assert rate.low < measured < rate.high


def test_more_users_and_deeper_contexts_are_never_faster_for_each() -> None:
    for id_, parallel in (("DeepSeek-R1-0528", Parallel(8)), ("R1-Distill-Llama-70B", Parallel(4))):
        speeds = [speed(model(id_), parallel, users, (0, 4096, 32_768)) for users in (1, 2, 16, 256)]
        for found in speeds:
            mids = [each.tok_s.mid for each in found.decode]
            assert mids == sorted(mids, reverse=True)
        firsts = [found.decode[0].tok_s.mid for found in speeds]
        assert firsts == sorted(firsts, reverse=True)


@pytest.mark.parametrize(
    ("called", "dtype"),
    [("w4a16", "GPTQ"), ("Int4", "GPTQ"), ("bfloat16", "BF16"), ("fp8-dynamic", "FP8"), ("awq", "AWQ")],
)
def test_a_type_is_found_under_its_other_names(called: str, dtype: str) -> None:
    assert chosen(server("rtx-4090", model="R1-Distill-Qwen-7B", dtype=called)).dtype == dtype


def test_for_many_users_what_is_unpacked_is_no_faster_than_sixteen_bits() -> None:
    def rate(card: str, dtype: str, users: int) -> float:
        on = server(card, model="R1-Distill-Qwen-32B", dtype=dtype, users=users, context=1024)
        return next(option.tok_s for option in on.options if option.parallel.gpus == 1)

    assert rate("a100-sxm-80gb", "FP8", 1) > 1.3 * rate("a100-sxm-80gb", "BF16", 1)  # it reads half as much
    assert rate("a100-sxm-80gb", "FP8", 256) <= rate("a100-sxm-80gb", "BF16", 256)
    assert rate("h100-sxm-80gb", "FP8", 256) > 1.1 * rate("h100-sxm-80gb", "BF16", 256)


def test_a_checkpoint_that_was_reported_not_to_load_is_only_shown_to_who_asks_for_it() -> None:
    for wish in ("balanced", "quality", "speed", "cost"):
        on = plan(machine_from_options(gpu=["h100-sxm-80gb:8"]), Workload(objective=wish))
        assert "DeepSeek-R1-0528:AWQ" not in {option.id for option in on.options}
    asked = server("h100-sxm-80gb:8", model="DeepSeek-R1", dtype="AWQ")
    assert reason(chosen(asked)).startswith("as asked, though not recommended: vLLM since 0.10")


@pytest.mark.parametrize("card", ["rtx-3060-12gb", "rtx-4090:2", "a100-sxm-80gb:8", "mi300x:8", "h100-sxm-80gb:16"])
@pytest.mark.parametrize("dtype", ["BF16", "FP8", "AWQ", "GPTQ"])
@pytest.mark.parametrize("users", [1, 7])
def test_along_the_edge_of_what_fits_every_pinned_call_has_a_choice_or_a_reason(
    card: str, dtype: str, users: int
) -> None:
    for name in ("R1-Distill-Qwen-7B", "R1-Distill-Qwen-32B", "DeepSeek-R1"):
        pins = {"model": name, "dtype": dtype, "users": users}
        on = server(card, **pins)
        longest = max((option.context_max for option in on.options), default=0)
        for context in {1, longest - 1, longest, longest + 1, model(name).context_max}:
            if not 0 < context <= model(name).context_max:
                continue
            pinned = server(card, **pins, context=context)
            fits = pinned.choice is not None and pinned.choice.fits
            assert fits != bool(pinned.rejected)
            assert not fits or context <= longest
            assert fits or context != longest
