"""The dense feed-forward part, which all architectures of the family share: a gate, its twin, and the way back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from r1plan.plan.arch.spec import Matrix, Tensor

if TYPE_CHECKING:
    from r1plan.plan.llamacpp.compute.builder import GraphBuilder

_F32_BYTES = 4


def feed_forward_tensors(hidden: int, wide: int, suffix: str = "") -> Iterator[Tensor]:
    """Its tensors in a GGUF, `wide` between."""
    yield Tensor(f"ffn_gate{suffix}.weight", (hidden, wide))
    yield Tensor(f"ffn_up{suffix}.weight", (hidden, wide))
    yield Tensor(f"ffn_down{suffix}.weight", (wide, hidden))


def add_feed_forward(builder: GraphBuilder, source: int, width: int, rows: int, suffix: str = "") -> int:
    """Its operations over `rows` of `source` (llama-graph.cpp, build_ffn)."""
    size = rows * _F32_BYTES * width
    gate = builder.matrix(f"ffn_gate{suffix}", size, source, rows)
    up = builder.matrix(f"ffn_up{suffix}", size, source, rows)
    both = builder.graph.op(size, gate, up)
    return builder.matrix(f"ffn_down{suffix}", rows * builder.row, both, rows)


def feed_forward_matrices(
    name: str, hidden: int, wide: int, *, copies: int = 1, routed: bool = False
) -> Iterator[Matrix]:
    """Its matrices in a checkpoint, under `name`."""
    yield Matrix(f"{name}.gate_proj", wide, hidden, "rows", copies, routed=routed)
    yield Matrix(f"{name}.up_proj", wide, hidden, "rows", copies, routed=routed)
    yield Matrix(f"{name}.down_proj", hidden, wide, "columns", copies, routed=routed)
