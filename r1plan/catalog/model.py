"""A model of R1's family or one of its open successors: its shape, its quants in bytes, its published scores."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import ClassVar, Literal, NamedTuple

from r1plan.catalog.quality import Confidence, Score, ThinkingRules
from r1plan.catalog.reading.fields import Count, NotNegative, Positive, Whole

Architecture = Literal["qwen2", "llama", "qwen3", "deepseek2", "deepseek32", "deepseek4", "deepseek41"]
Kind = Literal["full", "distill", "successor"]

_FORBID_EXTRA = {"extra": "forbid"}

# llama.cpp knows these two and none (build 0c1e57098, src/models/deepseek4.cpp).
INDEXED_RATIO, SUMMARY_RATIO = 4, 128


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

    `head_dim` is also the width of the one key that it caches a layer and token. DeepSeek-V4 has one in the layers that
    compress four tokens to a key, and it picks and caches such keys.
    """

    __pydantic_config__: ClassVar = _FORBID_EXTRA

    heads: Count
    head_dim: Count
    top_k: Count


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowedAttention:
    """The attention of DeepSeek-V4: it sees the last `window` tokens as they are, and those before compressed.

    `compress_ratios` says of each layer how many tokens make one compressed key: INDEXED_RATIO, of which an indexer
    picks; SUMMARY_RATIO, which are all seen; 0 where there is the window alone. A key is its own value, of the shape's
    `head_dim`, `rope_dim` of it rotary. The hidden state is `hyper_connections` states wide between layers. In the
    first `hash_layers` a table by token picks the experts.
    """

    __pydantic_config__: ClassVar = _FORBID_EXTRA

    window: Count
    compress_ratios: tuple[Literal[0, 4, 128], ...]
    q_lora_rank: Count
    rope_dim: Count
    output_groups: Count
    output_lora_rank: Count
    hyper_connections: Literal[4]
    hash_layers: Whole

    @property
    def indexed_layers(self) -> int:
        """Layers whose compressed keys an indexer picks from."""
        return self.compress_ratios.count(INDEXED_RATIO)

    @property
    def summary_layers(self) -> int:
        """Layers that see all their compressed keys."""
        return self.compress_ratios.count(SUMMARY_RATIO)


class LayerKind(NamedTuple):
    """What layers of one model differ in: whether there are routed experts, and in DeepSeek-V4 two things more.

    `compress_ratio` is WindowedAttention's; `hashed`: a table by token picks the experts.
    """

    routed: bool
    compress_ratio: int = 0
    hashed: bool = False


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
    with `windowed_attention` it follows from that. An `indexer` caches a key of its own besides. `nextn_layers` are
    those behind `layers` that predict further tokens: a file holds them, and the engine does not load them.
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
    windowed_attention: WindowedAttention | None = None
    indexer: Indexer | None = None
    experts: Experts | None = None
    nextn_layers: Whole = 0

    def __post_init__(self) -> None:
        """Raises ValueError for sizes of DeepSeek-V4 that contradict one another."""
        if (windowed := self.windowed_attention) is None:
            return
        ratios = len(windowed.compress_ratios)
        if ratios != self.layers:
            raise ValueError(f"compress_ratios: expected one for each of {self.layers} layers, got {ratios}")
        if windowed.indexed_layers and self.indexer is None:
            raise ValueError(f"an indexer is missing, which layers of ratio {INDEXED_RATIO} have")
        if self.heads % windowed.output_groups:
            raise ValueError(f"output_groups: {self.heads} heads cannot be shared by {windowed.output_groups} groups")
        if windowed.rope_dim > self.head_dim:
            raise ValueError(f"rope_dim: expected at most {self.head_dim}, a key's width, got {windowed.rope_dim}")

    def kind_of(self, layer: int) -> LayerKind:
        """What `layer` is; those behind the last, which predict further tokens, see a window alone."""
        routed = layer >= self.dense_layers
        if (windowed := self.windowed_attention) is None:
            return LayerKind(routed)
        ratio = windowed.compress_ratios[layer] if layer < self.layers else 0
        return LayerKind(routed, ratio, layer < windowed.hash_layers)

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

        Latent attention multiplies the compressed vectors themselves, which are wider than a head. Compressed keys are
        as many times fewer, and where an indexer picks of them llama.cpp still multiplies all.
        """
        if (windowed := self.windowed_attention) is not None:
            index = self.indexer.heads * self.indexer.head_dim if self.indexer is not None else 0
            seen = 2 * self.heads * self.head_dim
            picked = windowed.indexed_layers * (seen + index) / INDEXED_RATIO
            return 2.0 * (picked + windowed.summary_layers * seen / SUMMARY_RATIO)
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
    """One model, as `profiles/models/<id>.yaml` says it.

    A `successor` is what R1's maker published after it, and no distill of R1. `aliases` are what people call it beside
    its id and `hf_repo`, `ollama_tags` the names that Ollama has it under, and `api_names` those under which its
    maker's API served it, whatever it serves there now.
    `quants_like` names a model with the same tensor shapes whose stock quants are this one's too. `active_params` are
    those that one token reads; the embedding, of which it reads one row, is not among them.
    """

    __pydantic_config__: ClassVar = _FORBID_EXTRA

    id: str
    kind: Kind
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
    api_names: tuple[str, ...] = ()
    bf16_bytes: Count | None = None
    chat_template: str = "deepseek-r1"
    sampling: Sampling
    thinking: ThinkingRules | None = None
    quants: tuple[Quant, ...] = ()
    quants_like: str | None = None
    scores: tuple[Score, ...] = ()
    repositories: tuple[Repository, ...] = ()
    recommended: bool = True
    note: str | None = None
    sources: dict[str, str]
