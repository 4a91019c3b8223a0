"""The operations by which llama.cpp computes one micro-batch, in its own order, from the embedding to the logits.

All architectures of the family share what is around attention and experts (build 0c1e57098,
src/models/{llama,qwen2,qwen3,deepseek2,deepseek32}.cpp); those are the architecture's own (plan/arch).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from r1plan.catalog.model import Architecture, Shape
from r1plan.plan.arch.deepseek4_graph import StreamedGraph
from r1plan.plan.arch.feed_forward import add_feed_forward
from r1plan.plan.arch.spec import ArchitectureSpec, Mixture
from r1plan.plan.arch.table import spec_of
from r1plan.plan.llamacpp.compute.builder import GraphBuilder
from r1plan.plan.llamacpp.compute.graph import HOST, Batch, Graph, Run

_F32_BYTES, _ID_BYTES = 4, 4


def graph_of(
    architecture: Architecture, shape: Shape, batch: Batch, runs: Sequence[Run], output_on: int, output_bytes: int
) -> Graph:
    """The graph of `batch` over the layers of `runs`, whose output head of `output_bytes` is on `output_on`.

    Raises EngineError for a shape that is none of the architecture's.
    """
    spec, builder = spec_of(architecture, shape), GraphBuilder(shape, batch)
    graph, tokens, row = builder.graph, builder.tokens, builder.row
    ids = graph.input(tokens * _ID_BYTES)
    graph.input(tokens * row)  # embeddings given instead of ids; never used, always there
    add = _streamed if shape.windowed_attention is not None else _plain
    state = add(builder, spec, runs, ids, output_on)
    rows = batch.outputs
    normed = graph.op(rows * row, state, over=(state,))
    weight = graph.weight(row, output_on)
    normed = graph.op(rows * row, normed, weight, over=(normed,), rows=rows)
    head = graph.weight(output_bytes, output_on)
    logits = graph.op(rows * _F32_BYTES * shape.vocab_size, head, normed, rows=rows)
    graph.outputs |= {normed, logits}
    return graph


def _plain(builder: GraphBuilder, spec: ArchitectureSpec, runs: Sequence[Run], ids: int, _output_on: int) -> int:
    """The layers of all architectures but DeepSeek-V4."""
    graph = builder.graph
    layers = _Layers(builder, spec.attention(builder.shape).begin(builder), spec.mixture)
    state = graph.op(builder.tokens * builder.row, graph.weight(1, HOST), ids, device=HOST)
    left = sum(run.layers for run in runs)
    for run in runs:
        builder.enter(run)
        for _ in range(run.layers):
            left -= 1
            state = layers.add(state, last=not left)
    return state


def _streamed(builder: GraphBuilder, _spec: ArchitectureSpec, runs: Sequence[Run], ids: int, output_on: int) -> int:
    """The layers of DeepSeek-V4, all of them: they differ."""
    graph, number = builder.graph, 0
    streamed = StreamedGraph(
        builder, ids, graph.op(builder.tokens * builder.row, graph.weight(1, HOST), ids, device=HOST)
    )
    for run in runs:
        builder.enter(run)
        for _ in range(run.layers):
            streamed.layer(number)
            number += 1
    return streamed.head(output_on)


class _Layers:
    """Adds the layers one after another."""

    def __init__(self, builder: GraphBuilder, attend: Callable[[int], int], mixture: Mixture | None) -> None:
        self.builder, self.attend, self.mixture = builder, attend, mixture

    def add(self, state: int, *, last: bool) -> int:
        """A layer over the hidden `state`; the last one goes on with the tokens alone whose logits are wanted."""
        builder, graph, shape = self.builder, self.builder.graph, self.builder.shape
        rows, row, hidden = builder.tokens, builder.row, shape.hidden_size
        heads = self.attend(builder.normed(state, rows * row, hidden, rows))
        attended = builder.matrix("attn_output", rows * row, heads, rows)
        if last:
            rows = builder.batch.outputs
            wanted = graph.input(rows * _ID_BYTES)
            attended = graph.op(rows * row, attended, wanted)
            state = graph.op(rows * row, state, wanted)
        size = rows * row
        attended = graph.op(size, attended, state, over=(attended, state))
        normed = builder.normed(attended, size, hidden, rows)
        if builder.run.routed and self.mixture is not None and shape.experts is not None:
            out = self.mixture.add(builder, normed, shape.experts, rows)
        else:
            out = add_feed_forward(builder, normed, shape.ffn_size, rows)
        return graph.op(size, out, attended, over=(out, attended))
