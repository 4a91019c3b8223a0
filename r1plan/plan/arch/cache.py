"""What a token leaves in the cache: the one rule that every engine's planner counts bytes by."""

from __future__ import annotations

from dataclasses import dataclass

from r1plan.catalog.model import Shape, WindowedAttention
from r1plan.units import pad

# Both at build 0c1e57098: dsv4_comp_size's padding, and n_pad with flash attention or without.
_CACHE_STEP = 256


@dataclass(frozen=True, slots=True)
class CacheElements:
    """Numbers that one token leaves in one layer's cache: `heads` times `a_head`, keys and values.

    Latent attention leaves one vector for all heads of queries, which cannot be shared out. `index` is an indexer's
    key, in a cache of its own.
    """

    heads: int
    a_head: int
    index: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.heads * self.a_head + self.index


def cache_elements(shape: Shape) -> CacheElements:
    """Keys and values of each head, or latent attention's vector with the rotary part of its key."""
    latent = shape.latent_attention
    if latent is not None:
        index = shape.indexer.head_dim if shape.indexer is not None else 0
        return CacheElements(1, latent.kv_lora_rank + latent.qk_rope_head_dim, index)
    return CacheElements(shape.kv_heads, 2 * shape.head_dim)


def window_cells(windowed: WindowedAttention, cells: int, n_ubatch: int) -> int:
    """Cells in which llama.cpp keeps what a window of DeepSeek-V4 sees while it computes a micro-batch.

    `cells` are those of the whole context (src/llama-kv-cache-iswa.cpp, with swa_full off).
    """
    return pad(min(cells, windowed.window + n_ubatch), _CACHE_STEP)


def compressed_cells(cells: int, ratio: int) -> int:
    """Cells for the compressed keys of a context of `cells` (src/llama-kv-cache-dsv4.cpp)."""
    return pad(-(-cells // ratio), _CACHE_STEP)
