"""Llama 3 (R1-Distill-Llama): grouped-query attention with a table of rotary frequencies; src/models/llama.cpp.

A mixture in this architecture (Mixtral) routes otherwise than DeepSeek's and is not planned for.
"""

from __future__ import annotations

from r1plan.catalog.model import Shape
from r1plan.plan.arch.grouped import GroupedAttention
from r1plan.plan.arch.spec import ArchitectureSpec, Tensor

_ATTENTION = GroupedAttention(rope_table=True)


def _rope_table(shape: Shape) -> tuple[Tensor, ...]:
    return (Tensor("rope_freqs.weight", (shape.head_dim // 2,)),)


LLAMA = ArchitectureSpec(
    attention=lambda _shape: _ATTENTION,
    more_outer=_rope_table,
    is_70b=lambda shape: shape.layers == 80 and shape.heads != shape.kv_heads,
)
