"""The memory model says what the engine says: KV cache and compute buffer on the CPU backend, to 0.1 %."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest

from r1plan.catalog.load import load_models
from r1plan.plan.llamacpp.compute.buffers import PlacedRuns, compute_bytes, runs_of
from r1plan.plan.llamacpp.memory.buffers import cells_of
from r1plan.plan.llamacpp.memory.cache import kv_bytes_per_cell
from r1plan.plan.llamacpp.settings import KV_TYPES, EngineSettings
from r1plan.plan.llamacpp.weights.layers import stock_weights
from r1plan.plan.pins import KvType
from r1plan.units import MIB
from tests.oracle.dry_run import dry_run
from tests.oracle.gguf_writer import write_header
from tests.plan.deepseek32 import V32, V32_SMALL

NAMES = [
    "R1-Distill-Qwen-1.5B",
    "R1-Distill-Qwen-7B",
    "R1-Distill-Llama-8B",
    "R1-0528-Qwen3-8B",
    "R1-Distill-Qwen-14B",
    "R1-Distill-Qwen-32B",
    "R1-Distill-Llama-70B",
    "DeepSeek-R1",
    "DeepSeek-V3.2",
    "DeepSeek-V3.2-small",
]
MODELS = {**load_models(), V32.id: V32, V32_SMALL.id: V32_SMALL}
CONTEXTS = (1024, 10_240, 131_072)
UBATCHES = (32, 512, 2048)
# Slots, and whether they share one cache; three does not divide a micro-batch.
SLOTS = ((1, False), (4, True), (4, False), (3, True))
PLAIN: tuple[KvType, ...] = ("f16", "bf16", "f32")  # what may be cached without flash attention
PRINTED = 0.006  # the log rounds to two decimals


def settings_of(kv_type: KvType, n_ubatch: int, slots: int, one_cache: bool, flash_attn: bool) -> EngineSettings:
    """A plain context for one slot, llama-server's for more."""
    return EngineSettings(
        kv_type=kv_type,
        n_ubatch=n_ubatch,
        slots=slots,
        flash_attn=flash_attn,
        runtime="llama-server" if slots > 1 else "in-process",
        one_cache=one_cache,
    )


def close(predicted_bytes: int, engine_mib: float) -> bool:
    return abs(predicted_bytes / MIB - engine_mib) <= max(engine_mib * 0.001, PRINTED)


def cases() -> Iterator[tuple[int, EngineSettings]]:
    """Contexts of one cache, and settings: every cache type, and every way to share a cache.

    Of context, micro-batch and cache type every two meet; f16 meets every pair of the other two.
    """
    for flash_attn, types in ((True, tuple(KV_TYPES)), (False, PLAIN)):
        grid = product(enumerate(CONTEXTS), enumerate(UBATCHES), enumerate(types))
        for (at, n_ctx), (by, n_ubatch), (of, kv_type) in grid:
            if kv_type == "f16" or (at + by + of) % len(UBATCHES) == 0:
                yield n_ctx, settings_of(kv_type, n_ubatch, 1, False, flash_attn)
    for n_ctx, (slots, one_cache), flash_attn in product(CONTEXTS, SLOTS[1:], (True, False)):
        yield n_ctx, settings_of("f16", 512, slots, one_cache, flash_attn)


@pytest.mark.parametrize("name", NAMES)
def test_the_engine_allocates_what_the_memory_model_says(name: str, tmp_path: Path) -> None:
    model = MODELS[name]
    weights = stock_weights(model.architecture, model.shape, "Q4_K_M")
    runs = runs_of(weights, model.shape.layers, (), weights.expert_layers)
    wrong: list[tuple[object, ...]] = []
    with dry_run(write_header(tmp_path / "model.gguf", model, "Q4_K_M")) as engine:
        for n_ctx, settings in cases():
            cells = cells_of(n_ctx, 1)
            said = engine.buffers(
                n_ctx * settings.caches,
                n_ubatch=settings.n_ubatch,
                kv_type=settings.kv_type,
                flash_attn=settings.flash_attn,
                slots=settings.slots,
                one_cache=settings.one_cache or settings.slots == 1,
                outputs=settings.slots if settings.slots > 1 else None,
            )
            kv_cache = kv_bytes_per_cell(model.shape, settings.kv_type) * cells * settings.caches
            (compute,) = compute_bytes(model.architecture, model.shape, settings, cells, PlacedRuns(runs, 0, 1))
            if not (close(kv_cache, said.kv_cache_mib) and close(compute, said.compute_mib)):
                wrong.append((n_ctx, settings, kv_cache / MIB, compute / MIB, said))
    assert wrong == []


def test_r1s_cache_is_2196_mib_at_32k(tmp_path: Path) -> None:
    model = load_models()["DeepSeek-R1"]
    with dry_run(write_header(tmp_path / "r1.gguf", model, "Q4_K_M")) as engine:
        assert engine.buffers(32_768).kv_cache_mib == 2196.0
    assert kv_bytes_per_cell(model.shape, "f16") * 32_768 == 2196 * MIB
