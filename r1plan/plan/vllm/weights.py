"""What one GPU of a vLLM server holds of a model's weights, from the tensors' shapes and how vLLM shares them out.

Shapes are those of the Hugging Face checkpoints; what is shared and what every GPU repeats is read in vLLM 0.33.0:
model_executor/models/{deepseek_v2,qwen2,qwen3,llama}.py, layers/{linear,vocab_parallel_embedding}.py and
layers/attention/mla_attention.py. DeepSeek's multi-token-prediction layer is not loaded unless one asks for it.
"""

from __future__ import annotations

from collections import Counter
from functools import lru_cache

from r1plan.catalog.model import Architecture, Model, Shape
from r1plan.hardware.machine import GpuDevice
from r1plan.plan.arch.feed_forward import feed_forward_matrices
from r1plan.plan.arch.spec import Matrix
from r1plan.plan.arch.table import spec_of
from r1plan.plan.serving.checkpoints import Dtype, Packing, packing
from r1plan.plan.serving.sharding import Parallel, heads_each, stages
from r1plan.plan.vllm.rules import how
from r1plan.units import pad

VOCABULARY_PADDING = 64  # vocab_parallel_embedding.py, DEFAULT_VOCAB_PADDING_SIZE
FP8_BLOCK = 128  # weight_block_size of DeepSeek's own checkpoints
# What Marlin, the kernels for 4 bits, takes of a GPU's part: whole tiles of 64 outputs and 128 inputs (layers/
# quantization/utils/marlin_utils.py), and never a part of a group.
_TILE_ROWS, _TILE_COLUMNS = 64, 128
_BF16_BYTES = 2
_F32_BYTES = 4
# On AMD an expert's row that is a multiple of 512 bytes gets 256 more (VLLM_ROCM_MOE_PADDING, on by default).
_AMD_ROW_BYTES, _AMD_PAD_BYTES = 512, 256


@lru_cache(maxsize=64)
def layer_matrices(
    architecture: Architecture, shape: Shape, *, expert_layer: bool, compress_ratio: int = 0
) -> tuple[Matrix, ...]:
    """The matrices of one layer, without norms; what DeepSeek-V4's layers differ in follows from `compress_ratio`.

    Raises EngineError for a shape that is none of the architecture's.
    """
    spec = spec_of(architecture, shape)
    matrices = [*spec.attention(shape).matrices(shape), *spec.more_matrices(shape, compress_ratio)]
    if expert_layer and spec.mixture is not None and shape.experts is not None:
        matrices += spec.mixture.matrices(shape, shape.experts)
    else:
        matrices += feed_forward_matrices("mlp", shape.hidden_size, shape.ffn_size)
    return tuple(matrices)


def weights_bytes(model: Model, dtype: Dtype, parallel: Parallel, *, amd: bool = False, stage: int = 0) -> int:
    """Bytes of weights on each GPU of a `stage`, the rotary table and latent attention's second copies included.

    The first stage has the embeddings, the last the head; where both are one matrix, both have it.
    """
    shape = model.shape
    layers = stages(shape.layers, parallel.pipeline)[stage]
    kinds = Counter(shape.kind_of(layer)[:2] for layer in layers)
    held = sum(number * _layer_bytes(model, dtype, parallel, *kind, amd=amd) for kind, number in kinds.items())
    first, last = stage == 0, stage == parallel.pipeline - 1
    table = pad(shape.vocab_size, VOCABULARY_PADDING) // parallel.tensor * shape.hidden_size * _BF16_BYTES
    held += table * ((first or last) if shape.tied_embeddings else first + last)
    return held + last * shape.hidden_size * _BF16_BYTES + _rotary_bytes(model)


def incompatibility(model: Model, dtype: Dtype, parallel: Parallel, gpu: GpuDevice | None = None) -> str | None:
    """Why vLLM refuses to split the model so, or None. Cards like `gpu` may unpack what others compute with.

    config/model.py, fp8_utils.py and marlin_utils.py of vLLM 0.33.0: heads must divide, key-value heads must divide or
    be divided, and no FP8 block of 128, no group and no tile of the kernels that unpack may be cut.
    """
    shape, ranks = model.shape, parallel.tensor
    if parallel.pipeline > shape.layers:
        return f"its {shape.layers} layers are fewer than {parallel.pipeline} stages"
    if shape.heads % ranks:
        return f"its {shape.heads} attention heads do not divide by {ranks} GPUs"
    if shape.latent_attention is None and shape.kv_heads % ranks and ranks % shape.kv_heads:
        return f"its {shape.kv_heads} key-value heads do not go with {ranks} GPUs"
    groups = shape.windowed_attention.output_groups if shape.windowed_attention is not None else ranks
    if groups % ranks:
        return f"its {groups} groups of attention's outputs do not divide by {ranks} GPUs"
    if parallel.data > 1 and shape.experts is None:
        return "is dense: it has no experts to spread"
    if shape.experts is not None and parallel.data > 1 and shape.experts.routed % parallel.gpus:
        return f"its {shape.experts.routed} experts do not divide by {parallel.gpus} GPUs"
    if shape.windowed_attention is not None and parallel.context > 1:
        return "its cache is not shared between GPUs"
    if ranks % parallel.context or (
        parallel.context > 1 and shape.latent_attention is None and parallel.context * shape.kv_heads > ranks
    ):
        return f"its cache cannot be shared by {parallel.context} of {ranks} GPUs"
    for routed, ratio in {shape.kind_of(layer)[:2] for layer in range(shape.layers)}:
        for matrix in layer_matrices(model.architecture, shape, expert_layer=routed, compress_ratio=ratio):
            if matrix.routed and parallel.data > 1:
                continue
            size = {"rows": matrix.rows, "columns": matrix.columns}.get(matrix.split, 0)
            block = _block(model, matrix, dtype, gpu)
            if size % (ranks * block):
                stored = "FP8" if dtype == "MXFP4" and not matrix.routed else dtype
                what = f"in whole {stored} blocks of {block}" if block > 1 and size % ranks == 0 else "evenly"
                return f"{matrix.name}, {size:,} wide, is not split {what} over {ranks} GPUs"
    return None


