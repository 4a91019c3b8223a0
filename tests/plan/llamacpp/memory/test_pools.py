from __future__ import annotations

import pytest

from r1plan.plan.llamacpp.memory.pools import pools_line
from r1plan.plan.llamacpp.settings import EngineSettings
from r1plan.plan.llamacpp.weights.quantize_recipe import PLAIN_QUANTS
from r1plan.units import MIB
from tests.measured.vram import Reading, readings
from tests.plan.catalogue import model

LOADS = [reading for reading in readings() if reading.used is not None]


@pytest.mark.parametrize("reading", LOADS, ids=lambda reading: reading.id)
def test_what_a_card_loses_besides_its_buffers_is_known_to_20_mib(reading: Reading) -> None:
    assert reading.used is not None
    assert reading.buffers is not None
    line = pools_line(reading.shape, reading.settings, plain=reading.quant in PLAIN_QUANTS)
    # One micro-batch and one token had been read: without flash attention pools grow with what the cache holds.
    ours = line.at(reading.n_ubatch + 1)
    assert abs(ours - (reading.used - reading.buffers)) <= 20 * MIB


def test_a_cuda_context_took_524_mib_and_once_527() -> None:
    contexts = {reading.context for reading in LOADS if reading.context is not None}
    assert contexts == {548_995_072, 552_402_944}


def test_pools_grow_with_the_micro_batch_and_only_without_flash_attention_with_the_cache() -> None:
    shape = model("R1-Distill-Qwen-7B").shape
    small, large = (pools_line(shape, EngineSettings(n_ubatch=ub), plain=False) for ub in (128, 2048))
    assert large.fixed_bytes > small.fixed_bytes
    assert large.bytes_per_cell == 0
    assert pools_line(shape, EngineSettings(flash_attn=False), plain=False).bytes_per_cell == 2 * 28 * 512
