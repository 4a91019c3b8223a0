"""What a card really loses, against loads on an H100, and the longest context that this leaves room for."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from r1plan.models.weights import Weights
from r1plan.plan.llamacpp.fit.layouts import fixed_layout
from r1plan.plan.llamacpp.memory.devices import devices_of
from r1plan.plan.llamacpp.memory.exact import exactly, longest
from r1plan.plan.llamacpp.placement import DeviceLoads, Placement, device_loads
from r1plan.plan.llamacpp.settings import EngineSettings
from r1plan.plan.llamacpp.weights.layers import stock_weights
from r1plan.plan.pins import KvType
from r1plan.units import MIB
from tests.measured.vram import Reading, readings
from tests.plan.catalogue import MODELS, card, machine, model
from tests.plan.deepseek32 import V32

LOADS = [reading for reading in readings() if reading.used is not None]


def on_h100(reading: Reading) -> DeviceLoads:
    which = replace(model(reading.model), shape=reading.shape)
    weights = stock_weights(which.architecture, reading.shape, reading.quant)
    devices = devices_of(machine(card(80, gpu_class="nvidia-datacentre"), ram=512))
    layers = min(reading.gpu_layers, reading.layers + 1)
    where = fixed_layout(devices, reading.shape, weights, layers, reading.experts_on_cpu)
    there = device_loads(where, devices, reading.shape, weights, reading.settings, which.context_max)
    return exactly(there, which, weights, reading.n_ctx)


@pytest.mark.parametrize("reading", LOADS, ids=lambda reading: reading.id)
def test_what_an_h100_lost_was_predicted(reading: Reading) -> None:
    assert reading.used is not None
    card_, _host = on_h100(reading).memory_at(reading.n_ctx)
    # The reading starts when the CUDA context already existed. Without flash attention pools still grow, up to the
    # context, with what the cache holds; the load had read one micro-batch.
    predicted = card_.total_bytes - card_.device.fixed_overhead_bytes
    if not reading.flash_attn:
        predicted -= 2 * reading.shape.heads * reading.n_ubatch * (reading.n_ctx - reading.n_ubatch)
    assert -20 * MIB <= predicted - reading.used <= max(40 * MIB, 0.015 * reading.used)


KNOWN = {**MODELS, V32.id: V32}


def laid_out(name: str, layout: str, engine: EngineSettings) -> tuple[DeviceLoads, Weights]:
    which = KNOWN[name]
    weights = stock_weights(which.architecture, which.shape, "Q4_K_M")
    layers = which.shape.layers
    devices = devices_of(machine(card(24), card(16, index=1), ram=64))
    some = layers // 3
    shares = {"gpu": (layers, 0), "gpu-split": (layers - some, some), "partial": (some, some), "cpu": (0, 0)}[layout]
    host = layers - sum(shares)
    experts = min(max(host - weights.dense_layers, 0), weights.expert_layers)
    where = Placement(layout, layers, shares, experts, weights.dense_layers)  # type: ignore[arg-type]
    return device_loads(where, devices, which.shape, weights, engine, which.context_max), weights


@given(
    st.sampled_from(["R1-Distill-Qwen-7B", "R1-0528-Qwen3-8B", "R1-Distill-Qwen-14B"]),
    st.sampled_from(["gpu", "gpu-split", "partial", "cpu"]),
    st.sampled_from(["f16", "q8_0"]),
    st.sampled_from([128, 512, 2048]),
)
@settings(max_examples=30, deadline=None)
def test_the_longest_context_fits_and_one_step_more_does_not(
    name: str, layout: str, kv_type: KvType, n_ubatch: int
) -> None:
    which = model(name)
    where, weights = laid_out(name, layout, EngineSettings(kv_type, n_ubatch))

    def fits(context: int) -> bool:
        return all(device.fits for device in exactly(where, which, weights, context).memory_at(context))

    most = longest(where, which, weights, 1024)
    assert most is not None
    assert fits(most)
    assert most == which.context_max or not fits(most + 256)


def test_no_context_is_the_longest_where_not_even_the_least_fits() -> None:
    where, weights = laid_out("R1-Distill-Llama-70B", "gpu", EngineSettings())
    assert longest(where, model("R1-Distill-Llama-70B"), weights, 1024) is None


@pytest.mark.parametrize("layout", ["gpu", "gpu-split", "partial", "cpu"])
@pytest.mark.parametrize("name", ["R1-Distill-Qwen-7B", "R1-Distill-Llama-8B", "DeepSeek-R1", "DeepSeek-V3.2"])
@pytest.mark.parametrize("kv_type", ["f16", "q8_0"])
def test_what_the_search_works_with_is_close_and_hardly_ever_less(name: str, layout: str, kv_type: KvType) -> None:
    which = KNOWN[name]
    where, weights = laid_out(name, layout, EngineSettings(kv_type))
    for context in (4096, 16_384, 32_768):
        guessed = where.memory_at(context)
        for roughly, there in zip(guessed, exactly(where, which, weights, context).memory_at(context), strict=True):
            off = roughly.total_bytes - there.total_bytes
            assert -64 * MIB <= off <= max(160 * MIB, 0.05 * there.total_bytes)


@pytest.mark.parametrize("name", ["DeepSeek-R1", "DeepSeek-V3.2"])
def test_a_cards_buffer_is_called_exact_where_a_card_was_asked(name: str) -> None:
    where, weights = laid_out(name, "partial", EngineSettings())
    loads = exactly(where, KNOWN[name], weights, 8192).loads
    assert [load.compute_basis for load in loads if load.device.kind == "gpu"] == ["exact", "exact"]
    assert [load.compute_basis for load in loads if load.device.kind == "host"] == ["exact"]
