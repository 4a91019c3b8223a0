"""Multi-head latent attention (MLA): each token caches one vector, and the projections of its heads are absorbed.

Tensors and operations are llama.cpp's at build 0c1e57098 (src/models/deepseek2.cpp; src/llama-graph.cpp, build_attn of
attn_k); matrices are vLLM 0.33.0's (model_executor/models/deepseek_v2.py, layers/attention/mla_attention.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple, Protocol

from r1plan.catalog.model import LatentAttention, Shape
from r1plan.plan.arch.spec import Matrix, Tensor

if TYPE_CHECKING:
    from r1plan.plan.llamacpp.compute.builder import GraphBuilder

_F32_BYTES = 4
_INDEX_BYTES, _POSITION_BYTES = 8, 4


class LatentInputs(NamedTuple):
    """The numbers of the inputs that all layers share."""

    positions: int
    indices: int
    mask: int


class CellPicker(Protocol):
    """What picks the cells that each token sees, in a sparse attention."""

    def store(self, normed: int) -> None:
        """Keep what the layer's tokens are picked by."""
        ...

    def picked(self, normed: int, reduced: int) -> int:
        """The mask by which the layer's attention sees the picked cells alone; `reduced` are its narrow queries."""
        ...


class CompressedAttention:
    """The attention of DeepSeek-V3 and R1."""

    def tensors(self, shape: Shape, *, joined_kv_b: bool) -> Iterator[Tensor]:
        """Queries and the cached vector, each by way of a narrow one, and the heads' own projections of it."""
        latent = latent_of(shape)
        hidden, heads, rank = shape.hidden_size, shape.heads, latent.kv_lora_rank
        nope, value = latent.qk_nope_head_dim, latent.v_head_dim
        yield Tensor("attn_q_a.weight", (hidden, latent.q_lora_rank))
        yield Tensor("attn_q_a_norm.weight", (latent.q_lora_rank,))
        yield Tensor("attn_q_b.weight", (latent.q_lora_rank, heads * (nope + latent.qk_rope_head_dim)))
        yield Tensor("attn_kv_a_mqa.weight", (hidden, rank + latent.qk_rope_head_dim))
        yield Tensor("attn_kv_a_norm.weight", (rank,))
        yield Tensor("attn_output.weight", (heads * value, hidden))
        if joined_kv_b:
            yield Tensor("attn_kv_b.weight", (rank, heads * (nope + value)))
        else:
            yield Tensor("attn_k_b.weight", (nope, rank, heads))
            yield Tensor("attn_v_b.weight", (rank, value, heads))

    def begin(self, builder: GraphBuilder) -> Callable[[int], int]:
        """Add the inputs of all layers; the result adds one layer's attention."""
        tokens = builder.tokens
        positions = builder.graph.input(tokens * _POSITION_BYTES)
        indices = builder.graph.input(tokens * _INDEX_BYTES)
        return LatentOperations(builder, LatentInputs(positions, indices, builder.mask())).add

    def matrices(self, shape: Shape) -> Iterator[Matrix]:
        """The matrices of the checkpoint; what is narrow every GPU repeats."""
        latent = latent_of(shape)
        hidden, heads, rank = shape.hidden_size, shape.heads, latent.kv_lora_rank
        query = latent.qk_nope_head_dim + latent.qk_rope_head_dim
        yield Matrix("q_a_proj", latent.q_lora_rank, hidden, "none", attention=True)
        yield Matrix("kv_a_proj_with_mqa", rank + latent.qk_rope_head_dim, hidden, "none", attention=True)
        yield Matrix("q_b_proj", heads * query, latent.q_lora_rank, "rows", attention=True)
        yield Matrix("kv_b_proj", heads * (latent.qk_nope_head_dim + latent.v_head_dim), rank, "rows", attention=True)
        yield Matrix("o_proj", hidden, heads * latent.v_head_dim, "columns", attention=True)

    def norm_elements(self, shape: Shape) -> int:
        """Those of the narrow queries and of the cached vector."""
        latent = latent_of(shape)
        return latent.q_lora_rank + latent.kv_lora_rank


class LatentOperations:
    """The attention of one graph's layers over inputs that are there; without a `picker` each token sees all cells."""

    def __init__(self, builder: GraphBuilder, inputs: LatentInputs, picker: CellPicker | None = None) -> None:
        self.builder, self.inputs, self.picker = builder, inputs, picker
        self.latent = latent_of(builder.shape)

    def add(self, normed: int) -> int:
        """One layer's attention to its normalised state."""
        builder, inputs, latent = self.builder, self.inputs, self.latent
        graph, batch, device, kv = builder.graph, builder.batch, builder.run.device, builder.kv
        tokens, heads, rank, rope = builder.tokens, builder.shape.heads, latent.kv_lora_rank, latent.qk_rope_head_dim
        row = tokens * _F32_BYTES
        if self.picker is not None:
            self.picker.store(normed)
        reduced = builder.matrix("attn_q_a", row * latent.q_lora_rank, normed, tokens)
        reduced = builder.normed(reduced, row * latent.q_lora_rank, latent.q_lora_rank, tokens)
        queries = builder.matrix("attn_q_b", row * heads * (latent.qk_nope_head_dim + rope), reduced, tokens)
        absorbed = builder.matrix("attn_k_b", row * heads * rank, queries, tokens)
        turned = graph.op(row * heads * rope, queries, inputs.positions)
        query = graph.op(row * heads * (rank + rope), absorbed, turned)
        compressed = builder.matrix("attn_kv_a_mqa", row * (rank + rope), normed, tokens)
        content = builder.normed(compressed, row * rank, rank, tokens, is_view=True)
        position = graph.op(row * rope, compressed, inputs.positions)
        key = graph.op(row * (rank + rope), content, position)
        graph.op(0, key, inputs.indices, graph.cells(0, device), device=device)
        cells = batch.cells * batch.caches
        key_bytes = kv.bytes_of(rank + rope) * cells
        value_bytes = key_bytes - kv.bytes_of(rank + rope) + kv.bytes_of(rank)
        key_cells, value_cells = graph.cells(key_bytes, device), graph.cells(value_bytes, device)
        size, out_size = row * heads * rank, row * heads * latent.v_head_dim
        if batch.flash_attn:
            copy = kv.f16_copy_bytes(cells * (rank + rope))
            if batch.kv_type == "f32":
                key_cells = graph.op(2 * cells * (rank + rope), key_cells)
                value_cells = graph.op(2 * cells * rank, value_cells)
            mask = inputs.mask if self.picker is None else self.picker.picked(normed, reduced)
            out = graph.op(size, query, key_cells, value_cells, mask, f16_bytes=copy)
        else:
            straight = graph.op(kv.bytes_of(rank) * cells, value_cells)
            scores = builder.scores(key_cells, query)
            mask = inputs.mask if self.picker is None else self.picker.picked(normed, reduced)
            scores = builder.masked(scores, mask)
            out = graph.op(size, straight, scores)
        out = builder.matrix("attn_v_b", out_size, out, tokens)
        return graph.op(out_size, out)


def latent_of(shape: Shape) -> LatentAttention:
    """The shape's latent attention, which an architecture that `needs` or `takes` it has."""
    if shape.latent_attention is None:
        raise ValueError("a shape without latent attention")
    return shape.latent_attention
