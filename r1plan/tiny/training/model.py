"""The Qwen2 network as one pure function over named weights; the names are llama.cpp's, so export renames nothing."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

Weights = dict[str, Tensor]


@dataclass(frozen=True, slots=True)
class NetworkShape:
    """Every matrix row is a multiple of 32 weights long, as Q8_0 needs."""

    vocabulary: int = 2048
    width: int = 256
    layers: int = 8
    heads: int = 4
    kv_heads: int = 2
    ffn_width: int = 768
    context_tokens: int = 2048
    rope_base: float = 10_000.0
    norm_epsilon: float = 1e-6

    @property
    def head_width(self) -> int:
        """Weights in one attention head."""
        return self.width // self.heads


def new_weights(shape: NetworkShape, seed: int, device: str) -> Weights:
    """Normal matrices (residual outputs scaled down by depth), zero biases, norms of one."""
    generator = torch.Generator().manual_seed(seed)

    def matrix(rows: int, columns: int, scale: float = 0.02) -> Tensor:
        return torch.randn(rows, columns, generator=generator) * scale

    residual = 0.02 / (2 * shape.layers) ** 0.5
    kv_width = shape.kv_heads * shape.head_width
    weights = {
        "token_embd.weight": matrix(shape.vocabulary, shape.width),
        "output_norm.weight": torch.ones(shape.width),
    }
    for layer in range(shape.layers):
        block = {
            "attn_norm.weight": torch.ones(shape.width),
            "ffn_norm.weight": torch.ones(shape.width),
            "attn_q.weight": matrix(shape.width, shape.width),
            "attn_q.bias": torch.zeros(shape.width),
            "attn_k.weight": matrix(kv_width, shape.width),
            "attn_k.bias": torch.zeros(kv_width),
            "attn_v.weight": matrix(kv_width, shape.width),
            "attn_v.bias": torch.zeros(kv_width),
            "attn_output.weight": matrix(shape.width, shape.width, residual),
            "ffn_gate.weight": matrix(shape.ffn_width, shape.width),
            "ffn_up.weight": matrix(shape.ffn_width, shape.width),
            "ffn_down.weight": matrix(shape.width, shape.ffn_width, residual),
        }
        weights |= {f"blk.{layer}.{name}": tensor for name, tensor in block.items()}
    return {name: tensor.to(device).requires_grad_() for name, tensor in weights.items()}


def logits(weights: Weights, tokens: Tensor, conversations: Tensor, shape: NetworkShape) -> Tensor:
    """Scores of the next token: (rows, tokens) -> (rows, tokens, vocabulary).

    A token sees itself and what came before it in its own conversation; `conversations` numbers them along each row.
    """
    length = tokens.shape[1]
    causal = torch.ones(length, length, dtype=torch.bool, device=tokens.device).tril()
    seen = ((conversations[:, :, None] == conversations[:, None, :]) & causal)[:, None]
    turn = _rotation(length, shape, tokens.device)
    x = functional.embedding(tokens, weights["token_embd.weight"])
    for layer in range(shape.layers):
        block = {name: weights[f"blk.{layer}.{name}"] for name in BLOCK}
        x = x + _attention(block, _norm(x, block["attn_norm.weight"], shape), seen, turn, shape)
        h = _norm(x, block["ffn_norm.weight"], shape)
        gated = functional.silu(functional.linear(h, block["ffn_gate.weight"]))
        x = x + functional.linear(gated * functional.linear(h, block["ffn_up.weight"]), block["ffn_down.weight"])
    return functional.linear(_norm(x, weights["output_norm.weight"], shape), weights["token_embd.weight"])


BLOCK = (
    *("attn_norm.weight", "attn_q.weight", "attn_q.bias", "attn_k.weight", "attn_k.bias", "attn_v.weight"),
    *("attn_v.bias", "attn_output.weight", "ffn_norm.weight", "ffn_gate.weight", "ffn_up.weight", "ffn_down.weight"),
)


def _norm(x: Tensor, scale: Tensor, shape: NetworkShape) -> Tensor:
    return functional.rms_norm(x.float(), (shape.width,), scale, shape.norm_epsilon)


def _rotation(length: int, shape: NetworkShape, device: torch.device) -> tuple[Tensor, Tensor]:
    half = torch.arange(0, shape.head_width, 2, device=device) / shape.head_width
    angles = torch.outer(torch.arange(length, device=device), shape.rope_base**-half)
    angles = torch.cat((angles, angles), dim=-1)
    return angles.cos(), angles.sin()


def _attention(block: Weights, h: Tensor, seen: Tensor, turn: tuple[Tensor, Tensor], shape: NetworkShape) -> Tensor:
    rows, length, _ = h.shape

    def heads(name: str, count: int) -> Tensor:
        x = functional.linear(h, block[f"attn_{name}.weight"], block[f"attn_{name}.bias"])
        return x.view(rows, length, count, shape.head_width).transpose(1, 2)

    def rotated(x: Tensor) -> Tensor:
        first, second = x.float().chunk(2, dim=-1)
        swapped = torch.cat((-second, first), dim=-1)
        return (x.float() * turn[0] + swapped * turn[1]).to(x.dtype)

    shared = shape.heads // shape.kv_heads
    query, key = rotated(heads("q", shape.heads)), rotated(heads("k", shape.kv_heads))
    key, value = (x.repeat_interleave(shared, dim=1) for x in (key, heads("v", shape.kv_heads)))
    mixed = functional.scaled_dot_product_attention(query, key, value, attn_mask=seen)
    return functional.linear(mixed.transpose(1, 2).reshape(rows, length, shape.width), block["attn_output.weight"])
