"""How vLLM fills a GPU: what it may use, what weights and work take of that, and the rest as blocks of KV cache.

    KV cache = ceil(total x gpu_memory_utilization) - weights - activations - CUDA graphs - what is not PyTorch's

as vLLM 0.33.0 does it (v1/worker/utils.py request_memory, v1/worker/gpu_worker.py determine_available_memory,
v1/core/kv_cache_utils.py). Weights follow from shapes. What it measures when it starts is calibrated on the start-up
logs in tests/measured/vllm_startup.jsonl: R1-0528 and a 70B on H200, B200 and MI300X.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import Literal

from r1plan.catalog.model import LatentAttention, Model, Shape
from r1plan.hardware.machine import GpuDevice
from r1plan.plan.arch.cache import cache_elements
from r1plan.plan.llamacpp.memory.parts import Basis
from r1plan.plan.vllm.weights import Dtype, Parallel, heads_each, weights_bytes
from r1plan.units import GIB, MIB

VllmKv = Literal["bf16", "fp8"]
VllmTerm = Literal["weights", "kv_cache", "activations", "cuda_graphs", "outside_torch"]
Generation = Literal["blackwell", "hopper", "other nvidia", "amd", "other"]

DEFAULT_UTILIZATION = 0.92  # config/cache.py; 0.9 until 2026
_BLOCK_TOKENS = 16  # config/cache.py, DEFAULT_BLOCK_SIZE

# Of a card the driver keeps 0.4 % (H200) to 1.5 % (consumer cards) from every process, and vLLM counts without that.
# More than this missing is taken for memory that something else holds.
_RESERVED_MOST = 0.015

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
# NCCL and libraries' workspaces.
_ALONE_BYTES = 300 * MIB
_TOGETHER_BYTES = 1280 * MIB


@dataclass(frozen=True, slots=True, kw_only=True)
class VllmSettings:
    """How the server is started. None: vLLM's own default for the card."""

    kv_type: VllmKv = "bf16"
    utilization: float = DEFAULT_UTILIZATION
    batched_tokens: int | None = None
    sequences: int | None = None


