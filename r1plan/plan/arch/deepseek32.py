"""DeepSeek-V3.2: latent attention that sees only the cells which an indexer picks; src/models/deepseek32.cpp.

Tensors and operations are llama.cpp's at build 0c1e57098 (src/models/deepseek32.cpp; src/llama-graph.cpp,
build_attn_inp_k_dsa and build_attn of attn_k_dsa; src/llama-kv-cache-dsa.cpp), in the order in which ggml walks the
graph from each result that it is asked to compute; matrices are vLLM's (model_executor/models/deepseek_v2.py, Indexer).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from r1plan.catalog.model import Indexer, Shape
from r1plan.plan.arch.latent import CompressedAttention, LatentInputs, LatentOperations, latent_of
from r1plan.plan.arch.mixture import SigmoidMixture
from r1plan.plan.arch.spec import ArchitectureSpec, Matrix, Tensor

if TYPE_CHECKING:
    from r1plan.plan.llamacpp.compute.builder import GraphBuilder

_F32_BYTES, _F16_BYTES = 4, 2
_INDEX_BYTES, _POSITION_BYTES = 8, 4
_LATENT = CompressedAttention()


class IndexedAttention:
    """R1's attention with an indexer in every layer, which picks by keys of its own in a second cache."""

    def tensors(self, shape: Shape, *, joined_kv_b: bool) -> Iterator[Tensor]:
        """Those of latent attention and the indexer's; files are from after April 2025, so none is joined."""
        if joined_kv_b:
            raise ValueError("no file of DeepSeek-V3.2 has attn_kv_b")
        hidden, indexer = shape.hidden_size, indexer_of(shape)
        yield from _LATENT.tensors(shape, joined_kv_b=False)
        # The quantiser looks for names by a part of them (llama-quant.cpp, tensor_get_category).
        yield Tensor("indexer.attn_k.weight", (hidden, indexer.head_dim), quantised_as="attn_k.weight")
        yield Tensor("indexer.attn_q_b.weight", (latent_of(shape).q_lora_rank, indexer.heads * indexer.head_dim))
        yield Tensor("indexer.k_norm.bias", (indexer.head_dim,))
        yield Tensor("indexer.k_norm.weight", (indexer.head_dim,))
        # conversion/base.py, prepare_tensors
        yield Tensor("indexer.proj.weight", (hidden, indexer.heads), converted_plain=True)

    def begin(self, builder: GraphBuilder) -> Callable[[int], int]:
        """Add the inputs of all layers, in ggml's order; the result adds one layer's attention."""
        graph, tokens = builder.graph, builder.tokens
        top_k = min(builder.batch.cells, indexer_of(builder.shape).top_k)
        positions = graph.input(tokens * _POSITION_BYTES)
        rotation = builder.rotation(indexer_of(builder.shape).head_dim)  # whatever the cache's type
        key_indices, indices = graph.input(tokens * _INDEX_BYTES), graph.input(tokens * _INDEX_BYTES)
        zeros = graph.leaf(tokens * _F32_BYTES * top_k)  # the first layer's, which ggml meets before the masks
        key_mask = graph.input(_F16_BYTES * builder.batch.cells * tokens)  # f16 without flash attention too
        mask = builder.mask()
        picker = _Picker(builder, _PickerInputs(positions, rotation, key_indices, key_mask, mask), zeros)
        return LatentOperations(builder, LatentInputs(positions, indices, mask), picker).add

    def matrices(self, shape: Shape) -> Iterator[Matrix]:
        """Those of latent attention, and the indexer whole on every GPU; vLLM widens `wk` to BF16 where it is FP8."""
        hidden, indexer, narrow = shape.hidden_size, indexer_of(shape), latent_of(shape).q_lora_rank
        yield from _LATENT.matrices(shape)
        yield Matrix("indexer.wq_b", indexer.heads * indexer.head_dim, narrow, "none", attention=True)
        yield Matrix(
            "indexer.wk and weights_proj", indexer.head_dim + indexer.heads, hidden, "none", attention=True, low=False
        )

    def norm_elements(self, shape: Shape) -> int:
        """Those of latent attention, and the indexer's norm with its bias."""
        return _LATENT.norm_elements(shape) + 2 * indexer_of(shape).head_dim


