"""DeepSeek-V3 and R1: latent attention, and experts that a sigmoid router picks; src/models/deepseek2.cpp."""

from __future__ import annotations

from r1plan.catalog.model import Shape
from r1plan.plan.arch.grouped import GroupedAttention
from r1plan.plan.arch.latent import CompressedAttention
from r1plan.plan.arch.mixture import SigmoidMixture
from r1plan.plan.arch.spec import ArchitectureSpec, Attention

_LATENT = CompressedAttention()
# A file from before April 2025, whose attention every engine expands: the shape read from it has a key a head.
_EXPANDED = GroupedAttention()


def _attention(shape: Shape) -> Attention:
    return _LATENT if shape.latent_attention else _EXPANDED


DEEPSEEK2 = ArchitectureSpec(
    attention=_attention,
    mixture=SigmoidMixture(),
    takes=frozenset({"latent_attention", "experts"}),
)
