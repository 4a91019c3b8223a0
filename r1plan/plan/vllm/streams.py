"""The blocks of DeepSeek-V4's cache in vLLM: one pool for compressed keys, windows and compressors' states.

As vLLM 0.33.0 has it (models/deepseek_v4/{attention,compressor}.py, v1/attention/backends/mla/sparse_swa.py for the
sizes; v1/core/kv_cache_planning.py, _get_packed_kv_cache_groups, for what shares a block; v1/kv_cache_interface.py for
what a request may hold). The cache has 8 bits whatever one asks for: FlashMLA's layout, of 448 numbers of 8 bits, 64 of
16 and 8 scales. Logs of 0731 on eight B200 show 20.4 requests of a million tokens in tensor parallel and 156.9 in data
parallel, which this gives with batches of 8,192 tokens, one at a time, as there were then, if each request had a batch
of its own in flight: so the log counts. Blocks that a window has passed are free again
(v1/core/single_type_kv_cache_manager.py, remove_skipped_blocks), and a batch is of all requests together, so that more
run than the log says.
"""

from __future__ import annotations

from typing import NamedTuple

from r1plan.catalog.model import INDEXED_RATIO, SUMMARY_RATIO, Shape
from r1plan.plan.serving.budget import WindowBlocks
from r1plan.units import pad

BLOCK_TOKENS = 256  # what the recipes ask for, and what the sizes below are made for
_ALIGNMENT = 576
_F32_BYTES = 4
_WINDOW_BLOCK = 64
# Tokens of a block of a compressor's state.
_STATE_BLOCKS = {INDEXED_RATIO: 4, SUMMARY_RATIO: 8}


class StreamPool(NamedTuple):
    """Blocks of `block_bytes`, of which a request holds one a BLOCK_TOKENS of its context, and `windows` besides.

    Of `in_flight_tokens` that are computed at once all requests together hold what no window has passed yet.
    """

    block_bytes: int
    windows: tuple[WindowBlocks, ...]
    in_flight_tokens: int


def stream_pool(shape: Shape, layers: range, batched_tokens: int, batches: int) -> StreamPool:
    """The pool of a GPU that holds `layers`, while `batches` of so many tokens are computed at once.

    A GPU of several in tensor parallel holds all of it: there is one key for all heads.
    """
    windowed, indexer = shape.windowed_attention, shape.indexer
    if windowed is None or indexer is None:
        raise ValueError("a shape without windowed attention or an indexer")
    ratios = [windowed.compress_ratios[layer] for layer in layers]
    picked = sum(ratio == INDEXED_RATIO for ratio in ratios)
    summed = sum(ratio == SUMMARY_RATIO for ratio in ratios)
    key, index = _key_bytes(shape.head_dim, windowed.rope_dim), indexer.head_dim + indexer.head_dim // 128 * 4
    states = {
        INDEXED_RATIO: picked * (_state(INDEXED_RATIO, shape.head_dim) + _state(INDEXED_RATIO, indexer.head_dim)),
        SUMMARY_RATIO: summed * _state(SUMMARY_RATIO, shape.head_dim),
    }
    compressed = picked * (_page(key, INDEXED_RATIO) + _page(index, INDEXED_RATIO)) + summed * _page(key, SUMMARY_RATIO)
    together = _layers_together([len(ratios), picked, summed], picked)
    groups = -(-len(ratios) // together)
    window_group = -(-len(ratios) // groups) * pad(_WINDOW_BLOCK * key, _ALIGNMENT)
    windows = [WindowBlocks(windowed.window - 1, _WINDOW_BLOCK)] * groups
    # What a compressor looks back on: two keys' tokens, or one's.
    reach = {INDEXED_RATIO: 2 * INDEXED_RATIO, SUMMARY_RATIO: SUMMARY_RATIO}
    windows += [WindowBlocks(reach[ratio] - 1, _STATE_BLOCKS[ratio]) for ratio, size in states.items() if size]
    return StreamPool(max(compressed, window_group, *states.values()), tuple(windows), batched_tokens * batches)


def _key_bytes(width: int, rope: int) -> int:
    """A key: its rotary part in 16 bits, the rest in 8 with a scale for each 64, of which there are eight."""
    return width - rope + 2 * rope + 8


def _page(state_bytes: int, ratio: int) -> int:
    """One layer's part of a block of compressed keys."""
    return pad(BLOCK_TOKENS // ratio * state_bytes, _ALIGNMENT)


def _state(ratio: int, width: int) -> int:
    """One layer's part of a block of a compressor's state: keys and weights, each in two halves where keys overlap."""
    halves = 2 if ratio == INDEXED_RATIO else 1
    return pad(_STATE_BLOCKS[ratio] * 2 * halves * width * _F32_BYTES, _ALIGNMENT)


def _layers_together(kinds: list[int], least: int) -> int:
    """So many layers of a kind share a block that the fewest stay empty, and of these the most (_approximate_gcd)."""
    found = [each for each in kinds if each]
    tried = range(max(least, 1), max(found) + 1)
    return min(tried, key=lambda size: (sum(-each % size for each in found), -size), default=max(found))
