"""What one GPU of a vLLM server holds of a model's weights, from the tensors' shapes and how vLLM shares them out.

Shapes are those of the Hugging Face checkpoints; what is shared and what every GPU repeats is read in vLLM 0.33.0:
model_executor/models/{deepseek_v2,qwen2,qwen3,llama}.py, layers/{linear,vocab_parallel_embedding}.py and
layers/attention/mla_attention.py. DeepSeek's multi-token-prediction layer is not loaded unless one asks for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from r1plan.catalog.model import Architecture, Experts, LatentAttention, Model, Shape
from r1plan.plan.serving.checkpoints import Dtype
from r1plan.plan.serving.sharding import Parallel, kv_heads_each
from r1plan.units import pad

Split = Literal["rows", "columns", "heads", "none"]

VOCABULARY_PADDING = 64  # vocab_parallel_embedding.py, DEFAULT_VOCAB_PADDING_SIZE
FP8_BLOCK = 128  # weight_block_size of DeepSeek's own checkpoints
_NVFP4_GROUP = 16  # one FP8 scale a group
_BF16_BYTES = 2
_F32_BYTES = 4
# On AMD an expert's row that is a multiple of 512 bytes gets 256 more (VLLM_ROCM_MOE_PADDING, on by default).
_AMD_ROW_BYTES, _AMD_PAD_BYTES = 512, 256


@dataclass(frozen=True, slots=True)
class Matrix:
    """A weight of `rows` outputs and `columns` inputs, `copies` of it in a layer, and along what it is split.

    Split by "heads" are keys and values: each GPU has a share of the heads, one at least, so that few heads are
    repeated. `low` says whether a quantised checkpoint quantises it; `routed` whether it belongs to the routed experts.
    """

    name: str
    rows: int
    columns: int
    split: Split
    copies: int = 1
    attention: bool = False
    routed: bool = False
    low: bool = True


@lru_cache(maxsize=64)
def layer_matrices(architecture: Architecture, shape: Shape, *, expert_layer: bool) -> tuple[Matrix, ...]:
    """The matrices of one layer, without norms and biases."""
    matrices = [*(_latent(shape, shape.latent_attention) if shape.latent_attention else _grouped(shape))]
    if expert_layer and shape.experts is not None:
        matrices += _experts(shape.hidden_size, shape.experts)
    else:
        matrices += _feed_forward("mlp", shape.hidden_size, shape.ffn_size)
    return tuple(matrices)


def weights_bytes(model: Model, dtype: Dtype, parallel: Parallel, *, amd: bool = False) -> int:
    """Bytes of weights on each GPU, the rotary table and latent attention's second copies included."""
    shape, layers = model.shape, model.shape.layers
    dense = _dense_layers(shape)
    held = dense * _layer_bytes(model, dtype, parallel, expert_layer=False, amd=amd)
    held += (layers - dense) * _layer_bytes(model, dtype, parallel, expert_layer=True, amd=amd)
    table = pad(shape.vocab_size, VOCABULARY_PADDING) // parallel.tensor * shape.hidden_size * _BF16_BYTES
    held += table * (1 if shape.tied_embeddings else 2)
    return held + shape.hidden_size * _BF16_BYTES + _rotary_bytes(model)


def incompatibility(model: Model, dtype: Dtype, parallel: Parallel) -> str | None:
    """Why vLLM refuses to split the model so, or None.

    config/model.py and fp8_utils.py of vLLM 0.33.0: heads must divide, key-value heads must divide or be divided, and
    no FP8 block of 128 may be cut.
    """
    shape, ranks = model.shape, parallel.tensor
    if shape.heads % ranks:
        return f"its {shape.heads} attention heads do not divide by {ranks} GPUs"
    if shape.latent_attention is None and shape.kv_heads % ranks and ranks % shape.kv_heads:
        return f"its {shape.kv_heads} key-value heads do not go with {ranks} GPUs"
    if parallel.data > 1 and shape.experts is None:
        return "is dense: it has no experts to spread"
    if shape.experts is not None and parallel.data > 1 and shape.experts.routed % parallel.gpus:
        return f"its {shape.experts.routed} experts do not divide by {parallel.gpus} GPUs"
    if ranks % parallel.context or (
        parallel.context > 1 and shape.latent_attention is None and parallel.context * shape.kv_heads > ranks
    ):
        return f"its cache cannot be shared by {parallel.context} of {ranks} GPUs"
    block = FP8_BLOCK if blockwise(model, dtype) else 1
    for expert_layer in {False, shape.experts is not None}:
        for matrix in layer_matrices(model.architecture, shape, expert_layer=expert_layer):
            if matrix.routed and parallel.data > 1:
                continue
            size = {"rows": matrix.rows, "columns": matrix.columns}.get(matrix.split, 0)
            if size % (ranks * block):
                what = f"in whole FP8 blocks of {block}" if block > 1 and size % ranks == 0 else "evenly"
                return f"{matrix.name}, {size:,} wide, is not split {what} over {ranks} GPUs"
    return None


def blockwise(model: Model, dtype: Dtype) -> bool:
    """Whether the FP8 checkpoint has one scale a block of 128 x 128, as DeepSeek's own do, and not one a row."""
    return dtype == "FP8" and model.shape.experts is not None


