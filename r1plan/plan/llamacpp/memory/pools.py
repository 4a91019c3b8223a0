"""What CUDA takes from a card besides the engine's own buffers: code, libraries, and pools that grow while it works.

Learned on an H100 (tests/measured/vram_h100_more.jsonl and vram_measured_h100.jsonl: 52 loads, all within 16 MiB);
other cards are taken as alike. The CUDA context itself is a device's fixed overhead (memory/backend.py).
"""

from __future__ import annotations

from functools import lru_cache

from r1plan.catalog.model import Shape
from r1plan.plan.llamacpp.memory.linear import LinearBytes
from r1plan.plan.llamacpp.settings import EngineSettings
from r1plan.units import KIB, MIB

# Kernels as they are loaded, streams, events, and buffers rounded up to 2 MiB.
ALWAYS_BYTES = 70 * MIB
# cuBLAS with its workspace. It multiplies what is not in blocks: 16-bit matrices, a router, attention without flash.
_CUBLAS_BYTES = 82 * MIB
_ROUTER_BYTES = 9 * MIB
# Partial sums of a product whose tiles don't fill all multiprocessors evenly (132 of them, 128 x 128 numbers).
PARTIAL_SUMS_BYTES = 132 * 128 * 128 * 4
# The widest input of a product, as 8-bit blocks of 32 (36 bytes); or as 16-bit numbers with its result.
_BLOCK_BYTES, _BLOCK_ELEMENTS = 36, 32
_PLAIN_BYTES = 4
_SORTED_BYTES_A_TOKEN = 9 * KIB  # where each token goes in a mixture


@lru_cache(maxsize=2048)
def pools_line(shape: Shape, settings: EngineSettings, *, plain: bool) -> LinearBytes:
    """Bytes over the cells of the cache. `plain`: the matrices are 16-bit or wider numbers.

    Only attention without flash grows with the cells: its weights are copied as 16-bit numbers, once the cache is full.
    """
    ub, experts = settings.n_ubatch, shape.experts
    size, slope = ALWAYS_BYTES, 0
    if plain or experts is not None or not settings.flash_attn:
        size += _CUBLAS_BYTES
    wide = max(shape.ffn_size, shape.hidden_size)
    if experts is not None:
        wide = max(wide, experts.used_per_token * max(shape.hidden_size, experts.ffn_size))
        size += _ROUTER_BYTES + ub * _SORTED_BYTES_A_TOKEN
    if shape.windowed_attention is not None:
        wide = max(wide, shape.heads * shape.head_dim)  # what attn_output_a reads
    size += ub * wide * _PLAIN_BYTES if plain else ub * wide * _BLOCK_BYTES // _BLOCK_ELEMENTS + PARTIAL_SUMS_BYTES
    if not settings.flash_attn:
        slope = 2 * shape.heads * ub // settings.caches
    return LinearBytes(size, slope)
