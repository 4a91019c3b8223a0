"""DeepSeek-V4: a window of raw keys, compressed keys behind it, and a hidden state four states wide.

Tensors are llama.cpp's at build 0c1e57098 (src/models/deepseek4.cpp), their types in files conversion/deepseek.py's and
the publishers'.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from r1plan.catalog.model import INDEXED_RATIO, Experts, LayerKind, Shape, WindowedAttention
from r1plan.plan.arch.deepseek32 import indexer_of
from r1plan.plan.arch.feed_forward import feed_forward_tensors
from r1plan.plan.arch.mixture import SigmoidMixture
from r1plan.plan.arch.spec import ArchitectureSpec, Matrix, Tensor

if TYPE_CHECKING:
    from r1plan.plan.llamacpp.compute.builder import GraphBuilder

_MIXTURE = SigmoidMixture()
# The checkpoint stores these as BF16, its norms and hyper-connections as F32, experts in FP4 and all else in FP8.
_STORED_BF16 = ("token_embd.", "output.", "attn_compressor_", "indexer_compressor_", "indexer.proj.")
_ROUTER = "ffn_gate_inp.weight"


class StreamedAttention:
    """The window and, behind it, the streams of compressed keys."""

    def tensors(self, shape: Shape, *, joined_kv_b: bool) -> Iterator[Tensor]:
        """What every layer has; `more_of_layer` has what layers that compress have besides."""
        if joined_kv_b:
            raise ValueError("no file of DeepSeek-V4 has attn_kv_b")
        windowed, hidden, width = windowed_of(shape), shape.hidden_size, shape.head_dim
        groups, narrow = windowed.output_groups, windowed.output_lora_rank
        yield Tensor("attn_sinks.weight", (shape.heads,))
        yield Tensor("attn_q_a.weight", (hidden, windowed.q_lora_rank))
        yield Tensor("attn_q_a_norm.weight", (windowed.q_lora_rank,))
        yield Tensor("attn_q_b.weight", (windowed.q_lora_rank, shape.heads * width))
        yield Tensor("attn_kv.weight", (hidden, width))
        yield Tensor("attn_kv_a_norm.weight", (width,))
        yield Tensor("attn_output_a.weight", (shape.heads * width // groups, narrow * groups))
        yield Tensor("attn_output_b.weight", (groups * narrow, hidden))

    def begin(self, builder: GraphBuilder) -> Callable[[int], int]:
        """The graph of DeepSeek-V4 is a whole of its own."""
        raise NotImplementedError

    def matrices(self, shape: Shape) -> Iterator[Matrix]:
        """The matrices of the checkpoint; the one key of all heads every GPU repeats."""
        windowed, hidden, width = windowed_of(shape), shape.hidden_size, shape.head_dim
        groups, narrow = windowed.output_groups, windowed.output_lora_rank
        yield Matrix("wq_a and wkv", windowed.q_lora_rank + width, hidden, "none", attention=True)
        yield Matrix("wq_b", shape.heads * width, windowed.q_lora_rank, "rows", attention=True)
        yield Matrix("wo_a", groups * narrow, shape.heads * width // groups, "rows", attention=True)
        yield Matrix("wo_b", hidden, groups * narrow, "columns", attention=True)

    def norm_elements(self, shape: Shape) -> int:
        """Those of the narrow queries, of the keys, and the sinks."""
        return windowed_of(shape).q_lora_rank + shape.head_dim + shape.heads


class HashedMixture:
    """DeepSeek's mixture, whose first layers pick their experts by a table and so have no correction."""

    def tensors(self, shape: Shape, experts: Experts) -> Iterator[Tensor]:
        """Router, routed experts and the shared one. The router stays in the checkpoint's own type."""
        hidden = shape.hidden_size
        yield Tensor(_ROUTER, (hidden, experts.routed), kept_as="BF16")
        yield Tensor("ffn_gate_exps.weight", (hidden, experts.ffn_size, experts.routed))
        yield Tensor("ffn_up_exps.weight", (hidden, experts.ffn_size, experts.routed))
        yield Tensor("ffn_down_exps.weight", (experts.ffn_size, hidden, experts.routed))
        yield from feed_forward_tensors(hidden, experts.ffn_size * experts.shared, "_shexp")

    def add(self, builder: GraphBuilder, source: int, experts: Experts, rows: int) -> int:
        """The graph of DeepSeek-V4 is a whole of its own."""
        raise NotImplementedError

    def matrices(self, shape: Shape, experts: Experts) -> Iterator[Matrix]:
        """Those of DeepSeek-V3's mixture."""
        return _MIXTURE.matrices(shape, experts)


