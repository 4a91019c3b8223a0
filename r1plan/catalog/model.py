"""A model of the R1 family: its shape, its quants and their exact bytes, its published scores."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import ClassVar, Literal

from r1plan.catalog.reading.fields import Count, NotNegative, Positive, Whole

Architecture = Literal["qwen2", "llama", "qwen3", "deepseek2", "deepseek32"]
Confidence = Literal["high", "medium-high", "medium", "low"]

_FORBID_EXTRA = {"extra": "forbid"}


@dataclass(frozen=True, slots=True, kw_only=True)
class LatentAttention:
    """Multi-head latent attention (MLA): what is cached is one compressed vector a layer and token."""

    __pydantic_config__: ClassVar = _FORBID_EXTRA

    q_lora_rank: Count
    kv_lora_rank: Count
    qk_nope_head_dim: Count
    qk_rope_head_dim: Count
    v_head_dim: Count


@dataclass(frozen=True, slots=True, kw_only=True)
class Indexer:
    """The lightning indexer of DeepSeek-V3.2: in each layer it picks the `top_k` cells that attention then sees.

    `head_dim` is also the width of the one key that it caches a layer and token.
    """

    __pydantic_config__: ClassVar = _FORBID_EXTRA

    heads: Count
    head_dim: Count
    top_k: Count


@dataclass(frozen=True, slots=True, kw_only=True)
class Experts:
    """A mixture of experts in every layer but the first `dense_layers`."""

    __pydantic_config__: ClassVar = _FORBID_EXTRA

    dense_layers: Whole
    ffn_size: Count
    routed: Count
    shared: Whole
    used_per_token: Count

    @property
    def read_share(self) -> float:
        """The share of the routed experts that one token reads."""
        return self.used_per_token / self.routed


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """The tensor shapes of a model, in elements.

    With latent attention `head_dim` is a key's, and the cache follows from `latent_attention` and not from `kv_heads`;
    an `indexer` caches a key of its own besides. `nextn_layers` are those behind `layers` that predict further tokens:
    a file holds them, and the engine does not load them.
    """

    __pydantic_config__: ClassVar = _FORBID_EXTRA

    layers: Count
    hidden_size: Count
    heads: Count
    kv_heads: Count
    head_dim: Count
    ffn_size: Count
    vocab_size: Count
    tied_embeddings: bool = False
    latent_attention: LatentAttention | None = None
    indexer: Indexer | None = None
    experts: Experts | None = None
    nextn_layers: Whole = 0

    @property
    def dense_layers(self) -> int:
        """Layers, the first ones, that hold no routed experts."""
        return min(self.experts.dense_layers, self.layers) if self.experts else self.layers

    @property
    def read_share(self) -> float:
        """The share of the routed experts that one token reads; 1 where there are none."""
        return self.experts.read_share if self.experts else 1.0

    @property
    def heads_a_key(self) -> int:
        """How many heads attend to one cached key; all of them with latent attention."""
        return self.heads if self.latent_attention else max(self.heads // self.kv_heads, 1)

    @property
    def attention_flop_a_depth(self) -> float:
        """Operations of all layers that a token takes for each token before it: the key's product, the value's sum.

        Latent attention multiplies the compressed vectors themselves, which are wider than a head.
        """
        width = 2 * self.head_dim
        if (latent := self.latent_attention) is not None:
            width = 2 * latent.kv_lora_rank + latent.qk_rope_head_dim
        return 2.0 * self.layers * self.heads * width


@dataclass(frozen=True, slots=True, kw_only=True)
class Quant:
    """One published quantisation and its bytes.

    `tensor_bytes` are all tensors; `token_embd_bytes` of them stay in host memory.
    `decode_read_bytes` are the weights touched for one generated token, the middle of `decode_read_range_bytes` where
    the mix of types was never published; that range is None where the figure is exact.
    """

    __pydantic_config__: ClassVar = _FORBID_EXTRA

    name: str
    bits_per_weight: Positive
    tensor_bytes: Count
    metadata_bytes: Whole
    token_embd_bytes: Count | None = None
    decode_read_bytes: Count | None = None
    decode_read_range_bytes: tuple[Count, Count] | None = None
    basis: Literal["exact", "verified-rounded", "computed", "published"] = "computed"
    engine: Literal["llama.cpp", "ik_llama.cpp"] = "llama.cpp"
    confidence: Confidence | None = None
    note: str | None = None
    source: str | None = None

    @property
    def file_bytes(self) -> int:
        """What a download of this quant weighs."""
        return self.tensor_bytes + self.metadata_bytes

    @property
    def stock(self) -> bool:
        """Whether llama.cpp's own quantiser makes it, so that any model of the same shape has it in the same size."""
        return self.engine == "llama.cpp" and self.basis != "published"


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """A published benchmark result. `independent` is true when the maker did not measure it."""

    __pydantic_config__: ClassVar = _FORBID_EXTRA

    benchmark: str
    score: NotNegative
    source: str
    confidence: Confidence = "high"
    independent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """The maker's recommended sampling."""

    __pydantic_config__: ClassVar = _FORBID_EXTRA

    temperature: NotNegative
    top_p: Positive
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """Where GGUF files are published; `pattern` holds `<QUANT>`, and `%05d` for a shard and for how many there are.

    `quants` are those that are so called there; one that is called otherwise has a row of its own. `shards` says of a
    quant in several files how many there are, where that is known. `revision` pins a commit. `repo` is empty for a file
    on this disk, whose path is the pattern.
    """

    __pydantic_config__: ClassVar = _FORBID_EXTRA

    repo: str
    pattern: str
    quants: tuple[str, ...] = ()
    shards: dict[str, Count] = field(default_factory=dict)
    revision: str | None = None
    confidence: Confidence = "high"


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One model of the family, as `profiles/models/<id>.yaml` says it.

    `aliases` are what people call it beside its id and `hf_repo`, and `ollama_tags` the names that Ollama has it under.
    `quants_like` names a model with the same tensor shapes whose stock quants are this one's too. `active_params` are
    those that one token reads; the embedding, of which it reads one row, is not among them.
    """

    __pydantic_config__: ClassVar = _FORBID_EXTRA

    id: str
    kind: Literal["full", "distill"]
    hf_repo: str
    architecture: Architecture
    params: Count
    active_params: Count
    shape: Shape
    context_max: Count
    released: date
    licence: str
    base_model: str
    aliases: tuple[str, ...] = ()
    ollama_tags: tuple[str, ...] = ()
    bf16_bytes: Count | None = None
    chat_template: str = "deepseek-r1"
    sampling: Sampling
    quants: tuple[Quant, ...] = ()
    quants_like: str | None = None
    scores: tuple[Score, ...] = ()
    repositories: tuple[Repository, ...] = ()
    recommended: bool = True
    note: str | None = None
    sources: dict[str, str]
