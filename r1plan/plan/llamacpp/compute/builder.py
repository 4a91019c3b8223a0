"""What the graphs of all architectures are made of: products with a layer's matrices, norms, masks and scores.

Order and sizes are those of llama.cpp's graphs at build 0c1e57098 (src/llama-graph.cpp).
"""

from __future__ import annotations

from r1plan.catalog.model import Shape
from r1plan.plan.llamacpp.compute.graph import Batch, Graph, Run
from r1plan.plan.llamacpp.settings import KV_TYPES

_F32_BYTES, _F16_BYTES = 4, 2


class GraphBuilder:
    """A graph that grows operation by operation. `row` is a token's hidden state in bytes.

    `enter` says of which layers the operations are that follow.
    """

    def __init__(self, shape: Shape, batch: Batch) -> None:
        self.graph = Graph()
        self.shape, self.batch = shape, batch
        self.tokens = batch.tokens
        self.row = shape.hidden_size * _F32_BYTES
        self.kv = KV_TYPES[batch.kv_type]

    def enter(self, run: Run) -> None:
        """What follows belongs to the layers of `run`."""
        self.run = run
        self.matrices = dict(run.matrices)
        self.norm_on = run.device if self.batch.norms_pinned else None

    def mask(self) -> int:
        """The input that says which cells each token sees; f32 without flash attention."""
        size = _F16_BYTES if self.batch.flash_attn else _F32_BYTES
        return self.graph.input(size * self.batch.cells * self.tokens)

    def row_padding(self, dim: int) -> int:
        """Bytes that a card adds to rows of `dim` elements of a quantised cache where they are copied to it.

        ggml-cuda.cu, MATRIX_ROW_PADDING: the last row is as if it were whole.
        """
        return self.kv.bytes_of(-dim % 512) if self.kv.quantised else 0

    def rotation(self, dim: int) -> int:
        """The input that turns vectors: a Hadamard matrix as wide as a power of two, from 64 up, divides `dim`."""
        wide = 64
        while dim % (2 * wide) == 0:
            wide *= 2
        return self.graph.input(wide * wide * _F32_BYTES)

    def matrix(self, name: str, size: int, source: int, rows: int, experts: tuple[int, ...] = ()) -> int:
        """A product with the layer's matrix of that name; `experts` say which of them each token uses."""
        place = self.run.experts_on if experts else self.run.device
        weight = self.graph.weight(self.matrices.get(name, 1), place)
        return self.graph.op(size, weight, source, *experts, rows=rows)

    def scaled(self, source: int, size: int, width: int, rows: int) -> int:
        """`source` times, or plus, a vector of the layer that is `width` elements long, in place."""
        vector = self.graph.weight(width * _F32_BYTES, self.run.device)
        return self.graph.op(size, source, vector, over=(source,), rows=rows)

    def normed(self, source: int, size: int, width: int, rows: int, *, is_view: bool = False) -> int:
        """`source`, or a view of it, normalised and scaled."""
        over = () if is_view else (source,)
        return self.scaled(self.graph.op(size, source, over=over, device=self.norm_on), size, width, rows)

    def scores(self, key_cells: int, queries: int) -> int:
        """One number for each head, token and cell: what flash attention never writes down."""
        return self.graph.op(self.shape.heads * self.batch.cells * self.tokens * _F32_BYTES, key_cells, queries)

    def masked(self, scores: int, mask: int) -> int:
        """`scores` as shares of what each token sees, in place."""
        return self.graph.op(self.graph.sizes[scores], scores, mask, over=(scores,))
