"""The KV cache of each layer, in bytes: exact at a number of cells, and as a line that stays above.

Formulas are llama.cpp's at build 0c1e57098: src/llama-kv-cache.cpp, and for DeepSeek-V4 src/llama-kv-cache-dsv4.cpp,
where every slot has a stream of its own, also when all share one cache: each is then as long as the whole context.
"""

from __future__ import annotations

from itertools import accumulate
from math import ceil
from typing import NamedTuple

from r1plan.catalog.model import INDEXED_RATIO, SUMMARY_RATIO, Shape
from r1plan.plan.arch.cache import cache_elements, compressed_cells, window_cells
from r1plan.plan.arch.deepseek4 import windowed_of
from r1plan.plan.llamacpp.memory.linear import LinearBytes
from r1plan.plan.llamacpp.settings import KV_TYPES, EngineSettings
from r1plan.plan.pins import KvType

_F32_BYTES = 4
# Padding adds at most so many compressed keys to those of a whole number of 256 cells.
_PADDED = {INDEXED_RATIO: 192, SUMMARY_RATIO: 255}


class CacheParts(NamedTuple):
    """What the cache of DeepSeek-V4 holds, in bytes, all slots together.

    `window_bytes` are raw keys, `indexed_bytes` and `summary_bytes` compressed ones, `index_bytes` the indexer's;
    `state_bytes` is what compressors keep of tokens that make no key yet, as F32 whatever the cache's type.
    """

    window_bytes: int
    indexed_bytes: int
    summary_bytes: int
    index_bytes: int
    state_bytes: int

    @property
    def kv_bytes(self) -> int:
        """The keys alone."""
        return self.total_bytes - self.state_bytes

    @property
    def total_bytes(self) -> int:
        """All of it."""
        return sum(self)


def kv_bytes_per_cell(shape: Shape, kv_type: KvType, layers: int | None = None) -> int:
    """Bytes that one token costs in the KV cache of `layers` layers (all by default).

    MLA caches one vector of kv_lora_rank + qk_rope_head_dim a layer and no V: R1 takes 70,272 bytes at f16. V3.2's
    indexer has a second cache of the same type with one key a layer (llama-kv-cache-dsa.cpp): 85,888 bytes. Of V4 it is
    what a token adds to compressed keys and the indexer's, in the mean of its layers: 6,880 bytes of Flash.
    """
    layers = shape.layers if layers is None else layers
    if (windowed := shape.windowed_attention) is not None:
        all_layers = sum(_growth(shape, kv_type, ratio) for ratio in windowed.compress_ratios)
        return ceil(all_layers * layers / shape.layers)
    return layers * KV_TYPES[kv_type].bytes_of(cache_elements(shape).total)


def cache_parts(shape: Shape, settings: EngineSettings, cells: int) -> CacheParts:
    """The parts of DeepSeek-V4's cache at `cells` cells of all caches together."""
    windowed = windowed_of(shape)
    each = [_stream(shape, settings, cells // settings.caches, ratio) for ratio in windowed.compress_ratios]
    return CacheParts(*(settings.slots * sum(parts) for parts in zip(*each, strict=True)))


def cache_before(shape: Shape, settings: EngineSettings, cells: int) -> list[int]:
    """The bytes of the caches of the layers before each, at `cells` cells of all caches together."""
    if (windowed := shape.windowed_attention) is None:
        a_layer = kv_bytes_per_cell(shape, settings.kv_type, 1) * cells
        return [a_layer * layer for layer in range(shape.layers + 1)]
    a_cache = cells // settings.caches
    of_ratio = {
        ratio: settings.slots * sum(_stream(shape, settings, a_cache, ratio)) for ratio in set(windowed.compress_ratios)
    }
    return list(accumulate((of_ratio[ratio] for ratio in windowed.compress_ratios), initial=0))


def cache_line(shape: Shape, settings: EngineSettings, first: int, end: int) -> LinearBytes:
    """The caches of layers `first` to `end` (exclusive) over the cells of all caches; of DeepSeek-V4 a line above."""
    if (windowed := shape.windowed_attention) is None:
        return LinearBytes(0, kv_bytes_per_cell(shape, settings.kv_type, 1) * (end - first))
    slope, fixed, slots = 0.0, 0, settings.slots
    for ratio in windowed.compress_ratios[first:end]:
        growth = _growth(shape, settings.kv_type, ratio)
        slope += growth * slots / settings.caches
        window, *_, state = _stream(shape, settings, windowed.window + settings.n_ubatch, ratio)
        fixed += slots * (window + state)
        if ratio:
            fixed += ceil(slots * _PADDED[ratio] * ratio * growth)
    return LinearBytes(fixed, ceil(slope))


def _growth(shape: Shape, kv_type: KvType, ratio: int) -> float:
    """Bytes that a token adds to one stream of a layer of that ratio, behind the window."""
    if not ratio:
        return 0.0
    elements = shape.head_dim
    if ratio == INDEXED_RATIO and shape.indexer is not None:
        elements += shape.indexer.head_dim
    return KV_TYPES[kv_type].bytes_of(elements) / ratio


def _stream(shape: Shape, settings: EngineSettings, cells: int, ratio: int) -> CacheParts:
    """One slot's stream of a layer, at `cells` of its own."""
    windowed, kv, width = windowed_of(shape), KV_TYPES[settings.kv_type], shape.head_dim
    window = kv.bytes_of(width) * window_cells(windowed, cells, settings.n_ubatch)
    if not ratio:
        return CacheParts(window, 0, 0, 0, 0)
    held = compressed_cells(cells, ratio)
    if ratio == SUMMARY_RATIO:
        return CacheParts(window, 0, kv.bytes_of(width) * held, 0, 2 * ratio * width * _F32_BYTES)
    index = shape.indexer.head_dim if shape.indexer is not None else 0
    # Of the tokens of a key and of those before it, two halves each: a key and a weight.
    state = 2 * 2 * ratio * 2 * (width + index) * _F32_BYTES
    return CacheParts(window, kv.bytes_of(width) * held, 0, kv.bytes_of(index) * held, state)
