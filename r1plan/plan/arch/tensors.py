"""Which tensors a model has, with their shapes: those outside its layers, and those of each kind of layer.

Names and shapes are llama.cpp's at build 0c1e57098 (src/models); every layer of a dense model is alike, and a mixture
has dense layers first and expert layers after them; those of DeepSeek-V4 differ in what they compress besides.
"""

from __future__ import annotations

from functools import lru_cache

from r1plan.catalog.model import Architecture, LayerKind, Shape
from r1plan.plan.arch.feed_forward import feed_forward_tensors
from r1plan.plan.arch.spec import Tensor
from r1plan.plan.arch.table import spec_of


@lru_cache(maxsize=64)
def outer_tensors(architecture: Architecture, shape: Shape) -> tuple[Tensor, ...]:
    """The tensors of no layer: embedding, output head and its norm, and what an architecture has besides."""
    table = (shape.hidden_size, shape.vocab_size)
    tensors = [Tensor("token_embd.weight", table), Tensor("output_norm.weight", (shape.hidden_size,))]
    if not shape.tied_embeddings:
        tensors.append(Tensor("output.weight", table))
    return (*tensors, *spec_of(architecture, shape).more_outer(shape))


@lru_cache(maxsize=64)
def layer_tensors(
    architecture: Architecture,
    shape: Shape,
    *,
    expert_layer: bool,
    compress_ratio: int = 0,
    hashed: bool = False,
    joined_kv_b: bool = False,
) -> tuple[Tensor, ...]:
    """The tensors of one layer, in the order in which the quantiser meets them (by name).

    What tells layers apart besides experts is as in LayerKind. `joined_kv_b`: latent attention as files held it until
    April 2025, keys and values in one matrix `attn_kv_b`; later ones hold `attn_k_b` and `attn_v_b`. Raises EngineError
    for a shape that is none of the architecture's.
    """
    spec, hidden = spec_of(architecture, shape), shape.hidden_size
    tensors = [Tensor("attn_norm.weight", (hidden,)), Tensor("ffn_norm.weight", (hidden,))]
    tensors += spec.attention(shape).tensors(shape, joined_kv_b=joined_kv_b)
    tensors += spec.more_of_layer(shape, LayerKind(expert_layer, compress_ratio, hashed))
    if expert_layer and spec.mixture is not None and shape.experts is not None:
        tensors += spec.mixture.tensors(shape, shape.experts)
    else:
        tensors += feed_forward_tensors(hidden, shape.ffn_size)
    return tuple(sorted(tensors))


def nextn_tensors(architecture: Architecture, shape: Shape) -> tuple[Tensor, ...]:
    """The tensors of a layer behind the last, which predicts further tokens: in a file, and not loaded (TENSOR_SKIP).

    It is a whole expert layer with an embedding, a head and norms of its own.
    """
    hidden, table = shape.hidden_size, (shape.hidden_size, shape.vocab_size)
    own = (
        Tensor("nextn.eh_proj.weight", (2 * hidden, hidden)),
        Tensor("nextn.embed_tokens.weight", table),
        Tensor("nextn.enorm.weight", (hidden,)),
        Tensor("nextn.hnorm.weight", (hidden,)),
        Tensor("nextn.shared_head_head.weight", table),
        Tensor("nextn.shared_head_norm.weight", (hidden,)),
    )
    return tuple(sorted((*layer_tensors(architecture, shape, expert_layer=True), *own)))
