"""The operations by which llama.cpp computes one micro-batch, in its own order, and the size of each result.

Order, sizes and what may be written over its input are those of the graphs at build 0c1e57098 (src/llama-graph.cpp,
src/models/{llama,qwen2,qwen3,deepseek2}.cpp; ggml_op_can_inplace in ggml/src/ggml-alloc.c). A view of a result stands
for the result itself, but is never written over: ggml-alloc does not own it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from r1plan.catalog.model import Architecture, Experts, LatentAttention, Shape
from r1plan.plan.llamacpp.settings import KV_TYPES
from r1plan.plan.pins import KvType

HOST = -1  # the processor's memory; graphics cards are numbered from 0
_F32 = 4


class Op(NamedTuple):
    """One operation. Tensors are numbers in the graph's table.

    `over`: inputs it may be written over, in order, when nothing else needs them. `rows`: the rows of the batch when it
    runs where its weights are, 0 when weights do not decide. `device`: where it must run, None when that follows.
    `f16_bytes`: what a card needs behind the result for keys and values as f16. `kept`: what a card, which computes
    the operations before this one in a single kernel, keeps until here.
    """

    result: int
    reads: tuple[int, ...]
    over: tuple[int, ...] = ()
    rows: int = 0
    device: int | None = None
    f16_bytes: int = 0
    kept: tuple[int, ...] = ()


class Run(NamedTuple):
    """Consecutive layers of one kind in one place.

    `experts_on`: where routed experts lie. `matrices`: the bytes of one layer's matrices by name, needed where they may
    be copied to a card.
    """

    layers: int
    routed: bool
    device: int
    experts_on: int
    matrices: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What is computed at once: `tokens` of `sequences`, each seeing `cells` of one of `caches` caches.

    `outputs`: rows of logits. `norms_pinned`: each layer's norms are computed where the layer is, as the engine has it
    when all layers are on cards.
    """

    tokens: int
    sequences: int
    caches: int
    cells: int
    outputs: int
    kv_type: KvType
    flash_attn: bool
    norms_pinned: bool


@dataclass(slots=True)
class Graph:
    """The operations and their tensors: `sizes` in bytes; `held` says where those are that have buffers of their own.

    Of these `weights` decide where an operation runs; the cells of the cache do not.
    """

    sizes: list[int] = field(default_factory=list)
    held: dict[int, int] = field(default_factory=dict)
    weights: set[int] = field(default_factory=set)
    inputs: list[int] = field(default_factory=list)
    ops: list[Op] = field(default_factory=list)
    outputs: set[int] = field(default_factory=set)

    def tensor(self, size: int) -> int:
        """A new tensor's number."""
        self.sizes.append(size)
        return len(self.sizes) - 1

    def input(self, size: int) -> int:
        """A tensor that is filled before each batch, in host memory."""
        number = self.tensor(size)
        self.inputs.append(number)
        return number

    def cells(self, size: int, device: int) -> int:
        """A part of the cache on `device`."""
        number = len(self.sizes)
        self.sizes.append(size)
        self.held[number] = device
        return number

    def weight(self, size: int, device: int) -> int:
        """A tensor of the model on `device`."""
        number = len(self.sizes)
        self.sizes.append(size)
        self.held[number] = device
        self.weights.add(number)
        return number

    def op(
        self,
        size: int,
        *reads: int,
        over: tuple[int, ...] = (),
        rows: int = 0,
        device: int | None = None,
        f16_bytes: int = 0,
    ) -> int:
        """An operation whose result has `size` bytes; that result's number."""
        result = len(self.sizes)
        self.sizes.append(size)
        self.ops.append(Op(result, reads, over, rows, device, f16_bytes))
        return result

    def keep(self, *tensors: int) -> None:
        """Keep `tensors` until the last operation is done, where a card computes it."""
        self.ops[-1] = self.ops[-1]._replace(kept=tensors)


def graph_of(
    architecture: Architecture, shape: Shape, batch: Batch, runs: Sequence[Run], output_on: int, output_bytes: int
) -> Graph:
    """The graph of `batch` over the layers of `runs`, whose output head of `output_bytes` is on `output_on`."""
    return _Builder(architecture, shape, batch).build(runs, output_on, output_bytes)


