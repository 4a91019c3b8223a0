from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from r1plan.plan.llamacpp.memory.buffers import cells_of, context_of, cpu_peaks
from r1plan.plan.llamacpp.memory.cache import kv_bytes_per_cell
from r1plan.plan.llamacpp.memory.devices import devices_of
from r1plan.plan.llamacpp.placement import DeviceLoads, Placement, device_loads
from r1plan.plan.llamacpp.settings import EngineSettings
from r1plan.plan.llamacpp.weights.layers import weights_of
from r1plan.plan.pins import KvType
from r1plan.units import MIB
from tests.plan.catalogue import MODELS, card, machine, model, quant


@pytest.mark.parametrize(
    ("id_", "f16"),
    [
        ("R1-Distill-Qwen-1.5B", 28_672),
        ("R1-Distill-Qwen-7B", 57_344),
        ("R1-Distill-Llama-8B", 131_072),
        ("R1-0528-Qwen3-8B", 147_456),
        ("R1-Distill-Qwen-14B", 196_608),
        ("R1-Distill-Qwen-32B", 262_144),
        ("R1-Distill-Llama-70B", 327_680),
        ("DeepSeek-R1", 70_272),
        ("DeepSeek-R1-0528", 70_272),
        ("DeepSeek-R1-Zero", 70_272),
    ],
)
def test_kv_cache_costs_exactly_this_a_token(id_: str, f16: int) -> None:
    shape = model(id_).shape
    assert kv_bytes_per_cell(shape, "f16") == f16
    assert kv_bytes_per_cell(shape, "q8_0") == f16 * 34 // 64
    assert kv_bytes_per_cell(shape, "q4_0") == f16 * 18 // 64


@pytest.mark.parametrize(
    ("kv_type", "context", "mib"),
    [("f16", 32_768, 2196.0), ("f16", 163_840, 10_980.0), ("q8_0", 32_768, 1166.625), ("f16", 4096, 274.5)],
)
def test_r1_cache_is_what_llama_cpp_prints(kv_type: KvType, context: int, mib: float) -> None:
    assert kv_bytes_per_cell(model("DeepSeek-R1").shape, kv_type) * cells_of(context, 1) == mib * MIB


@pytest.mark.parametrize(("context", "cells"), [(1, 256), (255, 256), (256, 256), (257, 512), (512, 512)])
def test_context_is_padded_to_256(context: int, cells: int) -> None:
    assert cells_of(context, 1) == cells
    assert cells_of(context, 4) == 4 * cells


@pytest.mark.parametrize(("cells", "caches", "context"), [(255, 1, 0), (256, 1, 256), (1023, 2, 256), (-5, 1, 0)])
def test_cells_hold_whole_steps_of_context(cells: int, caches: int, context: int) -> None:
    assert context_of(cells, caches) == context


def test_weights_of_the_mixture_split_as_its_file_does() -> None:
    weights = weights_of(model("DeepSeek-R1"), quant("DeepSeek-R1", "Q4_K_M"))
    assert weights.expert_bytes == 394_504_814_592 - weights.embedding_bytes
    assert weights.widest_expert_tensor_bytes == 2940 * MIB


@pytest.mark.parametrize("id_", MODELS)
def test_parts_of_the_weights_add_up_to_the_file(id_: str) -> None:
    for each in model(id_).quants:
        weights = weights_of(model(id_), each)
        if model(id_).architecture != "deepseek2":  # test_weights.py says what differs there
            assert weights.total_bytes == each.tensor_bytes
        assert min(weights.embedding_bytes, weights.output_bytes, weights.trunk_bytes) > 0
        layers = range(weights.layers)
        assert sum(weights.trunk_of(n, n + 1) for n in layers) == weights.trunk_bytes
        assert sum(weights.experts_of(n, n + 1) for n in layers) == weights.expert_bytes
        assert weights.experts_of(0, weights.dense_layers) == 0


def test_cpu_buffer_is_the_documented_maximum() -> None:
    shape = model("R1-Distill-Qwen-7B").shape
    logits, layer = cpu_peaks(shape, EngineSettings())
    assert logits.at(4096) == 512 * 152_064 * 4 + 2 * 512 * 3584 * 4
    assert layer.at(4096) == 512 * 4 * (3 * 18_944 + 4 * 3584) + 2 * 4096 * 512


