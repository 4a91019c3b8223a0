from __future__ import annotations

from dataclasses import replace
from math import ceil
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from r1plan.hardware.machine import GpuDevice
from r1plan.plan.serving.budget import ServedKv, kv_bytes_per_token
from r1plan.plan.serving.capability import generation_of
from r1plan.plan.serving.cards import cuda_total_bytes
from r1plan.plan.serving.checkpoints import Dtype
from r1plan.plan.serving.option import ServerSettings
from r1plan.plan.serving.sharding import Parallel
from r1plan.plan.vllm.memory import batch_defaults, block_tokens, gpu_budget
from r1plan.units import GB, GIB
from tests.plan.catalogue import model
from tests.plan.vllm.logs import StartUp, gpu, start_ups

R1 = model("DeepSeek-R1-0528")
SEVENTY = model("R1-Distill-Llama-70B")
H200 = gpu(139.8)


@pytest.mark.parametrize(
    ("id_", "kv_type", "ranks", "each_layer"),
    [
        pytest.param("DeepSeek-R1-0528", "bf16", 1, 1152, id="latent"),
        pytest.param("DeepSeek-R1-0528", "bf16", 8, 1152, id="latent-is-repeated"),
        pytest.param("DeepSeek-R1-0528", "fp8", 8, 576, id="latent-fp8"),
        pytest.param("R1-Distill-Llama-70B", "bf16", 1, 4096, id="grouped"),
        pytest.param("R1-Distill-Llama-70B", "bf16", 8, 512, id="grouped-is-shared"),
        pytest.param("R1-Distill-Llama-70B", "bf16", 16, 512, id="grouped-more-gpus-than-heads"),
        pytest.param("R1-Distill-Llama-70B", "fp8", 4, 512, id="grouped-fp8"),
    ],
)
def test_a_tokens_cache_by_layer(id_: str, kv_type: ServedKv, ranks: int, each_layer: int) -> None:
    shape = model(id_).shape
    assert kv_bytes_per_token(shape, kv_type, ranks) == each_layer * shape.layers


def _planned(each: StartUp, kv_type: ServedKv = "bf16") -> tuple[float, int]:
    settings = ServerSettings(kv_type="fp8" if each.fp8_cache else kv_type)
    memory = gpu_budget(model(each.model), cast("Dtype", each.dtype), Parallel(each.tensor), each.card, settings)
    return memory.bytes_of("kv_cache") / GIB, memory.kv_tokens


def _id(each: StartUp) -> str:
    return f"{each.name.split('/')[1]}-{each.gpu}-{each.vllm}"


NVIDIA = [each for each in start_ups() if each.gpu in ("H200", "B200")]
# From 0.20.0 on vLLM deducts what CUDA graphs will take, as today.
LIKE_TODAY = [each for each in NVIDIA if each.vllm == "0.20.0"]


@pytest.mark.parametrize("each", LIKE_TODAY, ids=_id)
def test_the_cache_is_within_one_per_cent_of_what_vllm_printed(each: StartUp) -> None:
    planned, tokens = _planned(each)
    assert planned == pytest.approx(each.kv_cache_gib, rel=0.01)
    assert tokens == pytest.approx(each.kv_tokens, rel=0.035)


@pytest.mark.parametrize("each", [one for one in NVIDIA if one.vllm >= "0.18"], ids=_id)
def test_before_graphs_were_deducted_the_cache_was_up_to_their_size_larger(each: StartUp) -> None:
    assert each.kv_cache_gib is not None
    assert -1.4 < _planned(each)[0] - each.kv_cache_gib < 0.5


@pytest.mark.parametrize("each", [one for one in start_ups() if one.gpu == "MI300X"], ids=_id)
def test_on_amd_the_cache_is_never_promised_larger_than_it_was(each: StartUp) -> None:
    assert each.kv_cache_gib is not None
    assert 0 < each.kv_cache_gib - _planned(each)[0] < 10.5


@pytest.mark.parametrize("each", [one for one in start_ups() if one.vllm == "0.18.0"], ids=_id)
def test_tokens_are_the_caches_bytes_in_whole_blocks(each: StartUp) -> None:
    assert each.kv_cache_gib is not None
    kv_type: ServedKv = "fp8" if each.fp8_cache else "bf16"
    shape, generation = model(each.model).shape, generation_of(each.card)
    in_block = block_tokens(shape, kv_type, generation)
    assert (each.kv_tokens or 0) % in_block == 0
    assert each.kv_cache_gib * GIB / kv_bytes_per_token(shape, kv_type, each.tensor) == pytest.approx(
        each.kv_tokens, rel=0.006 if each.gpu == "MI300X" else 0.0002
    )


def test_eight_h100_do_not_hold_r1_in_fp8_and_eight_h200_hold_nineteen_users_at_32k() -> None:
    h100 = gpu_budget(R1, "FP8", Parallel(8), gpu(79.18, profile="h100-sxm-80gb"), ServerSettings())
    assert h100.blocks < 0
    assert h100.users(32_768) == h100.kv_tokens == h100.context_of(1) == 0
    h200 = gpu_budget(R1, "FP8", Parallel(8), H200, ServerSettings())
    assert h200.users(32_768) == 19


def test_one_user_of_r1_needs_about_what_vllms_recipe_states() -> None:
    memory = gpu_budget(R1, "FP8", Parallel(8), H200, ServerSettings())
    machine = 8 * memory.needed_bytes(32_768, 1) / memory.allowed_bytes * memory.total_bytes
    assert machine / GB == pytest.approx(805, rel=0.04)


