"""What a server takes of each GPU, and what that leaves for the users' caches, in blocks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from r1plan.catalog.model import INDEXED_RATIO, SUMMARY_RATIO, LatentAttention, Shape, WindowedAttention
from r1plan.plan.arch.cache import cache_elements
from r1plan.plan.basis import Basis
from r1plan.plan.serving.sharding import heads_each

ServedKv = Literal["bf16", "fp8"]
BudgetTerm = Literal["weights", "kv_cache", "activations", "cuda_graphs", "outside_torch"]


@dataclass(frozen=True, slots=True)
class BudgetPart:
    """One term on each GPU, with where its figure comes from."""

    term: BudgetTerm
    size_bytes: int
    basis: Basis
    why: str


class WindowBlocks(NamedTuple):
    """Blocks of `block_tokens` that a request holds of what a window sees: at most those of `tokens`, and one more.

    What is computed at once is held besides, until the window has passed it.
    """

    tokens: int
    block_tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuBudget:
    """One GPU of the server. All GPUs of a server are alike.

    `total_bytes` is what CUDA reports, `free_bytes` what is free of it before the start; `allowed_bytes` is the
    server's share, `utilization` of it all. `parts` end with the KV cache, which takes what the others leave, in whole
    blocks. `blocks` is negative when weights and work alone exceed the share; one of them stays empty. `block_tokens`
    counts for the GPUs that share one cache together. `batched_tokens` and `sequences` are the largest batch, and
    `most_users` what the engine runs at once unless it is told to run fewer. `windows` are what a request holds of the
    same blocks besides those of its whole context, and `in_flight_tokens` are computed at once, of all together.
    """

    total_bytes: int
    free_bytes: int
    allowed_bytes: int
    utilization: float
    parts: tuple[BudgetPart, ...]
    block_bytes: int
    block_tokens: int
    blocks: int
    data: int
    batched_tokens: int
    sequences: int
    most_users: int
    windows: tuple[WindowBlocks, ...] = ()
    in_flight_tokens: int = 0

    @property
    def shared_blocks(self) -> int:
        """Blocks that no request holds for long: the one that stays empty, and those of what is computed at once."""
        return 1 + sum(-(-self.in_flight_tokens // each.block_tokens) for each in self.windows)

    def blocks_of(self, context: int) -> int:
        """Blocks that a request of `context` tokens holds."""
        held = -(-context // self.block_tokens)
        return held + sum(-(-min(each.tokens, context) // each.block_tokens) + 1 for each in self.windows)

    def with_blocks(self, blocks: int) -> GpuBudget:
        """The same with so many blocks of cache, because other cards hold no more."""
        size = max(blocks, 0) * self.block_bytes
        parts = tuple(replace(part, size_bytes=size) if part.term == "kv_cache" else part for part in self.parts)
        return replace(self, blocks=blocks, parts=parts)

    @property
    def used_bytes(self) -> int:
        """Everything that the server takes."""
        return sum(part.size_bytes for part in self.parts)

    @property
    def fixed_bytes(self) -> int:
        """Everything but the cache."""
        return sum(part.size_bytes for part in self.parts if part.term != "kv_cache")

    def bytes_of(self, term: BudgetTerm) -> int:
        """The bytes of one term."""
        return sum(part.size_bytes for part in self.parts if part.term == term)

    @property
    def starts(self) -> bool:
        """Whether enough is free for the server's share; else it refuses to start."""
        return self.free_bytes >= self.allowed_bytes

    @property
    def kv_tokens(self) -> int:
        """Tokens that the whole server caches at once; of one request alone where it holds windows besides."""
        if self.windows:
            return self.context_of(1) * self.data
        return max(self.blocks - self.shared_blocks, 0) * self.block_tokens * self.data

    def users(self, context: int) -> int:
        """Requests of `context` tokens that the cache holds at once; more must wait."""
        each = max(self.blocks - self.shared_blocks, 0) // self.blocks_of(context)
        return min(each, self.most_users) * self.data

    def context_of(self, users: int) -> int:
        """The longest context that `users` can have at once, in whole blocks; 0 when there are not blocks enough."""
        on_each = -(-users // self.data)
        if on_each > self.most_users:
            return 0
        most = max(self.blocks - self.shared_blocks, 0) // on_each
        if not self.windows:
            return most * self.block_tokens
        low, high = 0, most
        while low < high:
            middle = (low + high + 1) // 2
            if self.blocks_of(middle * self.block_tokens) <= most:
                low = middle
            else:
                high = middle - 1
        return low * self.block_tokens

    def needed_bytes(self, context: int, users: int) -> int:
        """What a GPU's share must be for `users` requests of `context` tokens."""
        on_each = -(-users // self.data)
        return self.fixed_bytes + (on_each * self.blocks_of(context) + self.shared_blocks) * self.block_bytes


def kv_bytes_per_token(shape: Shape, kv_type: ServedKv, ranks: int, layers: int | None = None) -> int:
    """Bytes that one token costs in the cache of each of `ranks` GPUs, which hold so many `layers`; None: all.

    Latent attention has one vector a layer, which cannot be split: 1,152 bytes a layer for R1 in 16 bits, on every GPU.
    """
    size = 2 if kv_type == "bf16" else 1
    if (windowed := shape.windowed_attention) is not None:
        return _compressed_bytes(shape, windowed, shape.layers if layers is None else layers)
    cached = cache_elements(shape)
    layers = shape.layers if layers is None else layers
    if shape.latent_attention is not None and cached.index:
        picked_by = cached.index + _scales_bytes(cached.index)
        return layers * (_sparse_bytes(shape.latent_attention, kv_type) + picked_by)
    return layers * heads_each(cached.heads, ranks) * cached.a_head * size


def _compressed_bytes(shape: Shape, windowed: WindowedAttention, layers: int) -> int:
    """What a token adds to the compressed keys of so many layers of DeepSeek-V4, in the mean, and to the indexer's.

    The cache has 8 bits on every GPU, whatever one asks for (plan/vllm/streams.py says what it takes besides).
    """
    key = shape.head_dim + windowed.rope_dim + 8
    index = shape.indexer.head_dim + _scales_bytes(shape.indexer.head_dim) if shape.indexer is not None else 0
    picked, summed = windowed.indexed_layers / INDEXED_RATIO, windowed.summary_layers / SUMMARY_RATIO
    return round((picked * (key + index) + summed * key) * layers / shape.layers)


def _sparse_bytes(latent: LatentAttention, kv_type: ServedKv) -> int:
    """One token's vector for sparse attention; in 8 bits it is fp8_ds_mla, 656 bytes for V3.2 (flashmla_sparse.py).

    The content then has 8 bits and scales, the rotary part 16.
    """
    rank, rope = latent.kv_lora_rank, latent.qk_rope_head_dim
    return (2 * rank if kv_type == "bf16" else rank + _scales_bytes(rank)) + 2 * rope


def _scales_bytes(elements: int) -> int:
    """A scale of 32 bits for each 128 numbers of 8 bits; the indexer's keys are always so (Indexer, deepseek_v2.py)."""
    return elements // 128 * 4
