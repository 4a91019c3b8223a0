"""The operations of DeepSeek-V4, in the order in which ggml walks its graph.

llama.cpp's at build 0c1e57098 (src/models/deepseek4.cpp; src/llama-graph.cpp, build_inp_dsv4 and build_moe_ffn;
src/llama-kv-cache-dsv4.cpp, dsv4_build_reserve_comp_plan for what a full micro-batch needs). Inputs are there from the
start, in the order in which they are first read.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from r1plan.catalog.model import INDEXED_RATIO, Experts
from r1plan.plan.arch.cache import compressed_cells, window_cells
from r1plan.plan.arch.feed_forward import add_feed_forward

if TYPE_CHECKING:
    from r1plan.plan.llamacpp.compute.builder import GraphBuilder

_F32_BYTES, _F16_BYTES = 4, 2
_ID_BYTES, _INDEX_BYTES = 4, 8


class StreamedGraph:
    """A graph of `builder` that grows layer by layer; `state` is the hidden state, four states wide."""

    def __init__(self, builder: GraphBuilder, ids: int, embedded: int) -> None:
        windowed, indexer = builder.shape.windowed_attention, builder.shape.indexer
        if windowed is None or indexer is None:
            raise ValueError("a shape without windowed attention or an indexer")
        self.builder, self.graph, self.shape = builder, builder.graph, builder.shape
        self.windowed, self.indexer, self.ids = windowed, indexer, ids
        self.tokens, self.streams, self.row = builder.tokens, builder.batch.sequences, builder.tokens * _F32_BYTES
        self.states = windowed.hyper_connections
        self.wide = self.states * self.tokens * builder.row
        self.mask_bytes = (_F16_BYTES if builder.batch.flash_attn else _F32_BYTES) * self.tokens
        self.window = window_cells(windowed, builder.batch.cells, builder.batch.n_ubatch)
        self.inputs: dict[str, int] = {}
        self.mask = self.input("mask", self.mask_bytes * self.window)
        self.state = self.graph.op(self.wide, embedded)

    def layer(self, number: int) -> None:
        """Add a layer; its builder has been told where it lies."""
        builder, kind = self.builder, self.shape.kind_of(number)
        mixed = self._mixed("attn", self.state)
        normed = self._normed(mixed("pre"), self.state)
        attended = _Attention(self, kind.compress_ratio).add(normed)
        post, together = mixed("post"), mixed("comb")
        self.state = self.graph.op(self.wide, attended, self.state, post, together)
        mixed = self._mixed("ffn", self.state)
        post, together = mixed("post"), mixed("comb")
        normed = self._normed(mixed("pre"), self.state)
        experts = self.shape.experts
        if experts is None:
            raise ValueError("a shape without experts")
        out = self._experts(normed, experts, hashed=kind.hashed)
        shared = add_feed_forward(builder, normed, experts.ffn_size * experts.shared, self.tokens, "_shexp")
        out = self.graph.op(self.tokens * builder.row, out, shared, over=(out, shared))
        self.state = self.graph.op(self.wide, out, self.state, post, together)

    def head(self, output_on: int) -> int:
        """Add what makes one state of the four, of the rows whose logits are wanted; that state."""
        graph, rows, states = self.graph, self.builder.batch.outputs, self.states
        wide, narrow, size = rows * states * self.builder.row, rows * states * _F32_BYTES, rows * self.builder.row
        wanted = self.input("wanted", rows * _ID_BYTES)
        state = graph.op(wide, self.state, wanted)
        flat = graph.op(wide, state)
        weight = graph.weight(wide // rows * states, output_on)
        mixes = graph.op(narrow, weight, flat, rows=rows)
        for _ in range(2):  # times a scale, plus a base
            mixes = graph.op(narrow, mixes, graph.weight(_F32_BYTES, output_on), over=(mixes,), rows=rows)
        for _ in range(2):  # a sigmoid, and a small number more
            mixes = graph.op(narrow, mixes, over=(mixes,))
        out = graph.op(size, state, mixes)
        for _ in range(states - 1):
            more = graph.op(size, state, mixes)
            out = graph.op(size, out, more, over=(out, more))
        return out

    def input(self, name: str, size: int) -> int:
        """The input of that name, which is there from the start."""
        if name not in self.inputs:
            self.inputs[name] = self.graph.input(size)
        return self.inputs[name]

    def positions(self) -> int:
        """The input that says where each token stands."""
        return self.input("positions", self.tokens * _ID_BYTES)

    def rotation(self, name: str, width: int) -> int:
        """The input of that name that turns keys of `width` elements."""
        if name not in self.inputs:
            self.inputs[name] = self.builder.rotation(width)
        return self.inputs[name]

    def _mixed(self, part: str, state: int) -> Callable[[str], int]:
        """What mixes the four states: their weights before (`pre`), after (`post`), and among themselves (`comb`)."""
        graph, builder, row = self.graph, self.builder, self.row
        mixes = (2 + self.states) * self.states
        flat = graph.op(self.wide, state)
        mixed = builder.matrix(f"hc_{part}_fn", row * mixes, flat, self.tokens)

        def add(which: str) -> int:
            device = builder.run.device
            if which == "comb":
                scale, base = graph.weight(3 * _F32_BYTES, device), graph.weight(mixes * _F32_BYTES, device)
                return graph.op(row * self.states**2, mixed, scale, base, rows=self.tokens * self.states)
            # Views of these, which do not decide where an operation runs: to the scheduler they are no weights.
            out = graph.op(row * self.states, mixed, graph.cells(_F32_BYTES, device))
            out = graph.op(row * self.states, out, graph.cells(self.states * _F32_BYTES, device), over=(out,))
            for _ in range(2):
                out = graph.op(row * self.states, out, over=(out,))
            return out

        return add

    def _normed(self, weights: int, state: int) -> int:
        """The four states as one, normalised."""
        size = self.tokens * self.builder.row
        return self.builder.normed(self.graph.op(size, state, weights), size, self.shape.hidden_size, self.tokens)

    def _experts(self, source: int, experts: Experts, *, hashed: bool) -> int:
        graph, builder, used, row, rows = self.graph, self.builder, experts.used_per_token, self.row, self.tokens
        all_, few, wide, hidden = row * experts.routed, row * used, row * used * experts.ffn_size, rows * builder.row
        logits = builder.matrix("ffn_gate_inp", all_, source, rows)
        soft = graph.op(all_, logits, over=(logits,))
        scores = graph.op(all_, soft, over=(soft,))
        if hashed:
            table, biased = graph.weight(1, builder.run.device), scores
            order = graph.op(few, table, self.ids, device=builder.run.device)
        else:
            correction = graph.weight(experts.routed * _F32_BYTES, builder.run.device)
            biased = graph.op(all_, scores, correction, rows=rows)
            order = graph.op(all_, biased)
        picked = graph.op(few, scores, order)
        total = graph.op(row, picked)
        clamped = graph.op(row, total, over=(total,))
        shares = graph.op(few, picked, clamped)
        weights = graph.op(few, shares)
        if not hashed and _fused_on_cards(experts.routed):
            graph.keep(logits, soft, scores, biased, order, picked, total, clamped, shares, weights)
        gate = builder.matrix("ffn_gate_exps", wide, source, rows, (order,))
        up = builder.matrix("ffn_up_exps", wide, source, rows, (order,))
        down = builder.matrix("ffn_down_exps", used * hidden, graph.op(wide, gate, up), rows, (order,))
        weighted = graph.op(used * hidden, down, weights, over=(down,))
        out = graph.op(hidden, weighted, weighted)
        for _ in range(used - 2):
            out = graph.op(hidden, out, weighted, over=(out,))
        graph.keep(down, weights)
        return out


def _fused_on_cards(routed: int) -> bool:
    """Whether CUDA picks of so many experts in a single kernel (ggml-cuda/topk-moe.cu)."""
    return routed in (288, 576) or (routed <= 512 and routed.bit_count() == 1)


class _Attention:
    """The attention of one layer of ratio `ratio`."""

    def __init__(self, streamed: StreamedGraph, ratio: int) -> None:
        self.streamed, self.ratio, self.builder = streamed, ratio, streamed.builder
        self.graph, self.shape = streamed.graph, streamed.shape
        self.quantised, self.width = self.builder.kv.quantised, self.shape.head_dim
        self.cells = compressed_cells(self.builder.batch.cells, ratio) if ratio else 0

    def add(self, normed: int) -> int:
        """Its operations from the normalised state on, to what the layer adds to that."""
        graph, builder, row, tokens = self.graph, self.builder, self.streamed.row, self.streamed.tokens
        if self.ratio == INDEXED_RATIO:
            self._compress(normed, "attn_compressor", self.width, "csa", turned=self.quantised)
            self._compress(normed, "indexer_compressor", self.streamed.indexer.head_dim, "lid", turned=True)
        elif self.ratio:
            self._compress(normed, "attn_compressor", self.width, "hca", turned=self.quantised)
        windowed, size = self.streamed.windowed, row * self.shape.heads * self.width
        rotation = self.streamed.rotation("raw rotation", self.width) if self.quantised else None
        narrow = row * windowed.q_lora_rank
        reduced = builder.matrix("attn_q_a", narrow, normed, tokens)
        reduced = builder.normed(reduced, narrow, windowed.q_lora_rank, tokens)
        query = graph.op(size, builder.matrix("attn_q_b", size, reduced, tokens))
        query = self._turned(graph.op(size, query, self.streamed.positions(), over=(query,)), rotation)
        key = builder.matrix("attn_kv", row * self.width, normed, tokens)
        key = builder.normed(key, row * self.width, self.width, tokens)
        key = self._turned(graph.op(row * self.width, key, self.streamed.positions()), rotation)
        indices = self.streamed.input("indices", tokens * _INDEX_BYTES)
        device = builder.run.device
        graph.op(0, key, indices, graph.cells(0, device), device=device)
        out = self._turned(self._attend(query, normed, reduced), rotation)
        out = graph.op(size, out, self.streamed.positions())
        grouped = row * windowed.output_lora_rank * windowed.output_groups
        out = graph.op(grouped, builder.matrix("attn_output_a", grouped, out, tokens))
        return builder.matrix("attn_output_b", tokens * builder.row, out, tokens)

    def _turned(self, source: int, rotation: int | None) -> int:
        return source if rotation is None else self.graph.op(self.graph.sizes[source], rotation, source)

    def _attend(self, query: int, normed: int, reduced: int) -> int:
        """What the queries see: the window, and compressed keys behind it."""
        graph, builder, batch, device = self.graph, self.builder, self.builder.batch, self.builder.run.device
        streams, heads, size = self.streamed.streams, self.shape.heads, graph.sizes[query]
        sinks, rows = graph.weight(heads * _F32_BYTES, device), heads * self.streamed.tokens
        seen, window = self.streamed.window + self.cells, self.streamed.window
        # The same cells, and yet two tensors to the scheduler, which copies each.
        keys, values = (graph.cells(builder.kv.bytes_of(self.width) * window * streams, device) for _ in range(2))
        if self.ratio:
            behind = graph.cells(builder.kv.bytes_of(self.width) * self.cells * streams, device)
            keys = values = graph.op(builder.kv.bytes_of(self.width) * seen * streams, keys, behind)
        if batch.flash_attn:
            elements = self.width * seen * streams
            copies = builder.kv.f16_copy_bytes(elements)
            if not self.ratio and device < 0:
                copies *= 2  # copied to a card, keys are no longer seen to be the values
            if batch.kv_type == "f32":
                keys, values = graph.op(_F16_BYTES * elements, keys), graph.op(_F16_BYTES * elements, values)
            mask = self._mask(normed, reduced)
            return graph.op(size, query, keys, values, mask, sinks, rows=rows, f16_bytes=copies)
        straight = graph.op(builder.kv.bytes_of(self.width) * seen * streams, values)
        scores = graph.op(self.streamed.row * heads * seen, keys, query)
        mask = self._mask(normed, reduced)
        shares = graph.op(graph.sizes[scores], scores, mask, sinks, over=(scores,), rows=rows)
        return graph.op(size, graph.op(size, straight, shares))

    def _mask(self, normed: int, reduced: int) -> int:
        """The mask over all keys that the layer has."""
        streamed, graph = self.streamed, self.graph
        if not self.ratio:
            return streamed.mask
        size = streamed.mask_bytes * self.cells
        behind = self._picked(normed, reduced) if self.ratio == INDEXED_RATIO else streamed.input("hca mask", size)
        return graph.op(graph.sizes[streamed.mask] + size, streamed.mask, behind)

    def _picked(self, normed: int, reduced: int) -> int:
        """The mask that lets each token see its best compressed keys alone."""
        streamed, graph, builder, indexer = self.streamed, self.graph, self.builder, self.streamed.indexer
        row, tokens, cells = streamed.row, streamed.tokens, self.cells
        top = min(cells, indexer.top_k)
        leaf = graph.leaf(streamed.mask_bytes * top)
        zeros = graph.op(streamed.mask_bytes * top, leaf, over=(leaf,))
        size = row * indexer.heads * indexer.head_dim
        query = builder.matrix("indexer.attn_q_b", size, reduced, tokens)
        query = graph.op(size, query, streamed.positions())
        query = graph.op(size, streamed.rotation("lid rotation", indexer.head_dim), query)
        weights = builder.matrix("indexer.proj", row * indexer.heads, normed, tokens)
        weights = graph.op(row * indexer.heads, weights, over=(weights,))
        held = builder.kv.bytes_of(indexer.head_dim) * cells * streamed.streams + builder.row_padding(indexer.head_dim)
        keys = graph.cells(held, builder.run.device)
        own = streamed.input("lid mask", _F16_BYTES * tokens * cells)  # f16 without flash attention too
        scores = graph.op(row * cells, query, keys, weights, own)
        best = graph.op(row * top, graph.op(row * top, scores))
        mask = streamed.input("csa mask", streamed.mask_bytes * cells)
        hidden = graph.op(graph.sizes[mask], mask, over=(mask,))
        graph.op(0, zeros, best, hidden)
        return graph.op(graph.sizes[mask], hidden, mask, over=(mask,))

    def _compress(self, normed: int, name: str, width: int, cache: str, *, turned: bool) -> None:
        """Make compressed keys of the tokens that complete one, and keep the others.

        Where keys overlap, each is made of two halves: of the tokens before its own, and of its own.
        """
        streamed, graph, builder = self.streamed, self.graph, self.builder
        row, tokens, streams, device = streamed.row, streamed.tokens, streamed.streams, builder.run.device
        halves = 2 if self.ratio == INDEXED_RATIO else 1
        rotation = streamed.rotation(f"{cache} rotation", width) if turned else None
        kept = halves * self.ratio * streams
        blocks = tokens // self.ratio + streams
        whole, size = halves * width * _F32_BYTES, halves * self.ratio * blocks * width * _F32_BYTES

        def gathered(source: int) -> int:
            """The tokens of each key, kept ones and new ones, a number of the key in a row."""
            states = graph.op((kept + tokens) * whole, graph.cells(kept * whole, device), source)
            if halves == 2:
                states = graph.op((kept + tokens + 1) * whole, states, graph.op(whole, states))
            reads = streamed.input(f"{cache} reads", halves * self.ratio * blocks * _ID_BYTES)
            rows = graph.op(halves * size, states, reads)
            if halves == 2:
                rows = graph.op(size, *(graph.op(size // 2, rows) for _ in range(2)))
            return graph.op(size, rows)

        keys = builder.matrix(f"{name}_kv", row * halves * width, normed, tokens)
        values = gathered(keys)
        scores = builder.matrix(f"{name}_gate", row * halves * width, normed, tokens)
        places = streamed.input(f"{cache} places", tokens * _ID_BYTES)
        table = graph.weight(self.ratio * whole, device)
        added = graph.op(row * halves * width, table, places, device=device)
        scores = graph.op(row * halves * width, scores, added, over=(scores, added))
        shares = gathered(scores)
        shares = graph.op(size, shares, over=(shares,))
        out = graph.op(size, values, shares, over=(values, shares))
        short = blocks * width * _F32_BYTES
        out = builder.normed(graph.op(short, graph.op(short, out)), short, width, blocks)
        out = graph.op(short, out, streamed.input(f"{cache} positions", blocks * _ID_BYTES), over=(out,))
        out = self._turned(out, rotation)
        to = streamed.input(f"{cache} writes", blocks * _INDEX_BYTES)
        graph.op(0, out, to, graph.cells(0, device), device=device)
        left = min(tokens, kept)
        for source in (keys, scores):
            saved = graph.op(left * whole, source, streamed.input(f"{cache} saved", left * _ID_BYTES))
            to = streamed.input(f"{cache} saved to", left * _ID_BYTES)
            graph.op(0, saved, to, graph.cells(0, device), device=device)
