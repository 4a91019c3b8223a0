"""What a placement says to llama.cpp, and what it costs each device."""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from r1plan.plan.llamacpp.memory.buffers import gpu_peaks
from r1plan.plan.llamacpp.memory.devices import devices_of
from r1plan.plan.llamacpp.placement import DeviceLoads, Placement, device_loads
from r1plan.plan.llamacpp.settings import EngineSettings
from r1plan.plan.llamacpp.weights.layers import weights_of
from tests.plan.catalogue import card, machine, model, quant


def engines_cuts(gpu_layers: int, layers: int, tensor_split: tuple[int, ...]) -> list[int]:
    """The layers on each card as llama_model_base::load_tensors of build 0c1e57098 assigns them, in 32-bit floats.

    The output head is the item after the last layer.
    """
    sums = [np.float32(each) for each in accumulate(tensor_split)]
    splits = [each / sums[-1] for each in sums]
    start, active = max(layers + 1 - gpu_layers, 0), min(gpu_layers, layers + 1)
    held = [0] * len(tensor_split)
    for layer in range(start, layers + 1):
        held[bisect_right(splits, np.float32(layer - start) / np.float32(active))] += 1
    return held


@given(st.lists(st.integers(0, 40), min_size=1, max_size=8).filter(any), st.integers(0, 40))
def test_the_engine_cuts_where_the_placement_says(counts: list[int], on_host: int) -> None:
    layers = sum(counts) + on_host
    where = Placement("partial" if on_host else "gpu-split", layers, tuple(counts))
    assert sum(where.tensor_split) == where.gpu_layers
    held = engines_cuts(where.gpu_layers, layers, where.tensor_split)
    held[where.used_gpus[-1]] -= 1  # the output head
    assert held == counts


@pytest.mark.parametrize(
    ("where", "n_cpu_moe"),
    [
        (Placement("experts-in-ram", 61, (61,), 58, 3), 61),
        (Placement("experts-in-ram", 61, (61,), 1, 3), 4),
        (Placement("gpu", 61, (61,), 0, 3), 0),
        (Placement("partial", 61, (30,), 28, 3), 0),  # --gpu-layers alone leaves these there
        (Placement("partial", 61, (30,), 29, 3), 32),
        (Placement("cpu", 61, (0,), 58, 3), 0),
    ],
    ids=["all experts", "one layer's", "none", "those of host layers", "one layer more", "no card"],
)
def test_experts_are_counted_from_the_first_layer_of_all(where: Placement, n_cpu_moe: int) -> None:
    assert where.n_cpu_moe == n_cpu_moe


def r1_on(where: Placement, cards: int) -> DeviceLoads:
    which = model("DeepSeek-R1")
    devices = devices_of(machine(*(card(80, index=n) for n in range(cards)), ram=512))
    weights = weights_of(which, quant(which.id, "Q4_K_M"))
    return device_loads(where, devices, which.shape, weights, EngineSettings(), which.context_max)


def test_only_the_first_card_copies_experts_and_nothing_is_pipelined_then() -> None:
    first, second, _ = r1_on(Placement("experts-in-ram", 61, (59, 2), 56, 3), 2).memory_at(32_768)
    alone = r1_on(Placement("experts-in-ram", 61, (61,), 58, 3), 1).memory_at(32_768)[0]
    assert first.bytes_of("compute") == alone.bytes_of("compute")
    shape = model("DeepSeek-R1").shape
    plain = gpu_peaks(shape, EngineSettings(), has_output=True, alone=False, pipelined=False)
    assert second.bytes_of("compute") == max(line.at(32_768) for line in plain)


@pytest.mark.parametrize(
    ("where", "pipelined"),
    [
        (Placement("gpu-split", 61, (30, 31)), True),
        (Placement("gpu", 61, (0, 61)), False),
        (Placement("partial", 61, (30, 30)), False),
        (Placement("experts-in-ram", 61, (30, 31), 1, 3), False),
    ],
    ids=["all on two", "all on one", "a layer left", "experts left"],
)
def test_micro_batches_are_pipelined_only_with_everything_on_several_cards(where: Placement, pipelined: bool) -> None:
    assert where.pipelined is pipelined
