"""Which tensors a model has, with their shapes: those outside its layers, and those of each kind of layer.

Names and shapes are llama.cpp's at build 0c1e57098 (src/models/{qwen2,llama,qwen3,deepseek2}.cpp); every layer of a
dense model is alike, and a mixture has dense layers first and expert layers after them.
"""

from __future__ import annotations

from functools import lru_cache
from math import prod
from typing import NamedTuple

from r1plan.catalog.model import Architecture, Experts, LatentAttention, Shape


class Tensor(NamedTuple):
    """A tensor's name, in a layer without the leading `blk.N.`, and its dimensions, the row's length first."""

    name: str
    dims: tuple[int, ...]

    @property
    def elements(self) -> int:
        """How many numbers it holds."""
        return prod(self.dims)

    @property
    def routed_expert(self) -> bool:
        """Whether it holds the routed experts of a layer, of which a token reads few."""
        return self.name.endswith("_exps.weight")

    @property
    def plain(self) -> bool:
        """Whether a file keeps it as F32: vectors, norms, and the router's matrix."""
        return len(self.dims) < 2 or self.name == "ffn_gate_inp.weight"


@lru_cache(maxsize=64)
def outer_tensors(architecture: Architecture, shape: Shape) -> tuple[Tensor, ...]:
    """The tensors of no layer: embedding, output head and its norm, and Llama 3's table of rotary frequencies."""
    table = (shape.hidden_size, shape.vocab_size)
    tensors = [Tensor("token_embd.weight", table), Tensor("output_norm.weight", (shape.hidden_size,))]
    if not shape.tied_embeddings:
        tensors.append(Tensor("output.weight", table))
    if architecture == "llama":
        tensors.append(Tensor("rope_freqs.weight", (shape.head_dim // 2,)))
    return tuple(tensors)


@lru_cache(maxsize=64)
def layer_tensors(
    architecture: Architecture, shape: Shape, *, expert_layer: bool, joined_kv_b: bool = False
) -> tuple[Tensor, ...]:
    """The tensors of one layer, in the order in which the quantiser meets them (by name).

    `joined_kv_b`: latent attention as files held it until April 2025, keys and values in one matrix `attn_kv_b`;
    later ones hold `attn_k_b` and `attn_v_b`.
    """
    hidden = shape.hidden_size
    tensors = [Tensor("attn_norm.weight", (hidden,)), Tensor("ffn_norm.weight", (hidden,))]
    if shape.latent_attention is not None:
        tensors += _latent_attention(shape, shape.latent_attention, joined_kv_b)
    else:
        tensors += _attention(architecture, shape)
    if expert_layer and shape.experts is not None:
        tensors += _experts(hidden, shape.experts)
    else:
        tensors += [
            Tensor("ffn_gate.weight", (hidden, shape.ffn_size)),
            Tensor("ffn_up.weight", (hidden, shape.ffn_size)),
            Tensor("ffn_down.weight", (shape.ffn_size, hidden)),
        ]
    return tuple(sorted(tensors))


def dense_layers(shape: Shape) -> int:
    """Layers, the first ones, that hold no routed experts."""
    return min(shape.experts.dense_layers, shape.layers) if shape.experts else shape.layers


def _attention(architecture: Architecture, shape: Shape) -> list[Tensor]:
    hidden, queries, pairs = shape.hidden_size, shape.heads * shape.head_dim, shape.kv_heads * shape.head_dim
    tensors = [
        Tensor("attn_q.weight", (hidden, queries)),
        Tensor("attn_k.weight", (hidden, pairs)),
        Tensor("attn_v.weight", (hidden, pairs)),
        Tensor("attn_output.weight", (queries, hidden)),
    ]
    if architecture == "qwen2":
        tensors += [
            Tensor("attn_q.bias", (queries,)),
            Tensor("attn_k.bias", (pairs,)),
            Tensor("attn_v.bias", (pairs,)),
        ]
    elif architecture == "qwen3":
        tensors += [Tensor("attn_q_norm.weight", (shape.head_dim,)), Tensor("attn_k_norm.weight", (shape.head_dim,))]
    return tensors


def _latent_attention(shape: Shape, latent: LatentAttention, joined_kv_b: bool) -> list[Tensor]:
    hidden, heads, rank = shape.hidden_size, shape.heads, latent.kv_lora_rank
    nope, value = latent.qk_nope_head_dim, latent.v_head_dim
    tensors = [
        Tensor("attn_q_a.weight", (hidden, latent.q_lora_rank)),
        Tensor("attn_q_a_norm.weight", (latent.q_lora_rank,)),
        Tensor("attn_q_b.weight", (latent.q_lora_rank, heads * (nope + latent.qk_rope_head_dim))),
        Tensor("attn_kv_a_mqa.weight", (hidden, rank + latent.qk_rope_head_dim)),
        Tensor("attn_kv_a_norm.weight", (rank,)),
        Tensor("attn_output.weight", (heads * value, hidden)),
    ]
    if joined_kv_b:
        return [*tensors, Tensor("attn_kv_b.weight", (rank, heads * (nope + value)))]
    return [
        *tensors,
        Tensor("attn_k_b.weight", (nope, rank, heads)),
        Tensor("attn_v_b.weight", (rank, value, heads)),
    ]


def _experts(hidden: int, experts: Experts) -> list[Tensor]:
    tensors = [
        Tensor("ffn_gate_inp.weight", (hidden, experts.routed)),
        Tensor("exp_probs_b.bias", (experts.routed,)),
        Tensor("ffn_gate_exps.weight", (hidden, experts.ffn_size, experts.routed)),
        Tensor("ffn_up_exps.weight", (hidden, experts.ffn_size, experts.routed)),
        Tensor("ffn_down_exps.weight", (experts.ffn_size, hidden, experts.routed)),
    ]
    if experts.shared:
        wide = experts.ffn_size * experts.shared
        tensors += [
            Tensor("ffn_gate_shexp.weight", (hidden, wide)),
            Tensor("ffn_up_shexp.weight", (hidden, wide)),
            Tensor("ffn_down_shexp.weight", (wide, hidden)),
        ]
    return tensors