def windowed_of(shape: Shape) -> WindowedAttention:
    """The shape's windowed attention, which the architecture needs."""
    if shape.windowed_attention is None:
        raise ValueError("a shape without windowed attention")
    return shape.windowed_attention


def _of_layer(shape: Shape, kind: LayerKind) -> Iterator[Tensor]:
    windowed, hidden, width = windowed_of(shape), shape.hidden_size, shape.head_dim
    states = windowed.hyper_connections
    mixed = (2 + states) * states
    for part in ("attn", "ffn"):
        yield Tensor(f"hc_{part}_fn.weight", (states * hidden, mixed), converted_plain=True)
        yield Tensor(f"hc_{part}_base.weight", (mixed,))
        yield Tensor(f"hc_{part}_scale.weight", (3,))
    if shape.experts is not None and kind.hashed:
        table = (shape.experts.used_per_token, shape.vocab_size)
        yield Tensor("ffn_gate_tid2eid.weight", table, kept_as="I32")
    elif shape.experts is not None:
        yield Tensor("exp_probs_b.bias", (shape.experts.routed,))
    if not kind.compress_ratio:
        return
    picked = kind.compress_ratio == INDEXED_RATIO
    yield from _compressor("attn_compressor", hidden, width, 2 if picked else 1, kind.compress_ratio)
    if picked:
        indexer = indexer_of(shape)
        yield from _compressor("indexer_compressor", hidden, indexer.head_dim, 2, kind.compress_ratio)
        yield Tensor("indexer.proj.weight", (hidden, indexer.heads))
        yield Tensor("indexer.attn_q_b.weight", (windowed.q_lora_rank, indexer.heads * indexer.head_dim))


def _more_matrices(shape: Shape, compress_ratio: int) -> Iterator[Matrix]:
    """What every GPU repeats in 16 bits; hyper-connections have 32, as two of 16."""
    windowed, hidden, width = windowed_of(shape), shape.hidden_size, shape.head_dim
    states = windowed.hyper_connections
    yield Matrix("hyper-connections", (2 + states) * states, states * hidden, "none", copies=4, low=False)
    if not compress_ratio:
        return
    halves = 2 if compress_ratio == INDEXED_RATIO else 1
    yield Matrix("compressor", 2 * halves * width, hidden, "none", attention=True, low=False)
    if halves == 2:
        indexer = indexer_of(shape)
        yield Matrix("indexer.compressor", 4 * indexer.head_dim, hidden, "none", attention=True, low=False)
        yield Matrix("indexer.weights_proj", indexer.heads, hidden, "none", attention=True, low=False)
        yield Matrix("indexer.wq_b", indexer.heads * indexer.head_dim, windowed.q_lora_rank, "none", attention=True)


def _compressor(name: str, hidden: int, width: int, halves: int, ratio: int) -> Iterator[Tensor]:
    """What makes one key of `ratio` tokens: a key and a weight for each, with an overlap where there are two halves."""
    yield Tensor(f"{name}_kv.weight", (hidden, halves * width))
    yield Tensor(f"{name}_gate.weight", (hidden, halves * width))
    yield Tensor(f"{name}_ape.weight", (halves * width, ratio), converted_plain=True)
    yield Tensor(f"{name}_norm.weight", (width,))


def _outer(shape: Shape) -> Iterator[Tensor]:
    states = windowed_of(shape).hyper_connections
    yield Tensor("output_hc_fn.weight", (states * shape.hidden_size, states), converted_plain=True)
    yield Tensor("output_hc_base.weight", (states,))
    yield Tensor("output_hc_scale.weight", (1,))


def _as_converted(tensor: Tensor) -> str:
    """The converter's types: experts without loss from FP4, FP8 as Q8_0, and all else as it is stored."""
    if tensor.routed_expert:
        return "MXFP4"
    if tensor.converted_plain:
        return "F32"
    return "BF16" if tensor.name.startswith(_STORED_BF16) else "Q8_0"


def _around_experts(type_: str) -> Callable[[Tensor], str]:
    """The experts as they are in the checkpoint, and around them `type_`."""

    def of(tensor: Tensor) -> str:
        if tensor.routed_expert:
            return "MXFP4"
        return "F32" if tensor.converted_plain else type_

    return of


DEEPSEEK4 = ArchitectureSpec(
    attention=lambda _shape: StreamedAttention(),
    mixture=HashedMixture(),
    needs=frozenset({"windowed_attention", "indexer", "experts"}),
    more_outer=_outer,
    more_of_layer=_of_layer,
    more_matrices=_more_matrices,
    # The published sizes of V4-Flash-0731 and V4-Pro-0813 follow from these to one and the same header each.
    published={"MXFP4": _as_converted, "UD-Q4_K_XL": _around_experts("Q8_0"), "UD-Q8_K_XL": _around_experts("BF16")},
    steady=False,
)