class _PickerInputs(NamedTuple):
    """The numbers of the inputs that all layers' indexers share; `mask` is the attention's."""

    positions: int
    rotation: int
    indices: int
    own_mask: int
    mask: int


class _Picker:
    """The indexer of one graph's layers.

    Zeros unmask what it picks, a number a token and picked cell. In each layer they are a leaf that is there from the
    first operation on, so that each layer leaves a larger gap in the buffer than it found.
    """

    def __init__(self, builder: GraphBuilder, inputs: _PickerInputs, first_zeros: int) -> None:
        self.builder, self.inputs = builder, inputs
        self.indexer = indexer_of(builder.shape)
        self.top_bytes = builder.graph.sizes[first_zeros]
        self.first_zeros: int | None = first_zeros

    def store(self, normed: int) -> None:
        """Each token's key into the indexer's cache."""
        builder, graph, device, width = self.builder, self.builder.graph, self.builder.run.device, self.indexer.head_dim
        tokens, size = builder.tokens, builder.tokens * _F32_BYTES * width
        key = builder.matrix("indexer.attn_k", size, normed, tokens)
        key = graph.op(size, key, device=builder.norm_on)  # LLM_NORM, which unlike RMS_NORM is not in place
        key = builder.scaled(key, size, width, tokens)
        key = builder.scaled(key, size, width, tokens)
        key = graph.op(size, key, self.inputs.positions)
        key = graph.op(size, self.inputs.rotation, key)
        graph.op(0, key, self.inputs.indices, graph.cells(0, device), device=device)

    def picked(self, normed: int, reduced: int) -> int:
        """The mask that lets attention see each token's best cells alone."""
        builder, graph, batch, indexer = self.builder, self.builder.graph, self.builder.batch, self.indexer
        inputs, tokens, cells = self.inputs, builder.tokens, batch.cells * batch.caches
        row = tokens * _F32_BYTES
        leaf = graph.leaf(self.top_bytes) if self.first_zeros is None else self.first_zeros
        self.first_zeros = None
        zeros = graph.op(self.top_bytes, leaf, over=(leaf,))
        query = builder.matrix("indexer.attn_q_b", row * indexer.heads * indexer.head_dim, reduced, tokens)
        query = graph.op(row * indexer.heads * indexer.head_dim, query, inputs.positions)
        query = graph.op(row * indexer.heads * indexer.head_dim, inputs.rotation, query)
        weights = builder.matrix("indexer.proj", row * indexer.heads, normed, tokens)
        weights = graph.op(row * indexer.heads, weights)
        held = builder.kv.bytes_of(indexer.head_dim) * cells + builder.row_padding(indexer.head_dim)
        keys = graph.cells(held, builder.run.device)
        scores = graph.op(row * batch.cells, query, keys, weights, inputs.own_mask)
        best = graph.op(self.top_bytes, graph.op(self.top_bytes, scores))
        size = graph.sizes[inputs.mask]
        hidden = graph.op(size, inputs.mask, over=(inputs.mask,))
        graph.op(0, zeros, best, hidden)
        return graph.op(size, hidden, inputs.mask, over=(inputs.mask,))


def indexer_of(shape: Shape) -> Indexer:
    """The shape's indexer, which an architecture that `needs` one has."""
    if shape.indexer is None:
        raise ValueError("a shape without an indexer")
    return shape.indexer


_ATTENTION = IndexedAttention()

DEEPSEEK32 = ArchitectureSpec(
    attention=lambda _shape: _ATTENTION,
    mixture=SigmoidMixture(),
    needs=frozenset({"latent_attention", "indexer", "experts"}),
    steady=False,
)
