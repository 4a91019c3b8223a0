"""How vLLM fills a GPU: what it may use, what weights and work take of that, and the rest as blocks of KV cache.

    KV cache = ceil(total x gpu_memory_utilization) - weights - activations - CUDA graphs - what is not PyTorch's

as vLLM 0.33.0 does it (v1/worker/utils.py request_memory, v1/worker/gpu_worker.py determine_available_memory,
v1/core/kv_cache_utils.py; v1/core/block_pool.py keeps one block empty). Weights follow from shapes. What it measures
when it starts is calibrated on the start-up logs in tests/measured/vllm_startup.jsonl: R1-0528 and a 70B on H200, B200
and MI300X.
"""

from __future__ import annotations

from math import ceil, floor

from r1plan.catalog.model import Model, Shape
from r1plan.hardware.machine import GpuDevice
from r1plan.plan.basis import Basis
from r1plan.plan.serving.budget import BudgetPart, GpuBudget, ServedKv, WindowBlocks, kv_bytes_per_token
from r1plan.plan.serving.capability import Generation, generation_of
from r1plan.plan.serving.cards import cuda_total_bytes
from r1plan.plan.serving.checkpoints import Dtype
from r1plan.plan.serving.option import ServerSettings
from r1plan.plan.serving.sharding import Parallel, stages
from r1plan.plan.vllm.streams import BLOCK_TOKENS, stream_pool
from r1plan.plan.vllm.weights import weights_bytes
from r1plan.units import GIB, MIB

DEFAULT_UTILIZATION = 0.92  # config/cache.py; 0.9 until 2026
_BLOCK_TOKENS = 16  # config/cache.py, DEFAULT_BLOCK_SIZE

# The sampler's trial run over all sequences is what a dense model needs most: about six rows of 32-bit logits each.
# 3.0 GiB at 1,024 sequences and 128,256 words, alike on H200 and B200, at 8,192 and 16,384 tokens.
_SAMPLER_COPIES = 6.1
# A mixture's trial run over the largest batch: each token's row for each expert it goes to, in 16 bits, about 5.4 times
# on an H200 and 3.5 times on an MI300X; on a B200 other kernels keep it below the sampler's.
_ROUTED_COPIES: dict[Generation, float] = {"blackwell": 1.5, "amd": 3.5}
_ROUTED_COPIES_ELSEWHERE = 5.4
# Rows of a dense layer that live at once, of the hidden size and of the widest matrix.
_HIDDEN_ROWS, _WIDE_ROWS = 4, 3
# A layer's share of the CUDA graphs: 0.94 GiB over 80 dense layers, 1.55 over R1's 61 (what 0.20.0 deducted on H200).
# On AMD they took 7 to 8.4 GiB; what today's vLLM deducts there is not in the logs.
_GRAPH_BYTES_A_LAYER = 12 * MIB
_GRAPH_BYTES_A_ROUTED_LAYER = 26 * MIB
_GRAPH_BYTES_A_LAYER_AMD = 110 * MIB
_AMD_GRAPHS = "captured for decoding; logs of 0.18 show so much, and not whether it is deducted today"
# NCCL and libraries' workspaces.
_ALONE_BYTES = 300 * MIB
_TOGETHER_BYTES = 1280 * MIB
# Of a CUDA context; llama.cpp's pull request 23604 read 107 MiB on a small card and 555 on one of the largest.
_CONTEXT_BYTES = 555 * MIB


def block_tokens(shape: Shape, kv_type: ServedKv, generation: Generation) -> int:
    """Tokens of one block: 16, where the card's first attention backend for latent attention allows that.

    platforms/cuda.py of vLLM 0.33.0: FLASHINFER_MLA on Blackwell takes 32 or 64, FLASHMLA, Hopper's for an FP8 cache,
    64.
    """
    if shape.latent_attention is not None and generation == "blackwell":
        return 32
    if shape.latent_attention is not None and generation == "hopper" and kv_type == "fp8":
        return 64
    return _BLOCK_TOKENS


def batch_defaults(gpu: GpuDevice) -> tuple[int, int]:
    """Tokens and sequences of the largest batch that `vllm serve` chooses (engine/arg_utils.py, get_batch_defaults)."""
    total = cuda_total_bytes(gpu)
    if total >= 160 * GIB:
        return 16_384, 1024
    if total >= 70 * GIB and "a100" not in (gpu.profile or gpu.name).casefold():
        return 8_192, 1024
    return 2_048, 256


def utilization_of(gpu: GpuDevice, settings: ServerSettings) -> float:
    """The share of the card: the pinned one, else vLLM's own, or where that is not free, what is, in whole hundredths.

    A process that starts has the card's context before vLLM looks at what is free, so that is left out.
    """
    if settings.utilization is not None:
        return settings.utilization
    total = cuda_total_bytes(gpu)
    if gpu.free_bytes >= ceil(total * DEFAULT_UTILIZATION):
        return DEFAULT_UTILIZATION
    return max(floor((gpu.free_bytes - _CONTEXT_BYTES) / total * 100) / 100, 0.01)