class _Inputs(NamedTuple):
    positions: int
    key_rotation: int | None
    value_rotation: int | None
    key_indices: int
    value_indices: int
    mask: int
    output_ids: int


class _Builder:
    """Adds the layers one after another. `width` is a hidden state of the whole batch in bytes."""

    def __init__(self, architecture: Architecture, shape: Shape, batch: Batch) -> None:
        self.graph = Graph()
        self.architecture, self.shape, self.batch = architecture, shape, batch
        self.tokens = batch.tokens
        self.row = shape.hidden_size * _F32
        self.kv = KV_TYPES[batch.kv_type]
        self.rope_tables: dict[int, int] = {}

    def build(self, runs: Sequence[Run], output_on: int, output_bytes: int) -> Graph:
        graph, batch = self.graph, self.batch
        ids = graph.input(self.tokens * 4)
        graph.input(self.tokens * self.row)  # embeddings given instead of ids; never used, always there
        self.inputs = self._inputs()
        state = graph.op(self.tokens * self.row, graph.weight(1, HOST), ids, device=HOST)
        left = sum(run.layers for run in runs)
        for run in runs:
            self.run = run
            self.matrices = dict(run.matrices)
            self.norm_on = run.device if batch.norms_pinned else None
            for _ in range(run.layers):
                left -= 1
                state = self._layer(state, last=not left)
        rows = batch.outputs
        normed = graph.op(rows * self.row, state, over=(state,))
        weight = graph.weight(self.row, output_on)
        normed = graph.op(rows * self.row, normed, weight, over=(normed,), rows=rows)
        head = graph.weight(output_bytes, output_on)
        logits = graph.op(rows * _F32 * self.shape.vocab_size, head, normed, rows=rows)
        graph.outputs |= {normed, logits}
        return graph

    def _inputs(self) -> _Inputs:
        graph, batch, shape, tokens = self.graph, self.batch, self.shape, self.tokens
        positions = graph.input(tokens * 4)
        key_rotation = value_rotation = None
        if self.rotates:
            # A Hadamard matrix as wide as a power of two divides a key; 64 for values (llama-kv-cache.cpp).
            wide = 64
            while shape.head_dim % (2 * wide) == 0:
                wide *= 2
            key_rotation, value_rotation = graph.input(wide * wide * _F32), graph.input(64 * 64 * _F32)
        key_indices = graph.input(tokens * 8)
        # Without flash attention values are stored transposed, each element by an index of its own.
        values = 0 if shape.latent_attention else 1 if batch.flash_attn else shape.kv_heads * shape.head_dim
        value_indices = graph.input(tokens * 8 * values) if values else key_indices
        mask = graph.input((2 if batch.flash_attn else 4) * batch.cells * tokens)
        return _Inputs(
            positions, key_rotation, value_rotation, key_indices, value_indices, mask, graph.input(batch.outputs * 4)
        )

    @property
    def rotates(self) -> bool:
        """Whether keys and values are turned before a quantised cache takes them."""
        return self.kv.quantised and self.shape.latent_attention is None and self.shape.head_dim % 64 == 0

    def _matrix(self, name: str, size: int, source: int, rows: int, experts: tuple[int, ...] = ()) -> int:
        """A product with the layer's matrix of that name; `experts` say which of them each token uses."""
        place = self.run.experts_on if experts else self.run.device
        weight = self.graph.weight(self.matrices.get(name, 1), place)
        return self.graph.op(size, weight, source, *experts, rows=rows)

    def _scaled(self, source: int, size: int, width: int, rows: int) -> int:
        """`source` times, or plus, a vector of the layer that is `width` elements long, in place."""
        vector = self.graph.weight(width * _F32, self.run.device)
        return self.graph.op(size, source, vector, over=(source,), rows=rows)

    def _normed(self, source: int, size: int, width: int, rows: int, *, is_view: bool = False) -> int:
        """`source`, or a view of it, normalised and scaled."""
        over = () if is_view else (source,)
        return self._scaled(self.graph.op(size, source, over=over, device=self.norm_on), size, width, rows)

    def _layer(self, state: int, *, last: bool) -> int:
        graph, tokens, hidden = self.graph, self.tokens, self.shape.hidden_size
        normed = self._normed(state, tokens * self.row, hidden, tokens)
        latent = self.shape.latent_attention
        heads = self._attention(normed) if latent is None else self._latent_attention(normed, latent)
        attended = self._matrix("attn_output", tokens * self.row, heads, tokens)
        rows = tokens
        if last:
            rows = self.batch.outputs
            attended = graph.op(rows * self.row, attended, self.inputs.output_ids)
            state = graph.op(rows * self.row, state, self.inputs.output_ids)
        size = rows * self.row
        attended = graph.op(size, attended, state, over=(attended, state))
        normed = self._normed(attended, size, hidden, rows)
        experts = self.shape.experts
        if self.run.routed and experts is not None:
            out = self._experts(normed, experts, rows)
        else:
            out = self._feed_forward(normed, self.shape.ffn_size, rows)
        return graph.op(size, out, attended, over=(out, attended))

    def _feed_forward(self, source: int, width: int, rows: int, suffix: str = "") -> int:
        gate = self._matrix(f"ffn_gate{suffix}", rows * _F32 * width, source, rows)
        up = self._matrix(f"ffn_up{suffix}", rows * _F32 * width, source, rows)
        both = self.graph.op(rows * _F32 * width, gate, up)
        return self._matrix(f"ffn_down{suffix}", rows * self.row, both, rows)

    def _experts(self, source: int, experts: Experts, rows: int) -> int:
        graph, used = self.graph, experts.used_per_token
        all_, few, wide = rows * _F32 * experts.routed, rows * _F32 * used, rows * _F32 * used * experts.ffn_size
        logits = self._matrix("ffn_gate_inp", all_, source, rows)
        probabilities = graph.op(all_, logits, over=(logits,))
        biased = graph.op(all_, probabilities, graph.weight(experts.routed * _F32, self.run.device), rows=rows)
        order = graph.op(all_, biased)
        picked = graph.op(few, probabilities, order)
        total = graph.op(rows * _F32, picked)
        clamped = graph.op(rows * _F32, total, over=(total,))
        shares = graph.op(few, picked, clamped)
        weights = graph.op(few, shares)
        graph.keep(logits, probabilities, biased, order, picked, total, clamped, shares, weights)
        gate = self._matrix("ffn_gate_exps", wide, source, rows, (order,))
        up = self._matrix("ffn_up_exps", wide, source, rows, (order,))
        both = graph.op(wide, gate, up)
        down = self._matrix("ffn_down_exps", rows * used * self.row, both, rows, (order,))
        weighted = graph.op(rows * used * self.row, down, weights, over=(down,))
        out = graph.op(rows * self.row, weighted, weighted)
        for _ in range(used - 2):
            out = graph.op(rows * self.row, out, weighted, over=(out,))
        graph.keep(down, weights)
        if not experts.shared:
            return out
        shared = self._feed_forward(source, experts.ffn_size * experts.shared, rows, "_shexp")
        return graph.op(rows * self.row, out, shared, over=(out, shared))

    def _projected(self, name: str, heads: int, source: int, rotation: int | None, *, is_key: bool) -> int:
        """Queries, keys or values of the plain attention; queries and keys know their position."""
        graph, tokens, dim = self.graph, self.tokens, self.shape.head_dim
        size = tokens * heads * dim * _F32
        out = self._matrix(name, size, source, tokens)
        if self.architecture == "qwen2":
            out = self._scaled(out, size, heads * dim, tokens)
        if is_key:
            over: tuple[int, ...] = ()
            if self.architecture == "qwen3":
                out = self._normed(out, size, dim, tokens * heads, is_view=True)
                over = (out,)
            out = graph.op(size, out, self.inputs.positions, *self._rope_table(), over=over)
        return out if rotation is None else graph.op(size, rotation, out)

    def _rope_table(self) -> tuple[int, ...]:
        """Llama 3's table of rotary frequencies, one on each device; other architectures need none."""
        if self.architecture != "llama":
            return ()
        device = self.run.device
        if device not in self.rope_tables:
            self.rope_tables[device] = self.graph.weight(self.shape.head_dim // 2 * _F32, device)
        return (self.rope_tables[device],)

    def _attention(self, normed: int) -> int:
        graph, batch, shape, inputs, device = self.graph, self.batch, self.shape, self.inputs, self.run.device
        queries = self._projected("attn_q", shape.heads, normed, inputs.key_rotation, is_key=True)
        values = self._projected("attn_v", shape.kv_heads, normed, inputs.value_rotation, is_key=False)
        keys = self._projected("attn_k", shape.kv_heads, normed, inputs.key_rotation, is_key=True)
        cache = graph.cells(0, device)
        graph.op(0, keys, inputs.key_indices, cache, device=device)
        graph.op(0, values, inputs.value_indices, cache, device=device)
        elements = batch.cells * batch.caches * shape.kv_heads * shape.head_dim
        key_cells, value_cells = (graph.cells(self.kv.bytes_of(elements), device) for _ in range(2))
        size = self.tokens * shape.heads * shape.head_dim * _F32
        if not batch.flash_attn:
            out = graph.op(size, value_cells, self._attention_weights(key_cells, queries))
            return graph.op(size, out)
        if batch.kv_type == "f32":
            key_cells, value_cells = graph.op(2 * elements, key_cells), graph.op(2 * elements, value_cells)
        copies = 2 * self.kv.f16_copy_bytes(elements)
        out = graph.op(size, queries, key_cells, value_cells, inputs.mask, f16_bytes=copies)
        return out if inputs.value_rotation is None else graph.op(size, inputs.value_rotation, out)

    def _attention_weights(self, key_cells: int, queries: int) -> int:
        """One number for each head, token and cell: what flash attention never writes down."""
        size = self.shape.heads * self.batch.cells * self.tokens * _F32
        scores = self.graph.op(size, key_cells, queries)
        return self.graph.op(size, scores, self.inputs.mask, over=(scores,))

    def _latent_attention(self, normed: int, latent: LatentAttention) -> int:
        graph, batch, inputs, device = self.graph, self.batch, self.inputs, self.run.device
        tokens, heads, rank, rope = self.tokens, self.shape.heads, latent.kv_lora_rank, latent.qk_rope_head_dim

        def wide(elements: int) -> int:
            return tokens * _F32 * elements

        queries = self._matrix("attn_q_a", wide(latent.q_lora_rank), normed, tokens)
        queries = self._normed(queries, wide(latent.q_lora_rank), latent.q_lora_rank, tokens)
        queries = self._matrix("attn_q_b", wide(heads * (latent.qk_nope_head_dim + rope)), queries, tokens)
        absorbed = self._matrix("attn_k_b", wide(heads * rank), queries, tokens)
        turned = graph.op(wide(heads * rope), queries, inputs.positions)
        query = graph.op(wide(heads * (rank + rope)), absorbed, turned)
        compressed = self._matrix("attn_kv_a_mqa", wide(rank + rope), normed, tokens)
        content = self._normed(compressed, wide(rank), rank, tokens, is_view=True)
        position = graph.op(wide(rope), compressed, inputs.positions)
        key = graph.op(wide(rank + rope), content, position)
        graph.op(0, key, inputs.key_indices, graph.cells(0, device), device=device)
        cells = batch.cells * batch.caches
        key_bytes = self.kv.bytes_of(rank + rope) * cells
        value_bytes = key_bytes - self.kv.bytes_of(rank + rope) + self.kv.bytes_of(rank)
        key_cells, value_cells = graph.cells(key_bytes, device), graph.cells(value_bytes, device)
        size, out_size = wide(heads * rank), wide(heads * latent.v_head_dim)
        if batch.flash_attn:
            copy = self.kv.f16_copy_bytes(cells * (rank + rope))
            if batch.kv_type == "f32":
                key_cells = graph.op(2 * cells * (rank + rope), key_cells)
                value_cells = graph.op(2 * cells * rank, value_cells)
            out = graph.op(size, query, key_cells, value_cells, inputs.mask, f16_bytes=copy)
        else:
            straight = graph.op(self.kv.bytes_of(rank) * cells, value_cells)
            out = graph.op(size, straight, self._attention_weights(key_cells, query))
        out = self._matrix("attn_v_b", out_size, out, tokens)
        return graph.op(out_size, out)