@dataclass(frozen=True, slots=True)
class VllmPart:
    """One term on each GPU, with where its figure comes from."""

    term: VllmTerm
    size_bytes: int
    basis: Basis
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuBudget:
    """One GPU of the server. All GPUs of a server are alike.

    `total_bytes` is what CUDA reports, `free_bytes` what is free of it before the start; `allowed_bytes` is vLLM's
    share. `parts` end with the KV cache, which takes what the others leave, in whole blocks. `blocks` is negative when
    weights and work alone exceed the share. `block_tokens` counts for the GPUs that share one cache together.
    """

    total_bytes: int
    free_bytes: int
    allowed_bytes: int
    parts: tuple[VllmPart, ...]
    block_bytes: int
    block_tokens: int
    blocks: int
    data: int
    batched_tokens: int
    sequences: int

    @property
    def used_bytes(self) -> int:
        """Everything that vLLM takes."""
        return sum(part.size_bytes for part in self.parts)

    @property
    def fixed_bytes(self) -> int:
        """Everything but the cache."""
        return sum(part.size_bytes for part in self.parts if part.term != "kv_cache")

    def bytes_of(self, term: VllmTerm) -> int:
        """The bytes of one term."""
        return sum(part.size_bytes for part in self.parts if part.term == term)

    @property
    def starts(self) -> bool:
        """Whether enough is free for vLLM's share; else it refuses to start."""
        return self.free_bytes >= self.allowed_bytes

    @property
    def kv_tokens(self) -> int:
        """Tokens that the whole server caches at once. One block stays empty (v1/core/block_pool.py)."""
        return max(self.blocks - 1, 0) * self.block_tokens * self.data

    def users(self, context: int) -> int:
        """Requests of `context` tokens that the cache holds at once; more must wait."""
        each = max(self.blocks - 1, 0) // -(-context // self.block_tokens)
        return min(each, self.sequences) * self.data

    def context_of(self, users: int) -> int:
        """The longest context that `users` can have at once, in whole blocks; 0 when there are not blocks enough."""
        on_each = -(-users // self.data)
        if on_each > self.sequences:
            return 0
        return max(self.blocks - 1, 0) // on_each * self.block_tokens

    def needed_bytes(self, context: int, users: int) -> int:
        """What a GPU's share must be for `users` requests of `context` tokens."""
        on_each = -(-users // self.data)
        return self.fixed_bytes + (on_each * -(-context // self.block_tokens) + 1) * self.block_bytes


def generation_of(gpu: GpuDevice) -> Generation:
    """The kind of card as far as vLLM's choices depend on it."""
    if gpu.vendor != "nvidia":
        return "amd" if gpu.vendor == "amd" else "other"
    name = (gpu.profile or gpu.name).casefold()
    major = int((gpu.compute_capability or "0").split(".")[0])
    if major >= 10 or any(each in name for each in ("b200", "b300", "rtx-50", "rtx 50", "blackwell", "gb10")):
        return "blackwell"
    hopper = any(each in name for each in ("h100", "h200", "h20", "h800", "gh200"))
    return "hopper" if major == 9 or hopper else "other nvidia"


def cuda_total_bytes(gpu: GpuDevice) -> int:
    """What CUDA reports as the card's memory: all but the driver's own share."""
    return max(gpu.free_bytes, round(gpu.total_bytes * (1 - _RESERVED_MOST)))


def kv_bytes_per_token(shape: Shape, kv_type: VllmKv, ranks: int) -> int:
    """Bytes that one token costs in the cache of each of `ranks` GPUs.

    Latent attention has one vector a layer, which cannot be split: 1,152 bytes a layer for R1 in 16 bits, on every GPU.
    """
    size = 2 if kv_type == "bf16" else 1
    cached = cache_elements(shape)
    if shape.latent_attention is not None and cached.index:
        picked_by = cached.index + _scales_bytes(cached.index)
        return shape.layers * (_sparse_bytes(shape.latent_attention, kv_type) + picked_by)
    return shape.layers * heads_each(cached.heads, ranks) * cached.a_head * size


def _sparse_bytes(latent: LatentAttention, kv_type: VllmKv) -> int:
    """One token's vector for sparse attention; in 8 bits it is fp8_ds_mla, 656 bytes for V3.2 (flashmla_sparse.py).

    The content then has 8 bits and scales, the rotary part 16.
    """
    rank, rope = latent.kv_lora_rank, latent.qk_rope_head_dim
    return (2 * rank if kv_type == "bf16" else rank + _scales_bytes(rank)) + 2 * rope


def _scales_bytes(elements: int) -> int:
    """A scale of 32 bits for each 128 numbers of 8 bits; the indexer's keys are always so (Indexer, deepseek_v2.py)."""
    return elements // 128 * 4


def block_tokens(shape: Shape, kv_type: VllmKv, generation: Generation) -> int:
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


def gpu_budget(model: Model, dtype: Dtype, parallel: Parallel, gpu: GpuDevice, settings: VllmSettings) -> GpuBudget:
    """What each of `parallel.gpus` cards like `gpu` holds when vLLM serves `model`."""
    shape, generation = model.shape, generation_of(gpu)
    tokens, sequences = batch_defaults(gpu)
    tokens, sequences = settings.batched_tokens or tokens, settings.sequences or sequences
    total = cuda_total_bytes(gpu)
    allowed = ceil(total * settings.utilization)
    work: Basis = "calibrated" if generation in ("hopper", "blackwell", "amd") else "assumed"
    weights: Basis = "assumed" if dtype == "NVFP4" else "calibrated"
    fixed = (
        VllmPart(
            "weights",
            weights_bytes(model, dtype, parallel, amd=generation == "amd"),
            weights,
            "from the tensors' shapes; vLLM's own logs show up to 0.5 % more",
        ),
        VllmPart(
            "activations",
            _activation_bytes(shape, parallel, generation, tokens, sequences),
            work,
            f"trial run of {tokens:,} tokens and {sequences:,} sequences",
        ),
        VllmPart(
            "cuda_graphs",
            _graph_bytes(shape, generation),
            "assumed" if generation == "amd" else work,
            "captured for decoding",
        ),
        VllmPart(
            "outside_torch",
            _ALONE_BYTES if parallel.gpus == 1 else _TOGETHER_BYTES,
            work,
            "libraries' workspaces" if parallel.gpus == 1 else "NCCL and libraries' workspaces",
        ),
    )
    in_block = block_tokens(shape, settings.kv_type, generation)
    block = kv_bytes_per_token(shape, settings.kv_type, parallel.tensor) * in_block
    blocks = (allowed - sum(part.size_bytes for part in fixed)) // block
    cache = VllmPart("kv_cache", max(blocks, 0) * block, "exact", f"{max(blocks, 0):,} blocks of {in_block} tokens")
    return GpuBudget(
        total_bytes=total,
        free_bytes=min(gpu.free_bytes, total),
        allowed_bytes=allowed,
        parts=(*fixed, cache),
        block_bytes=block,
        block_tokens=in_block * parallel.context,
        blocks=blocks,
        data=parallel.data,
        batched_tokens=tokens,
        sequences=sequences,
    )


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


def _graph_bytes(shape: Shape, generation: Generation) -> int:
    if generation == "amd":
        return shape.layers * _GRAPH_BYTES_A_LAYER_AMD
    return shape.layers * (_GRAPH_BYTES_A_LAYER if shape.experts is None else _GRAPH_BYTES_A_ROUTED_LAYER)