def gpu_budget(
    model: Model, dtype: Dtype, parallel: Parallel, gpu: GpuDevice, settings: ServerSettings, stage: int = 0
) -> GpuBudget:
    """What each card like `gpu` of a `stage` holds when vLLM serves `model`."""
    shape, generation = model.shape, generation_of(gpu)
    tokens, usual = batch_defaults(gpu)
    sequences = settings.sequences or usual
    # A batch of fewer tokens than sequences is refused (config/scheduler.py).
    tokens = settings.batched_tokens or max(tokens, sequences)
    total = cuda_total_bytes(gpu)
    allowed = ceil(total * utilization_of(gpu, settings))
    layers = stages(shape.layers, parallel.pipeline)[stage]
    logged = parallel.pipeline == 1 and dtype in ("BF16", "FP8") and generation in ("hopper", "blackwell", "amd")
    work: Basis = "calibrated" if logged else "assumed"
    weights: Basis = "assumed" if dtype in ("NVFP4", "MXFP4") else "calibrated"
    fixed = (
        BudgetPart(
            "weights",
            weights_bytes(model, dtype, parallel, amd=generation == "amd", stage=stage),
            weights,
            "from the tensors' shapes; vLLM's own logs show up to 0.5 % more",
        ),
        BudgetPart(
            "activations",
            _activation_bytes(shape, parallel, generation, tokens, sequences if stage == parallel.pipeline - 1 else 0),
            work,
            f"trial run of {tokens:,} tokens and {sequences:,} sequences",
        ),
        BudgetPart(
            "cuda_graphs",
            _graph_bytes(shape, generation, len(layers)),
            "assumed" if generation == "amd" else work,
            _AMD_GRAPHS if generation == "amd" else "captured for decoding",
        ),
        BudgetPart(
            "outside_torch",
            _ALONE_BYTES if parallel.gpus == 1 else _TOGETHER_BYTES,
            work,
            "libraries' workspaces" if parallel.gpus == 1 else "NCCL and libraries' workspaces",
        ),
    )
    in_block, block, windows, in_flight = _pool(shape, settings, parallel, generation, layers, tokens)
    blocks = (allowed - sum(part.size_bytes for part in fixed)) // block
    cache = BudgetPart("kv_cache", max(blocks, 0) * block, "exact", f"{max(blocks, 0):,} blocks of {in_block} tokens")
    return GpuBudget(
        total_bytes=total,
        free_bytes=min(gpu.free_bytes, total),
        allowed_bytes=allowed,
        utilization=utilization_of(gpu, settings),
        parts=(*fixed, cache),
        block_bytes=block,
        block_tokens=in_block * parallel.context,
        blocks=blocks,
        data=parallel.data,
        batched_tokens=tokens,
        sequences=sequences,
        most_users=max(sequences, usual),
        windows=windows,
        in_flight_tokens=in_flight,
    )


def _pool(
    shape: Shape, settings: ServerSettings, parallel: Parallel, generation: Generation, layers: range, tokens: int
) -> tuple[int, int, tuple[WindowBlocks, ...], int]:
    """Tokens and bytes of a block of the cache, what a request holds besides its context, and what is in flight."""
    if shape.windowed_attention is not None:
        return BLOCK_TOKENS, *stream_pool(shape, layers, tokens, parallel.pipeline + 1)
    in_block = block_tokens(shape, settings.kv_type, generation)
    return in_block, kv_bytes_per_token(shape, settings.kv_type, parallel.tensor, len(layers)) * in_block, (), 0


def _activation_bytes(shape: Shape, parallel: Parallel, generation: Generation, tokens: int, sequences: int) -> int:
    """The peak of the two trial runs: the largest batch, and the sampler over all sequences."""
    wide = shape.ffn_size if shape.experts is None else shape.experts.ffn_size
    rows = _HIDDEN_ROWS * shape.hidden_size + _WIDE_ROWS * wide // parallel.tensor
    forward = float(tokens * rows * 2)
    if shape.experts is not None:
        copies = _ROUTED_COPIES.get(generation, _ROUTED_COPIES_ELSEWHERE)
        forward = copies * tokens * shape.experts.used_per_token * shape.hidden_size * 2
    sampler = _SAMPLER_COPIES * min(sequences, tokens) * shape.vocab_size * 4
    return round(max(forward, sampler))


def _graph_bytes(shape: Shape, generation: Generation, layers: int) -> int:
    if generation == "amd":
        return layers * _GRAPH_BYTES_A_LAYER_AMD
    return layers * (_GRAPH_BYTES_A_LAYER if shape.experts is None else _GRAPH_BYTES_A_ROUTED_LAYER)
