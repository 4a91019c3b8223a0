"""What a token leaves in the cache: the one rule that every engine's planner counts bytes by."""

from __future__ import annotations

from typing import NamedTuple

from r1plan.catalog.model import Shape


class CacheElements(NamedTuple):
    """Numbers that one token leaves in one layer's cache: `heads` times `a_head`, keys and values.

    Latent attention leaves one vector for all heads of queries, which cannot be shared out.
    """

    heads: int
    a_head: int

    @property
    def total(self) -> int:
        """All of them."""
        return self.heads * self.a_head


def cache_elements(shape: Shape) -> CacheElements:
    """Keys and values of each head, or latent attention's vector with the rotary part of its key."""
    latent = shape.latent_attention
    if latent is not None:
        return CacheElements(1, latent.kv_lora_rank + latent.qk_rope_head_dim)
    return CacheElements(shape.kv_heads, 2 * shape.head_dim)
