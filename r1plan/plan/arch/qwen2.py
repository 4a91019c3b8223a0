"""Qwen2 (R1-Distill-Qwen): grouped-query attention whose queries, keys and values have biases; src/models/qwen2.cpp."""

from __future__ import annotations

from r1plan.plan.arch.grouped import GroupedAttention
from r1plan.plan.arch.spec import ArchitectureSpec

_ATTENTION = GroupedAttention(biased=True)

QWEN2 = ArchitectureSpec(attention=lambda _shape: _ATTENTION, is_70b=lambda shape: shape.layers == 80)
