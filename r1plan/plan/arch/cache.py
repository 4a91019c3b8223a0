"""What a token leaves in the cache: the one rule that every engine's planner counts bytes by."""

from __future__ import annotations

from dataclasses import dataclass

from r1plan.catalog.model import Shape


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
