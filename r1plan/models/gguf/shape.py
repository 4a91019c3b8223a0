"""A model's shape, as the header of its file says it."""

from __future__ import annotations

from r1plan.catalog.model import Architecture, Experts, Indexer, LatentAttention, Shape
from r1plan.errors import EngineError
from r1plan.models.gguf.header import StoredTensor
from r1plan.models.gguf.numbers import Numbers
from r1plan.models.gguf.windowed import windowed_attention

# The engine loads a file of these only with an indexer's keys and with those of latent attention since April 2025.
_INDEXED: frozenset[Architecture] = frozenset({"deepseek32"})


class ShapeReader:
    """Reads the shape of a model of `layers` layers whose embedding is `embedding`."""

    def __init__(
        self, numbers: Numbers, architecture: Architecture, layers: int, embedding: StoredTensor, *, tied: bool
    ) -> None:
        self.numbers, self.architecture, self.layers = numbers, architecture, layers
        self.embedding, self.tied = embedding, tied

    @property
    def has_mla_keys(self) -> bool:
        """Whether the file is written for latent attention as engines since April 2025 compute it."""
        return self.numbers.has("attention.key_length_mla")

    def shape(self) -> Shape:
        """The model's shape. Raises EngineError."""
        numbers = self.numbers
        hidden, heads = numbers.number("embedding_length"), numbers.number("attention.head_count")
        if self.embedding.dims[0] != hidden:
            raise numbers.wrong("embedding_length", f"{hidden}, where token_embd.weight has {self.embedding.dims[0]}")
        indexed = self.architecture in _INDEXED
        if indexed and not self.has_mla_keys:
            raise self._old_layout()
        latent = self._latent() if indexed or numbers.has("attention.kv_lora_rank") else None
        windowed = windowed_attention(numbers, self.layers, heads) if self.architecture == "deepseek4" else None
        if latent is None:
            head_dim = numbers.number("attention.key_length", default=max(hidden // heads, 1))
            kv_heads = numbers.number("attention.head_count_kv", default=heads)
        else:
            # One key head is how files since April 2025 say that the cache is shared.
            head_dim, kv_heads = latent.qk_nope_head_dim + latent.qk_rope_head_dim, heads
        experts_wide = numbers.number("expert_feed_forward_length") if windowed is not None else None
        return Shape(
            layers=self.layers,
            hidden_size=hidden,
            heads=heads,
            kv_heads=kv_heads,
            head_dim=head_dim,
            ffn_size=numbers.number("feed_forward_length", default=experts_wide),
            vocab_size=self.embedding.dims[1],
            tied_embeddings=self.tied,
            latent_attention=latent,
            windowed_attention=windowed,
            indexer=self._indexer() if indexed or windowed is not None else None,
            experts=self.experts(),
        )

    def experts(self) -> Experts | None:
        """Its routed experts; None for a dense model."""
        numbers = self.numbers
        if not numbers.has("expert_count") or not numbers.number("expert_count", least=0):
            return None
        routed = numbers.number("expert_count")
        wide = None if numbers.has("expert_feed_forward_length") else numbers.number("feed_forward_length")
        return Experts(
            dense_layers=numbers.number("leading_dense_block_count", least=0, most=self.layers, default=0),
            ffn_size=numbers.number("expert_feed_forward_length", default=wide),
            routed=routed,
            shared=numbers.number("expert_shared_count", least=0, default=0),
            used_per_token=numbers.number("expert_used_count", most=routed),
        )

    def _old_layout(self) -> EngineError:
        names = {tensor.name for tensor in self.numbers.gguf.tensors}
        name = self.numbers.gguf.name
        if "blk.0.attn_kv_b.weight" in names:
            return EngineError(
                f"{name} holds keys and values in one attn_kv_b, as files did before April 2025; llama.cpp loads no "
                "DeepSeek-V3.2 like that.",
                "download a file that was converted after May 2026, when llama.cpp learned DeepSeek-V3.2",
            )
        return self.numbers.wrong(
            "attention.key_length_mla", "missing, and the engine does not load the file without it"
        )

    def _latent(self) -> LatentAttention:
        rope = self.numbers.number("rope.dimension_count")
        suffix = "_mla" if self.has_mla_keys else ""
        key = self.numbers.number(f"attention.key_length{suffix}")
        if key <= rope:
            raise self.numbers.wrong(f"attention.key_length{suffix}", f"{key}, of which {rope} are rotary")
        return LatentAttention(
            q_lora_rank=self.numbers.number("attention.q_lora_rank"),
            kv_lora_rank=self.numbers.number("attention.kv_lora_rank"),
            qk_nope_head_dim=key - rope,
            qk_rope_head_dim=rope,
            v_head_dim=self.numbers.number(f"attention.value_length{suffix}"),
        )

    def _indexer(self) -> Indexer:
        return Indexer(
            heads=self.numbers.number("attention.indexer.head_count"),
            head_dim=self.numbers.number("attention.indexer.key_length"),
            top_k=self.numbers.number("attention.indexer.top_k"),
        )
