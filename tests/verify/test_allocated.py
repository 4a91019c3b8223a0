"""What llama.cpp prints of its buffers, by device and by what they are for."""

from __future__ import annotations

import pytest

from r1plan.units import MIB
from r1plan.verify.allocated import PRINTED_BYTES, allocated

# As build 0c1e57098 prints them: a card with experts in host memory, a pipeline of two, the processor, an Apple chip.
SPLIT = """load_tensors: offloaded 42/81 layers to GPU
load_tensors:   CPU_Mapped model buffer size = 20038.81 MiB
load_tensors:        CUDA0 model buffer size = 20500.20 MiB
llama_context:  CUDA_Host  output buffer size =     0.49 MiB
llama_kv_cache:        CPU KV buffer size =   624.00 MiB
llama_kv_cache:      CUDA0 KV buffer size =   656.00 MiB
llama_kv_cache: size = 1280.00 MiB (  4096 cells,  80 layers,  1/1 seqs), K (f16):  640.00 MiB, V (f16):  640.00 MiB
sched_reserve:      CUDA0 compute buffer size =  1034.50 MiB
sched_reserve:  CUDA_Host compute buffer size =    24.01 MiB
"""


def of(text: str) -> dict[tuple[str | None, str], float]:
    found: dict[tuple[str | None, str], float] = {}
    for each in allocated([text]):
        key = (each.device, each.term)
        found[key] = round(found.get(key, 0) + each.size_bytes / MIB, 2)
    return found


def test_each_buffer_is_on_its_device() -> None:
    assert of(SPLIT) == {
        (None, "weights"): 20038.81,
        ("CUDA0", "weights"): 20500.20,
        (None, "output"): 0.49,
        (None, "kv_cache"): 624.0,
        ("CUDA0", "kv_cache"): 656.0,
        ("CUDA0", "compute"): 1034.5,
        (None, "compute"): 24.01,
    }


@pytest.mark.parametrize("size", [1, 3, 17, 4096])
def test_lines_may_come_in_pieces(size: int) -> None:
    pieces = [SPLIT[at : at + size] for at in range(0, len(SPLIT), size)]
    assert allocated(pieces) == allocated([SPLIT])


@pytest.mark.parametrize(
    ("line", "device", "term"),
    [
        ("load_tensors:   CPU_REPACK model buffer size =   3844.00 MiB", None, "weights"),
        ("load_tensors:          CPU model buffer size =   3844.00 MiB", None, "weights"),
        ("load_tensors:          AMX model buffer size =   3844.00 MiB", None, "weights"),
        ("load_tensors:    ROCm_Host model buffer size =   3844.00 MiB", None, "weights"),
        ("load_tensors:        ROCm1 model buffer size =   3844.00 MiB", "ROCm1", "weights"),
        ("load_tensors:      Vulkan0 model buffer size =   3844.00 MiB", "Vulkan0", "weights"),
        ("load_tensors:  MTL0_Mapped model buffer size =   3844.00 MiB", "MTL0", "weights"),
        ("load_tensors: Metal_Mapped model buffer size =   3844.00 MiB", "Metal", "weights"),
        ("llama_kv_cache_dsa:      CUDA0 KV buffer size =   512.00 MiB", "CUDA0", "kv_cache"),
        ("llama_memory_recurrent:      CUDA0 RS buffer size =   512.00 MiB", "CUDA0", "kv_cache"),
        ("graph_reserve: Vulkan_Host compute buffer size =    24.01 MiB", None, "compute"),
    ],
)
def test_buffers_of_every_backend(line: str, device: str | None, term: str) -> None:
    (found,) = allocated([line + "\n"])
    assert (found.device, found.term) == (device, term)


def test_shards_and_two_caches_add_up_and_room_to_calculate_is_what_was_said_last() -> None:
    text = """load_tensors:   CPU_Mapped model buffer size = 100.00 MiB
load_tensors:   CPU_Mapped model buffer size =  50.25 MiB
llama_kv_cache:        CPU KV buffer size =   8.00 MiB
llama_kv_cache:        CPU KV buffer size =   2.00 MiB
sched_reserve:        CPU compute buffer size =    23.01 MiB
sched_reserve:        CPU compute buffer size =    25.01 MiB
"""
    assert of(text) == {(None, "weights"): 150.25, (None, "kv_cache"): 10.0, (None, "compute"): 25.01}


@pytest.mark.parametrize(
    "text", ["", "model buffer size", "load_tensors: CPU model buffer size = lots MiB\n", "\0\xff"]
)
def test_what_is_no_such_line_is_nothing(text: str) -> None:
    assert allocated([text]) == ()


def test_a_figure_is_off_by_no_more_than_it_is_rounded() -> None:
    (found,) = allocated(["x: CPU KV buffer size = 1.23 MiB\n"])
    assert abs(found.size_bytes - 1.2345 * MIB) <= PRINTED_BYTES
