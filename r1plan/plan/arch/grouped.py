"""Grouped-query attention: heads of queries share a head of keys and values.

Tensors and operations are llama.cpp's at build 0c1e57098 (src/llama-graph.cpp, build_qkv and build_attn of attn_kv;
src/llama-kv-cache.cpp); matrices are vLLM 0.33.0's (model_executor/models/{qwen2,qwen3,llama}.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from r1plan.catalog.model import Shape
from r1plan.plan.arch.spec import Matrix, Tensor

if TYPE_CHECKING:
    from r1plan.plan.llamacpp.compute.builder import GraphBuilder

_F32_BYTES, _BF16_BYTES = 4, 2
_INDEX_BYTES, _POSITION_BYTES = 8, 4


class GroupedAttention(NamedTuple):
    """`biased`: queries, keys and values have biases. `head_norms`: queries and keys are normalised head by head.

    `rope_table`: rotation reads a table of frequencies, one on each device.
    """

    biased: bool = False
    head_norms: bool = False
    rope_table: bool = False

    def tensors(self, shape: Shape, *, joined_kv_b: bool) -> Iterator[Tensor]:
        """The tensors of a layer's attention; there is no `attn_kv_b` to join."""
        hidden, queries, pairs = shape.hidden_size, shape.heads * shape.head_dim, shape.kv_heads * shape.head_dim
        yield Tensor("attn_q.weight", (hidden, queries))
        yield Tensor("attn_k.weight", (hidden, pairs))
        yield Tensor("attn_v.weight", (hidden, pairs))
        yield Tensor("attn_output.weight", (queries, hidden))
        if self.biased:
            yield Tensor("attn_q.bias", (queries,))
            yield Tensor("attn_k.bias", (pairs,))
            yield Tensor("attn_v.bias", (pairs,))
        if self.head_norms:
            yield Tensor("attn_q_norm.weight", (shape.head_dim,))
            yield Tensor("attn_k_norm.weight", (shape.head_dim,))

    def begin(self, builder: GraphBuilder) -> Callable[[int], int]:
        """Add the inputs of all layers; the result adds one layer's attention."""
        return _Operations(self, builder).add

    def matrices(self, shape: Shape) -> Iterator[Matrix]:
        """The matrices of the checkpoint."""
        hidden, queries, pairs = shape.hidden_size, shape.heads * shape.head_dim, shape.kv_heads * shape.head_dim
        bias = _BF16_BYTES if self.biased else 0
        yield Matrix("q_proj", queries, hidden, "rows", attention=True, vector_bytes=bias)
        yield Matrix("k_proj and v_proj", pairs, hidden, "heads", copies=2, attention=True, vector_bytes=bias)
        yield Matrix("o_proj", hidden, queries, "columns", attention=True)

    def norm_elements(self, shape: Shape) -> int:
        """A norm as wide as a head for queries, and one for keys."""
        return 2 * shape.head_dim if self.head_norms else 0


class _Operations:
    """The attention of one graph's layers, and the inputs that they share."""

    def __init__(self, kind: GroupedAttention, builder: GraphBuilder) -> None:
        self.kind, self.builder = kind, builder
        graph, batch, shape, tokens = builder.graph, builder.batch, builder.shape, builder.tokens
        self.positions = graph.input(tokens * _POSITION_BYTES)
        self.key_rotation = self.value_rotation = None
        if builder.kv.quantised and shape.head_dim % 64 == 0:
            # Keys and values are turned before a quantised cache takes them: a Hadamard matrix as wide as a power of
            # two divides a key, 64 for values (llama-kv-cache.cpp).
            self.key_rotation = builder.rotation(shape.head_dim)
            self.value_rotation = builder.rotation(64)
        self.key_indices = graph.input(tokens * _INDEX_BYTES)
        # Without flash attention values are stored transposed, each element by an index of its own.
        values = 1 if batch.flash_attn else shape.kv_heads * shape.head_dim
        self.value_indices = graph.input(tokens * _INDEX_BYTES * values)
        self.mask = builder.mask()
        self.rope_tables: dict[int, int] = {}

    def add(self, normed: int) -> int:
        builder, shape = self.builder, self.builder.shape
        graph, batch, device = builder.graph, builder.batch, builder.run.device
        queries = self._projected("attn_q", shape.heads, normed, self.key_rotation, is_key=True)
        values = self._projected("attn_v", shape.kv_heads, normed, self.value_rotation, is_key=False)
        keys = self._projected("attn_k", shape.kv_heads, normed, self.key_rotation, is_key=True)
        cache = graph.cells(0, device)
        graph.op(0, keys, self.key_indices, cache, device=device)
        graph.op(0, values, self.value_indices, cache, device=device)
        elements = batch.cells * batch.caches * shape.kv_heads * shape.head_dim
        key_cells, value_cells = (graph.cells(builder.kv.bytes_of(elements), device) for _ in range(2))
        size = builder.tokens * shape.heads * shape.head_dim * _F32_BYTES
        if not batch.flash_attn:
            scores = builder.masked(builder.scores(key_cells, queries), self.mask)
            return graph.op(size, graph.op(size, value_cells, scores))
        if batch.kv_type == "f32":
            key_cells, value_cells = graph.op(2 * elements, key_cells), graph.op(2 * elements, value_cells)
        copies = 2 * builder.kv.f16_copy_bytes(elements)
        out = graph.op(size, queries, key_cells, value_cells, self.mask, f16_bytes=copies)
        return out if self.value_rotation is None else graph.op(size, self.value_rotation, out)

    def _projected(self, name: str, heads: int, source: int, rotation: int | None, *, is_key: bool) -> int:
        """Queries, keys or values; queries and keys know their position."""
        builder, tokens, dim = self.builder, self.builder.tokens, self.builder.shape.head_dim
        size = tokens * heads * dim * _F32_BYTES
        out = builder.matrix(name, size, source, tokens)
        if self.kind.biased:
            out = builder.scaled(out, size, heads * dim, tokens)
        if is_key:
            over: tuple[int, ...] = ()
            if self.kind.head_norms:
                out = builder.normed(out, size, dim, tokens * heads, is_view=True)
                over = (out,)
            out = builder.graph.op(size, out, self.positions, *self._rope_table(), over=over)
        return out if rotation is None else builder.graph.op(size, rotation, out)

    def _rope_table(self) -> tuple[int, ...]:
        if not self.kind.rope_table:
            return ()
        device = self.builder.run.device
        if device not in self.rope_tables:
            self.rope_tables[device] = self.builder.graph.weight(self.builder.shape.head_dim // 2 * _F32_BYTES, device)
        return (self.rope_tables[device],)