def matrix_bytes(model: Model, matrix: Matrix, dtype: Dtype, parallel: Parallel, *, amd: bool = False) -> int:
    """Bytes of all copies of `matrix` on each GPU."""
    rows, columns, copies = matrix.rows, matrix.columns, matrix.copies
    if matrix.routed and parallel.data > 1:
        copies //= parallel.gpus
    elif matrix.split == "rows":
        rows //= parallel.tensor
    elif matrix.split == "columns":
        columns //= parallel.tensor
    elif matrix.split == "heads":
        rows = kv_heads_each(model.shape, parallel.tensor) * model.shape.head_dim
    size = rows * columns
    if not matrix.low or dtype == "BF16" or (dtype == "NVFP4" and matrix.attention):
        row_bytes, scales = columns * _BF16_BYTES, 0
    elif dtype == "NVFP4":
        row_bytes, scales = columns // 2, size // _NVFP4_GROUP + 2 * _F32_BYTES
    elif blockwise(model, dtype):
        row_bytes, scales = columns, _F32_BYTES * -(-rows // FP8_BLOCK) * -(-columns // FP8_BLOCK)
    else:
        row_bytes, scales = columns, _F32_BYTES * rows
    if amd and matrix.routed and row_bytes % _AMD_ROW_BYTES == 0:
        row_bytes += _AMD_PAD_BYTES
    return copies * (rows * row_bytes + scales)


def _layer_bytes(model: Model, dtype: Dtype, parallel: Parallel, *, expert_layer: bool, amd: bool) -> int:
    shape, latent = model.shape, model.shape.latent_attention
    matrices = layer_matrices(model.architecture, shape, expert_layer=expert_layer)
    held = sum(matrix_bytes(model, matrix, dtype, parallel, amd=amd) for matrix in matrices)
    held += sum(_vectors(model, parallel)) * _BF16_BYTES
    if expert_layer and shape.experts is not None:
        held += shape.experts.routed * _F32_BYTES  # the router's correction
    if latent is not None:
        # W_UK and W_UV in 16 bits beside kv_b_proj, which long prompts still use.
        each_head = latent.kv_lora_rank * (latent.qk_nope_head_dim + latent.v_head_dim)
        held += shape.heads // parallel.tensor * each_head * _BF16_BYTES
    return held


def _vectors(model: Model, parallel: Parallel) -> Iterator[int]:
    """Norms, repeated on every GPU, and biases, split as their matrices."""
    shape = model.shape
    yield 2 * shape.hidden_size
    if shape.latent_attention is not None:
        yield shape.latent_attention.q_lora_rank + shape.latent_attention.kv_lora_rank
    elif model.architecture == "qwen2":
        yield (shape.heads // parallel.tensor + 2 * kv_heads_each(shape, parallel.tensor)) * shape.head_dim
    elif model.architecture == "qwen3":
        yield 2 * shape.head_dim


def _dense_layers(shape: Shape) -> int:
    return min(shape.experts.dense_layers, shape.layers) if shape.experts else shape.layers


def _rotary_bytes(model: Model) -> int:
    """The table of sines and cosines, one a model: in 32 bits for DeepSeek's own scaling, else in 16."""
    latent = model.shape.latent_attention
    if latent is not None:
        return model.context_max * latent.qk_rope_head_dim * _F32_BYTES
    return model.context_max * model.shape.head_dim * _BF16_BYTES


def _grouped(shape: Shape) -> Iterator[Matrix]:
    hidden, queries = shape.hidden_size, shape.heads * shape.head_dim
    yield Matrix("q_proj", queries, hidden, "rows", attention=True)
    yield Matrix("k_proj and v_proj", shape.kv_heads * shape.head_dim, hidden, "heads", copies=2, attention=True)
    yield Matrix("o_proj", hidden, queries, "columns", attention=True)


def _latent(shape: Shape, latent: LatentAttention) -> Iterator[Matrix]:
    hidden, heads, rank = shape.hidden_size, shape.heads, latent.kv_lora_rank
    query = latent.qk_nope_head_dim + latent.qk_rope_head_dim
    yield Matrix("q_a_proj", latent.q_lora_rank, hidden, "none", attention=True)
    yield Matrix("kv_a_proj_with_mqa", rank + latent.qk_rope_head_dim, hidden, "none", attention=True)
    yield Matrix("q_b_proj", heads * query, latent.q_lora_rank, "rows", attention=True)
    yield Matrix("kv_b_proj", heads * (latent.qk_nope_head_dim + latent.v_head_dim), rank, "rows", attention=True)
    yield Matrix("o_proj", hidden, heads * latent.v_head_dim, "columns", attention=True)


def _feed_forward(name: str, hidden: int, wide: int, *, copies: int = 1, routed: bool = False) -> Iterator[Matrix]:
    yield Matrix(f"{name}.gate_proj", wide, hidden, "rows", copies, routed=routed)
    yield Matrix(f"{name}.up_proj", wide, hidden, "rows", copies, routed=routed)
    yield Matrix(f"{name}.down_proj", hidden, wide, "columns", copies, routed=routed)


def _experts(hidden: int, experts: Experts) -> Iterator[Matrix]:
    yield Matrix("mlp.gate", experts.routed, hidden, "none", low=False)
    yield from _feed_forward("mlp.experts", hidden, experts.ffn_size, copies=experts.routed, routed=True)
    if experts.shared:
        yield from _feed_forward("mlp.shared_experts", hidden, experts.ffn_size * experts.shared)
