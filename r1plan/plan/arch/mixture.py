"""DeepSeek's mixture: a sigmoid router with a correction picks a few of many experts, beside one for every token.

Tensors and operations are llama.cpp's at build 0c1e57098 (src/models/deepseek2.cpp; src/llama-graph.cpp,
build_moe_ffn); matrices are vLLM 0.33.0's (model_executor/models/deepseek_v2.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from r1plan.catalog.model import Experts, Shape
from r1plan.plan.arch.feed_forward import add_feed_forward, feed_forward_matrices, feed_forward_tensors
from r1plan.plan.arch.spec import Matrix, Tensor

if TYPE_CHECKING:
    from r1plan.plan.llamacpp.compute.builder import GraphBuilder

_F32_BYTES = 4


class SigmoidMixture:
    """The mixture of DeepSeek-V3 and its kin."""

    def tensors(self, shape: Shape, experts: Experts) -> Iterator[Tensor]:
        """Router, correction, routed experts and the shared one."""
        hidden = shape.hidden_size
        yield Tensor("ffn_gate_inp.weight", (hidden, experts.routed))
        yield Tensor("exp_probs_b.bias", (experts.routed,))
        yield Tensor("ffn_gate_exps.weight", (hidden, experts.ffn_size, experts.routed))
        yield Tensor("ffn_up_exps.weight", (hidden, experts.ffn_size, experts.routed))
        yield Tensor("ffn_down_exps.weight", (experts.ffn_size, hidden, experts.routed))
        if experts.shared:
            yield from feed_forward_tensors(hidden, experts.ffn_size * experts.shared, "_shexp")

    def add(self, builder: GraphBuilder, source: int, experts: Experts, rows: int) -> int:
        """The router's shares, each token's experts weighted and summed, and the shared expert."""
        graph, used = builder.graph, experts.used_per_token
        row = rows * _F32_BYTES
        all_, few, wide, hidden = row * experts.routed, row * used, row * used * experts.ffn_size, rows * builder.row
        logits = builder.matrix("ffn_gate_inp", all_, source, rows)
        probabilities = graph.op(all_, logits, over=(logits,))
        correction = graph.weight(experts.routed * _F32_BYTES, builder.run.device)
        biased = graph.op(all_, probabilities, correction, rows=rows)
        order = graph.op(all_, biased)
        picked = graph.op(few, probabilities, order)
        total = graph.op(row, picked)
        clamped = graph.op(row, total, over=(total,))
        shares = graph.op(few, picked, clamped)
        weights = graph.op(few, shares)
        graph.keep(logits, probabilities, biased, order, picked, total, clamped, shares, weights)
        gate = builder.matrix("ffn_gate_exps", wide, source, rows, (order,))
        up = builder.matrix("ffn_up_exps", wide, source, rows, (order,))
        both = graph.op(wide, gate, up)
        down = builder.matrix("ffn_down_exps", used * hidden, both, rows, (order,))
        weighted = graph.op(used * hidden, down, weights, over=(down,))
        out = graph.op(hidden, weighted, weighted)
        for _ in range(used - 2):
            out = graph.op(hidden, out, weighted, over=(out,))
        graph.keep(down, weights)
        if not experts.shared:
            return out
        shared = add_feed_forward(builder, source, experts.ffn_size * experts.shared, rows, "_shexp")
        return graph.op(hidden, out, shared, over=(out, shared))

    def matrices(self, shape: Shape, experts: Experts) -> Iterator[Matrix]:
        """Router, routed experts and the shared one."""
        hidden = shape.hidden_size
        yield Matrix("mlp.gate", experts.routed, hidden, "none", low=False, vector_bytes=_F32_BYTES)
        yield from feed_forward_matrices("mlp.experts", hidden, experts.ffn_size, copies=experts.routed, routed=True)
        if experts.shared:
            yield from feed_forward_matrices("mlp.shared_experts", hidden, experts.ffn_size * experts.shared)