@pytest.mark.parametrize(
    ("context", "users"),
    [
        pytest.param(16 * 99, 1, id="one-block-less"),
        pytest.param(16 * 99 + 1, 1, id="into-the-last-block"),
        pytest.param(16 * 100 - 1, 1, id="n-1"),
        pytest.param(16 * 100, 1, id="n"),
        pytest.param(16 * 100 + 1, 0, id="n+1"),
        pytest.param(16 * 50, 2, id="half"),
        pytest.param(16 * 50 + 1, 1, id="half-and-one"),
        pytest.param(16, 100, id="a-block-each"),
        pytest.param(17, 50, id="two-blocks-each"),
    ],
)
def test_users_need_whole_blocks_of_a_hundred(context: int, users: int) -> None:
    memory = replace(gpu_budget(R1, "FP8", Parallel(8), H200, ServerSettings()), blocks=101)  # one stays empty
    assert memory.users(context) == users


def test_the_context_of_some_users_is_the_longest_that_holds_them() -> None:
    memory = gpu_budget(R1, "FP8", Parallel(8), H200, ServerSettings())
    for users in (1, 2, 3, 7, 19, 20, 1024):
        longest = memory.context_of(users)
        assert memory.users(longest) >= users
        assert memory.users(longest + memory.block_tokens) < users
    assert memory.context_of(1025) == 0  # more than vLLM runs at once


def test_one_cache_for_all_gpus_holds_eight_times_as_much() -> None:
    alone = gpu_budget(R1, "FP8", Parallel(8), H200, ServerSettings())
    shared = gpu_budget(R1, "FP8", Parallel(8, context=8), H200, ServerSettings())
    assert shared.kv_tokens == 8 * alone.kv_tokens
    assert shared.parts == alone.parts


def test_repeated_attention_serves_more_users_from_less_cache_each() -> None:
    alone = gpu_budget(R1, "FP8", Parallel(8), H200, ServerSettings())
    repeated = gpu_budget(R1, "FP8", Parallel(1, data=8), H200, ServerSettings())
    assert repeated.bytes_of("kv_cache") < alone.bytes_of("kv_cache")
    assert repeated.users(32_768) > 4 * alone.users(32_768)
    assert repeated.users(32_768) % 8 == 0


@given(
    gib=st.floats(2, 300),
    more=st.floats(0, 100),
    utilization=st.floats(0.3, 1.0),
    ranks=st.sampled_from([1, 2, 4, 8]),
    context=st.integers(1, 131_072),
    id_=st.sampled_from(["DeepSeek-R1-0528", "R1-Distill-Llama-70B", "R1-Distill-Llama-8B"]),
    kv_type=st.sampled_from(["bf16", "fp8"]),
)
def test_more_memory_never_holds_fewer_and_parts_add_up_to_what_vllm_may_use(
    gib: float, more: float, utilization: float, ranks: int, context: int, id_: str, kv_type: ServedKv
) -> None:
    settings = ServerSettings(kv_type=kv_type, utilization=utilization, batched_tokens=8192, sequences=1024)
    each, dtype = model(id_), "FP8"
    less_memory, memory = (
        gpu_budget(each, cast("Dtype", dtype), Parallel(ranks), gpu(size), settings) for size in (gib, gib + more)
    )
    assert memory.users(context) >= less_memory.users(context)
    assert memory.allowed_bytes == ceil(memory.total_bytes * utilization)
    if memory.blocks >= 0:
        assert 0 <= memory.allowed_bytes - memory.used_bytes < memory.block_bytes
    users = memory.users(context)
    if users:
        assert memory.needed_bytes(context, users) <= memory.allowed_bytes
    if users < memory.sequences:
        assert memory.needed_bytes(context, users + 1) > memory.allowed_bytes


@pytest.mark.parametrize(
    ("card", "tokens", "sequences"),
    [
        pytest.param(gpu(178.0, profile="b200-sxm"), 16_384, 1024, id="b200"),
        pytest.param(gpu(139.8), 8_192, 1024, id="h200"),
        pytest.param(gpu(79.2, profile="h100-sxm-80gb"), 8_192, 1024, id="h100"),
        pytest.param(gpu(79.2, profile="a100-sxm-80gb"), 2_048, 256, id="a100"),
        pytest.param(gpu(23.6, profile="rtx-4090"), 2_048, 256, id="small"),
    ],
)
def test_the_largest_batch_is_vllms_own_for_the_card(card: GpuDevice, tokens: int, sequences: int) -> None:
    assert batch_defaults(card) == (tokens, sequences)


def test_what_something_else_holds_is_not_the_drivers_share() -> None:
    busy = replace(H200, free_bytes=H200.total_bytes - 30 * GIB)
    assert cuda_total_bytes(busy) > 0.98 * H200.total_bytes
    assert not gpu_budget(R1, "FP8", Parallel(8), busy, ServerSettings(utilization=0.92)).starts
    assert gpu_budget(R1, "FP8", Parallel(8), busy, ServerSettings(utilization=0.7)).starts


def test_each_figure_says_what_it_rests_on() -> None:
    on_h200 = {part.term: part.basis for part in gpu_budget(R1, "FP8", Parallel(8), H200, ServerSettings()).parts}
    assert set(on_h200.values()) == {"calibrated", "exact"}
    old = gpu(79.2, profile="a100-sxm-80gb")
    on_a100 = {part.term: part.basis for part in gpu_budget(SEVENTY, "BF16", Parallel(4), old, ServerSettings()).parts}
    assert on_a100["activations"] == on_a100["cuda_graphs"] == "assumed"
