"""Qwen3 (R1-0528-Qwen3-8B): grouped-query attention whose queries and keys are normalised; src/models/qwen3.cpp."""

from __future__ import annotations

from r1plan.plan.arch.grouped import GroupedAttention
from r1plan.plan.arch.spec import ArchitectureSpec

_ATTENTION = GroupedAttention(head_norms=True)

QWEN3 = ArchitectureSpec(attention=lambda _shape: _ATTENTION)
