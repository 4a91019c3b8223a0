"""The memory model says what the engine says: KV cache and compute buffer on the CPU backend, to 0.1 %."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest

from r1plan.catalog.load import load_models
from r1plan.plan.buffers import EngineSettings, cells_of, cpu_peaks, kv_bytes_per_cell
from r1plan.plan.workload import KvType
from r1plan.units import MIB
from tests.oracle.dry_run import Buffers, dry_run
from tests.oracle.gguf_writer import write_header

DENSE = [
    "R1-Distill-Qwen-1.5B",
    "R1-Distill-Qwen-7B",
    "R1-Distill-Llama-8B",
    "R1-0528-Qwen3-8B",
    "R1-Distill-Qwen-14B",
    "R1-Distill-Qwen-32B",
    "R1-Distill-Llama-70B",
]
CONTEXTS = (4096, 131_072)
UBATCHES = (128, 512, 2048)
KV_TYPES: tuple[KvType, ...] = ("f16", "q8_0", "q4_0")
PRINTED = 0.006  # the log rounds to two decimals


def settings_of(kv_type: KvType, n_ubatch: int, server: bool, one_cache: bool, flash_attn: bool) -> EngineSettings:
    """A plain context, or llama-server's four slots."""
    return EngineSettings(
        kv_type=kv_type,
        n_ubatch=n_ubatch,
        slots=4 if server else 1,
        flash_attn=flash_attn,
        runtime="llama-server" if server else "in-process",
        one_cache=one_cache,
    )


def close(predicted_bytes: int, engine_mib: float) -> bool:
    return abs(predicted_bytes / MIB - engine_mib) <= max(engine_mib * 0.001, PRINTED)


@pytest.mark.parametrize("name", [*DENSE, "DeepSeek-R1"])
def test_the_engine_allocates_what_the_memory_model_says(name: str, tmp_path: Path) -> None:
    model = load_models()[name]
    wrong: list[tuple[object, ...]] = []
    with dry_run(write_header(tmp_path / "model.gguf", model, "Q4_K_M")) as engine:
        for n_ctx, n_ubatch, kv_type, server in product(CONTEXTS, UBATCHES, KV_TYPES, (False, True)):
            settings = settings_of(kv_type, n_ubatch, server, one_cache=server, flash_attn=True)
            cells = cells_of(n_ctx, settings.caches)
            said = engine.buffers(
                n_ctx,
                n_ubatch=n_ubatch,
                kv_type=kv_type,
                slots=settings.slots,
                outputs=settings.slots if server else None,
            )
            if not close(kv_bytes_per_cell(model.shape, kv_type) * cells, said.kv_cache_mib):
                wrong.append(("kv", n_ctx, kv_type, said))
            compute = max(peak.at(cells) for peak in cpu_peaks(model.shape, settings))
            # A quantised cache's third hidden state is always counted, and sometimes not needed.
            spare = 0 if kv_type == "f16" or server else 4 * n_ubatch * model.shape.hidden_size
            if not (close(compute, said.compute_mib) or 0 <= compute / MIB - said.compute_mib <= spare / MIB + PRINTED):
                wrong.append(("compute", n_ctx, n_ubatch, kv_type, server, compute / MIB, said))
    assert wrong == []


@pytest.mark.parametrize("name", ["R1-Distill-Qwen-7B", "R1-Distill-Llama-70B"])
def test_four_caches_of_their_own_have_a_quarter_of_the_mask(name: str, tmp_path: Path) -> None:
    model = load_models()[name]
    settings = settings_of("f16", 512, server=True, one_cache=False, flash_attn=True)
    with dry_run(write_header(tmp_path / "model.gguf", model, "Q4_K_M")) as engine:
        said = engine.buffers(32_768, slots=4, one_cache=False, outputs=4)
    cells = cells_of(32_768 // 4, settings.caches)
    assert close(max(peak.at(cells) for peak in cpu_peaks(model.shape, settings)), said.compute_mib)


@pytest.mark.parametrize("name", DENSE)
def test_without_flash_attention_long_contexts_pay_for_every_head(name: str, tmp_path: Path) -> None:
    model = load_models()[name]
    settings = settings_of("f16", 512, server=False, one_cache=False, flash_attn=False)
    with dry_run(write_header(tmp_path / "model.gguf", model, "Q4_K_M")) as engine:
        said: Buffers = engine.buffers(32_768, flash_attn=False)
    assert close(max(peak.at(32_768) for peak in cpu_peaks(model.shape, settings)), said.compute_mib)


def test_r1s_cache_is_2196_mib_at_32k(tmp_path: Path) -> None:
    model = load_models()["DeepSeek-R1"]
    with dry_run(write_header(tmp_path / "r1.gguf", model, "Q4_K_M")) as engine:
        assert engine.buffers(32_768).kv_cache_mib == 2196.0
    assert kv_bytes_per_cell(model.shape, "f16") * 32_768 == 2196 * MIB