def test_flash_attention_off_costs_r1_forty_gib_at_its_longest() -> None:
    shape = model("DeepSeek-R1").shape
    with_fa, without = (
        max(line.at(163_840) for line in cpu_peaks(shape, EngineSettings(flash_attn=on))) for on in (True, False)
    )
    assert (without - with_fa) / MIB == pytest.approx(40_960 + 160)


layouts_of_7b = st.sampled_from(["cpu", "gpu", "partial", "gpu-split"])


def laid_out(name: str, engine: EngineSettings) -> DeviceLoads:
    which = model("R1-Distill-Qwen-7B")
    weights = weights_of(which, quant(which.id, "Q4_K_M"))
    devices = devices_of(machine(card(24), card(12, index=1)))
    shares = {"cpu": (0, 0), "gpu": (28, 0), "partial": (10, 3), "gpu-split": (20, 8)}[name]
    where = Placement(name, 28, shares)  # type: ignore[arg-type]
    return device_loads(where, devices, which.shape, weights, engine, which.context_max)


@given(
    layouts_of_7b,
    st.sampled_from(["f16", "q8_0", "q4_0"]),
    st.integers(1, 131_072),
    st.integers(1, 2048),
    st.integers(1, 8),
    st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_memory_never_falls_with_context_ubatch_or_slots(
    name: str, kv_type: KvType, context: int, n_ubatch: int, slots: int, server: bool
) -> None:
    runtime: Any = "llama-server" if server else "in-process"

    def total(context: int, n_ubatch: int, slots: int) -> list[int]:
        engine = EngineSettings(kv_type, n_ubatch, slots, True, runtime)
        return [device.total_bytes for device in laid_out(name, engine).memory_at(context)]

    here = total(context, n_ubatch, slots)
    for more in (total(context + 256, n_ubatch, slots), total(context, n_ubatch * 2, slots)):
        assert all(a <= b for a, b in zip(here, more, strict=True))
    assert sum(total(context, n_ubatch, slots + 1)) > sum(here)


@given(layouts_of_7b, st.integers(1, 131_072))
@settings(max_examples=30, deadline=None)
def test_device_parts_add_up_and_hold_the_whole_file(name: str, context: int) -> None:
    memory = laid_out(name, EngineSettings()).memory_at(context)
    for device in memory:
        assert sum(part.size_bytes for part in device.parts) == device.total_bytes
    held = sum(device.bytes_of("weights") for device in memory)
    assert held == quant("R1-Distill-Qwen-7B", "Q4_K_M").tensor_bytes
    cache = sum(device.bytes_of("kv_cache") for device in memory)
    assert cache == 57_344 * cells_of(context, 1)


@pytest.mark.parametrize("name", ["gpu", "partial", "gpu-split", "cpu"])
def test_largest_context_is_where_one_step_more_does_not_fit(name: str) -> None:
    which = model("R1-Distill-Qwen-32B")
    weights = weights_of(which, quant(which.id, "Q4_K_M"))
    devices = devices_of(machine(card(23.6), card(10, index=1), ram=24.5))
    shares = {"cpu": (0, 0), "gpu": (64, 0), "partial": (40, 10), "gpu-split": (50, 14)}[name]
    where = device_loads(
        Placement(name, 64, shares),  # type: ignore[arg-type]
        devices,
        which.shape,
        weights,
        EngineSettings(),
        which.context_max,
    )
    most = where.context_max
    assert 0 < most < which.context_max
    assert all(device.fits for device in where.memory_at(most))
    assert not all(device.fits for device in where.memory_at(most + 1))


def test_server_slots_share_one_cache_and_need_fewer_logits() -> None:
    plain = laid_out("gpu", EngineSettings()).memory_at(32_768)[0]
    server = laid_out("gpu", EngineSettings(slots=4, runtime="llama-server", one_cache=True)).memory_at(32_768)[0]
    assert server.bytes_of("kv_cache") == plain.bytes_of("kv_cache")
    assert 100 * MIB < plain.bytes_of("compute") - server.bytes_of("compute") < 300 * MIB
