"""DeepSeek-V4 on vLLM: its checkpoint's bytes on each GPU, its pool of blocks, and what its logs and recipes say."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from r1plan.catalog.model import Model
from r1plan.cli.options.machine import machine_from_options
from r1plan.deploy.vllm import serve_commands
from r1plan.plan.serving.budget import kv_bytes_per_token
from r1plan.plan.serving.checkpoints import published_in, trained_in
from r1plan.plan.serving.choose import choose_served
from r1plan.plan.serving.option import ServerSettings, ServingPins
from r1plan.plan.serving.sharding import Hosts, Parallel, parallel_configs
from r1plan.plan.vllm.memory import gpu_budget
from r1plan.plan.vllm.planner import VLLM
from r1plan.plan.vllm.step import step_reads
from r1plan.plan.vllm.streams import stream_pool
from r1plan.plan.vllm.weights import incompatibility, weights_bytes
from r1plan.plan.workload import Workload
from r1plan.render.plan.engines.vllm import VllmView
from r1plan.units import GB, GIB
from tests.plan.catalogue import CATALOGUE
from tests.plan.deepseek4 import V4_FLASH, V4_PRO
from tests.plan.vllm.logs import gpu

B200 = gpu(178.36, profile="b200-sxm")


def test_the_checkpoint_is_the_makers_own_with_its_experts_in_four_bits() -> None:
    assert trained_in(V4_FLASH) == "MXFP4"
    assert published_in(V4_FLASH) == ("MXFP4",)


@pytest.mark.parametrize(
    ("model", "size_gb", "without_gb"),
    # deepseek-ai's repositories: about 160 GB and 865 GB, with a layer that predicts further tokens, which has 6.6
    # billion parameters in Flash, and as many experts as any layer of Pro.
    [(V4_FLASH, 160, 3.7), (V4_PRO, 865, 14.0)],
    ids=["flash", "pro"],
)
def test_one_gpu_would_hold_the_checkpoint(model: Model, size_gb: float, without_gb: float) -> None:
    assert weights_bytes(model, "MXFP4", Parallel(1)) / GB == pytest.approx(size_gb - without_gb, rel=0.01)


@pytest.mark.parametrize(
    ("model", "parallel", "why"),
    [
        pytest.param(V4_FLASH, Parallel(8), None, id="flash-8"),
        pytest.param(V4_FLASH, Parallel(16), "8 groups of attention's outputs do not divide by 16", id="flash-16"),
        pytest.param(V4_PRO, Parallel(16), "3,072 wide, is not split in whole", id="pro-16"),
        pytest.param(V4_FLASH, Parallel(3), "64 attention heads do not divide by 3", id="flash-3"),
        pytest.param(V4_FLASH, Parallel(1, data=4), None, id="flash-experts-over-4"),
        pytest.param(V4_FLASH, Parallel(8, context=8), "not shared between GPUs", id="flash-one-cache"),
    ],
)
def test_what_vllm_splits(model: Model, parallel: Parallel, why: str | None) -> None:
    said = incompatibility(model, "MXFP4", parallel)
    assert (said is None) if why is None else (said is not None and why in said)


def test_experts_are_spread_where_the_attention_is_repeated() -> None:
    tried = set(parallel_configs(Hosts(1, 8), V4_FLASH))
    assert Parallel(1, data=8) in tried
    assert all(each.context == 1 for each in tried)


def test_a_block_holds_the_compressed_keys_of_256_tokens() -> None:
    # 21 layers of 64 keys of 584 bytes and of 132 of the indexer, and 20 of two keys; each in whole 576 bytes.
    flash = stream_pool(V4_FLASH.shape, range(43), 8_192, 1)
    assert flash.block_bytes == 21 * (37_440 + 8_640) + 20 * 1_728
    # The window in two groups of layers, and the states that compressors look back on.
    assert flash.windows == ((127, 64), (127, 64), (7, 4), (127, 8))
    assert flash.in_flight_tokens == 8_192
    # A stage of a pipeline that holds no compressed key has blocks of a window's keys.
    assert stream_pool(V4_FLASH.shape, range(2), 8_192, 2).block_bytes == 2 * 37_440


@pytest.mark.parametrize(
    ("parallel", "requests"),
    [pytest.param(Parallel(8), 20.43, id="tensor"), pytest.param(Parallel(1, data=8), 156.9 / 8, id="data")],
)
def test_eight_b200_hold_as_many_requests_as_their_logs_say(parallel: Parallel, requests: float) -> None:
    # vllm-project/vllm 51454 (August 2026): "Maximum concurrency" for 1,048,576 tokens, DeepSeek-V4-Flash-0731; batches
    # of 8,192 tokens, one at a time. It counts as if each request had a whole batch in flight.
    pool = stream_pool(V4_FLASH.shape, range(43), 8_192, 1)
    a_request = 1_048_576 // 256 + sum(-(-(each.tokens + 8_192) // each.block_tokens) + 1 for each in pool.windows)
    budget = gpu_budget(V4_FLASH, "MXFP4", parallel, B200, ServerSettings(batched_tokens=8_192))
    there = budget.allowed_bytes - budget.fixed_bytes
    assert requests * a_request * pool.block_bytes / GIB == pytest.approx(there / GIB, rel=0.03)


def test_requests_share_what_is_in_flight() -> None:
    budget = gpu_budget(V4_FLASH, "MXFP4", Parallel(8), B200, ServerSettings(batched_tokens=8_192))
    a_request = 32_768 // 256 + 3 + 3 + 3 + 17
    in_flight = 8_192 * 2 * (1 / 64 + 1 / 64 + 1 / 4 + 1 / 8)
    assert budget.users(32_768) == (budget.blocks - 1 - in_flight) // a_request > 800


@given(st.integers(256, 1 << 20), st.integers(1, 64))
def test_the_longest_context_of_so_many_users_is_one_that_they_have(context: int, users: int) -> None:
    budget = gpu_budget(V4_FLASH, "MXFP4", Parallel(4), B200, ServerSettings())
    longest = budget.context_of(users)
    assert longest == 0 or budget.users(longest) >= users
    assert budget.users(longest + 256) < users
    assert budget.users(context) >= budget.users(context + 256)


def test_what_a_request_holds_grows_with_its_context() -> None:
    budget = gpu_budget(V4_PRO, "MXFP4", Parallel(8), B200, ServerSettings())
    needed = [budget.needed_bytes(context, 2) for context in (256, 4_096, 65_536, 1 << 20)]
    assert all(low < high for low, high in pairwise(needed))


def test_a_tokens_cache_is_the_same_on_every_gpu_and_in_eight_bits() -> None:
    for ranks in (1, 8):
        assert kv_bytes_per_token(V4_FLASH.shape, "bf16", ranks) == round(21 * (584 + 132) / 4 + 20 * 584 / 128)


def test_a_step_reads_what_one_token_needs() -> None:
    reads = step_reads(V4_FLASH, "MXFP4", Parallel(1))
    # 10.8 GB with all that is around the experts in blocks of 8 bits; the checkpoint has compressors in 16.
    assert (reads.whole_bytes + reads.routed_bytes * reads.read_share) / GB == pytest.approx(11.3, rel=0.05)


def test_the_command_is_the_recipes() -> None:
    models = replace(CATALOGUE, models={**CATALOGUE.models, V4_FLASH.id: V4_FLASH})
    pins = ServingPins(model=V4_FLASH.id, context=65_536)
    on = choose_served(VLLM, machine_from_options(gpu=["h200-sxm-141gb:4"]), models, Workload(), pins)
    assert on.choice is not None
    assert on.choice.fits
    (command,) = serve_commands(on.choice)
    assert command.startswith("vllm serve deepseek-ai/DeepSeek-V4-Flash --max-model-len 65536 ")
    assert "--tokenizer-mode deepseek_v4 --kv-cache-dtype fp8 --block-size 256" in command
    assert VllmView().setting_fields(on.choice)["kv_type"] == "fp8"
    assert "--reasoning-parser deepseek_v4" in command


@pytest.mark.parametrize(("card", "fits"), [("h100-sxm-80gb:2", False), ("h100-sxm-80gb:4", True), ("l40s:8", False)])
def test_flash_fits_where_its_recipe_has_the_memory_and_vllm_its_attention(card: str, fits: bool) -> None:
    # 170 GB at least, on Hopper or Blackwell.
    models = replace(CATALOGUE, models={**CATALOGUE.models, V4_FLASH.id: V4_FLASH})
    on = choose_served(VLLM, machine_from_options(gpu=[card]), models, Workload(), ServingPins(model=V4_FLASH.id))
    assert any(option.fits for option in on.options) is fits