def blockwise(model: Model, dtype: Dtype) -> bool:
    """Whether the FP8 checkpoint has one scale a block of 128 x 128, as DeepSeek's own do, and not one a row."""
    return dtype == "FP8" and model.shape.experts is not None


def matrix_bytes(model: Model, matrix: Matrix, dtype: Dtype, parallel: Parallel, *, amd: bool = False) -> int:
    """Bytes of all copies of `matrix` on each GPU."""
    rows, columns, copies = share_of(matrix, model.shape, parallel)
    size = rows * columns
    packed = packing(model, dtype)
    if not is_low(matrix, packed):
        row_bytes, scales = columns * _BF16_BYTES, 0
    elif dtype == "MXFP4" and not matrix.routed:
        row_bytes, scales = columns, -(-rows // FP8_BLOCK) * -(-columns // FP8_BLOCK)
    elif blockwise(model, dtype):
        row_bytes, scales = columns, _F32_BYTES * -(-rows // FP8_BLOCK) * -(-columns // FP8_BLOCK)
    elif dtype == "FP8":
        row_bytes, scales = columns, _F32_BYTES * rows
    else:
        row_bytes, scales = columns * packed.bits // 8, size // packed.group * packed.group_bits // 8
        scales += 2 * _F32_BYTES if dtype == "NVFP4" else 0
    if amd and matrix.routed and row_bytes % _AMD_ROW_BYTES == 0:
        row_bytes += _AMD_PAD_BYTES
    return copies * (rows * row_bytes + scales)


def is_low(matrix: Matrix, packed: Packing) -> bool:
    """Whether the checkpoint has `matrix` in few bits."""
    match packed.low:
        case "none":
            return False
        case "linear":
            return matrix.low
        case "linear but attention":
            return matrix.low and not matrix.attention
        case "routed experts":
            return matrix.routed


def _block(model: Model, matrix: Matrix, dtype: Dtype, gpu: GpuDevice | None) -> int:
    """Of how many rows or columns a GPU's part of `matrix` must be a multiple."""
    packed = packing(model, dtype)
    if not is_low(matrix, packed) or dtype == "NVFP4":
        return 1
    if blockwise(model, dtype) or (dtype == "MXFP4" and not matrix.routed):
        return FP8_BLOCK
    if packed.bits < 8 or (gpu is not None and how(dtype, gpu) == "weight-only"):
        return _TILE_ROWS if matrix.split == "rows" else _TILE_COLUMNS
    return 1


def share_of(matrix: Matrix, shape: Shape, parallel: Parallel) -> tuple[int, int, int]:
    """Rows, columns and copies of `matrix` on each GPU."""
    rows, columns, copies = matrix.rows, matrix.columns, matrix.copies
    if matrix.routed and parallel.data > 1:
        copies //= parallel.gpus
    elif matrix.split == "rows":
        rows //= parallel.tensor
    elif matrix.split == "columns":
        columns //= parallel.tensor
    elif matrix.split == "heads":
        rows = heads_each(shape.kv_heads, parallel.tensor) * shape.head_dim
    return rows, columns, copies


def _layer_bytes(
    model: Model, dtype: Dtype, parallel: Parallel, routed: bool, compress_ratio: int, *, amd: bool
) -> int:
    shape, latent = model.shape, model.shape.latent_attention
    matrices = layer_matrices(model.architecture, shape, expert_layer=routed, compress_ratio=compress_ratio)
    held = sum(matrix_bytes(model, matrix, dtype, parallel, amd=amd) for matrix in matrices)
    for matrix in matrices:
        rows, _, copies = share_of(matrix, shape, parallel)
        held += copies * rows * matrix.vector_bytes
    norms = spec_of(model.architecture, shape).attention(shape).norm_elements(shape)
    held += (2 * shape.hidden_size + norms) * _BF16_BYTES
    if latent is not None:
        # W_UK and W_UV in 16 bits beside kv_b_proj, which long prompts still use.
        each_head = latent.kv_lora_rank * (latent.qk_nope_head_dim + latent.v_head_dim)
        held += shape.heads // parallel.tensor * each_head * _BF16_BYTES
    return held


def _rotary_bytes(model: Model) -> int:
    """The table of sines and cosines, one a model: in 32 bits for DeepSeek's own scaling, else in 16.

    DeepSeek-V4 turns compressed keys by one of their own (deepseek_v4/common/rope.py).
    """
    latent, windowed = model.shape.latent_attention, model.shape.windowed_attention
    if windowed is not None:
        return 2 * model.context_max * windowed.rope_dim * _F32_BYTES
    if latent is not None:
        return model.context_max * latent.qk_rope_head_dim * _F32_BYTES
    return model.context_max * model.shape.head_dim * _BF16_BYTES
