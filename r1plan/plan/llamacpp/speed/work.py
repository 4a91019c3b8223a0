"""What a token takes of each device, in bytes, layers and operations, whatever the devices are worth."""

from __future__ import annotations

import re
from typing import NamedTuple, get_args

from r1plan.catalog.model import Model, Quant, Shape
from r1plan.ggml_types import BLOCK_TYPES
from r1plan.models.weights import TypeBytes, Weights
from r1plan.plan.llamacpp.placement import DeviceLoads, Placement
from r1plan.plan.pins import KvType

TypeShares = tuple[tuple[str, float], ...]
"""Shares of the bytes that are read by the name of ggml's type that they are of; they add up to 1."""

_SLOW_TYPES = ("IQ1", "IQ2", "IQ3")
# What a quant by its name mostly holds where its tensors are not known: those of R1-Distill-Llama-8B by the quantiser's
# rules (quantize_recipe.py). A name that is not here is that of one type.
_MIXES: dict[str, TypeShares] = {
    "Q2_K": (("Q2_K", 0.49), ("Q3_K", 0.36), ("Q6_K", 0.15)),
    "Q2_K_S": (("Q2_K", 0.77), ("Q4_K", 0.08), ("Q6_K", 0.15)),
    "Q3_K_S": (("Q3_K", 0.87), ("Q6_K", 0.13)),
    "Q3_K_M": (("Q3_K", 0.50), ("Q4_K", 0.36), ("Q5_K", 0.03), ("Q6_K", 0.11)),
    "Q3_K_L": (("Q3_K", 0.47), ("Q5_K", 0.43), ("Q6_K", 0.10)),
    "Q4_0": (("Q4_0", 0.90), ("Q6_K", 0.10)),
    "Q4_1": (("Q4_1", 0.91), ("Q6_K", 0.09)),
    "Q4_K_S": (("Q4_K", 0.86), ("Q5_K", 0.04), ("Q6_K", 0.10)),
    "Q4_K_M": (("Q4_K", 0.73), ("Q6_K", 0.27)),
    "Q5_0": (("Q5_0", 0.92), ("Q6_K", 0.08)),
    "Q5_1": (("Q5_1", 0.92), ("Q6_K", 0.08)),
    "Q5_K_S": (("Q5_K", 0.92), ("Q6_K", 0.08)),
    "Q5_K_M": (("Q5_K", 0.77), ("Q6_K", 0.23)),
    "IQ1_S": (("IQ1_S", 0.65), ("IQ2_XXS", 0.08), ("Q4_K", 0.07), ("Q5_K", 0.20)),
    "IQ1_M": (("IQ1_M", 0.67), ("IQ2_XXS", 0.07), ("Q4_K", 0.08), ("Q5_K", 0.18)),
    "IQ2_XXS": (("IQ2_XXS", 0.77), ("Q4_K", 0.07), ("Q5_K", 0.16)),
    "IQ2_XS": (("IQ2_XS", 0.79), ("Q4_K", 0.06), ("Q5_K", 0.15)),
    "IQ2_S": (("IQ2_XS", 0.70), ("IQ3_S", 0.13), ("Q4_K", 0.03), ("Q5_K", 0.14)),
    "IQ2_M": (("IQ2_S", 0.72), ("IQ3_S", 0.12), ("Q4_K", 0.03), ("Q5_K", 0.13)),
    "IQ3_XXS": (("IQ3_XXS", 0.71), ("IQ2_S", 0.07), ("IQ3_S", 0.10), ("Q5_K", 0.12)),
    "IQ3_XS": (("IQ3_XXS", 0.41), ("IQ3_S", 0.44), ("Q4_K", 0.02), ("Q6_K", 0.13)),
    "IQ3_S": (("IQ3_S", 0.85), ("Q4_K", 0.02), ("Q6_K", 0.13)),
    "IQ3_M": (("IQ3_S", 0.74), ("Q4_K", 0.14), ("Q6_K", 0.12)),
    "IQ4_XS": (("IQ4_XS", 0.88), ("Q5_K", 0.02), ("Q6_K", 0.10)),
    "IQ4_NL": (("IQ4_NL", 0.88), ("Q5_K", 0.02), ("Q6_K", 0.10)),
}
_UNKNOWN_TYPE = "Q4_K"
_KV_TYPES: tuple[KvType, ...] = get_args(KvType)
# The K-types of a fork (ikawrakow/ik_llama.cpp) compute as llama.cpp's own of as many bits do (b0655-b0658).
_FORKS = re.compile(r"IQ([2-6])_K")


class WorkKind(NamedTuple):
    """What of a model and its types decides how fast a device does its work.

    `latent`: attention caches one compressed vector; `slow_type`: i-quants up to 3 bits. `trunk_types` are of what all
    tokens read, the head included, `expert_types` of routed experts. `heads_a_key` are the heads that attend to one
    cached key, each with arithmetic of its own; 4 are usual. `streams`: the layers are DeepSeek-V4's.
    """

    moe: bool
    latent: bool
    slow_type: bool
    bits_per_weight: float
    trunk_types: TypeShares
    expert_types: TypeShares = ()
    heads_a_key: int = 4
    streams: bool = False


class CardWork(NamedTuple):
    """One card's part of a token. `cache_bytes` are read for each token that is in the cache.

    `expert_bytes` are those of `weights_bytes` that are routed experts', and `whole_layers` those of a DeepSeek-V4's
    `layers` that have theirs here.
    """

    card: int
    layers: int
    weights_bytes: float
    cache_bytes: int
    expert_bytes: float = 0.0
    kv_type: KvType = "f16"
    whole_layers: int = 0


class HostWork(NamedTuple):
    """The processor's part of a token. `expert_layers` include those of layers that are on cards.

    `expert_bytes` are those of `weights_bytes` that are routed experts'; the cache is of `kv_type`. `hands_over`: the
    token comes from a card, or goes on to one, and no experts are computed for cards.
    """

    layers: int
    expert_layers: int
    weights_bytes: float
    cache_bytes: int
    hands_over: bool
    expert_bytes: float = 0.0
    kv_type: KvType = "f16"


class PromptWork(NamedTuple):
    """What a prompt takes: operations a token, and bytes that are copied to a card, or read, for a micro-batch.

    `mapped`: what is copied are pages of the file, which the driver cannot read by itself. `attention_flop_a_depth` are
    attention's operations for each token that stands before the one that is read.
    """

    flop_a_token: float
    streamed_bytes: float
    disk_bytes: float
    n_ubatch: int
    mapped: bool = True
    attention_flop_a_depth: float = 0.0


class TokenWork(NamedTuple):
    """What each device does for a generated token, one after the other, and what a prompt takes.

    `disk_bytes` are read from the file for each token.
    """

    kind: WorkKind
    cards: tuple[CardWork, ...]
    host: HostWork | None
    disk_bytes: float
    prompt: PromptWork


def kind_of(model: Model, quant: Quant, weights: Weights) -> WorkKind:
    """What all layouts of a model at a quant share."""
    return kind_of_weights(quant.name, weights, model.shape, quant.bits_per_weight)


def kind_of_weights(quant: str, weights: Weights, shape: Shape, bits_per_weight: float) -> WorkKind:
    """The same of weights whose quant has that name; it says the types where the weights do not."""
    kind = work_kind(quant, bits_per_weight, moe=weights.expert_layers > 0, latent=shape.latent_attention is not None)
    kind = with_types(kind, weights.trunk_types, weights.expert_types, shape.heads_a_key)
    return kind._replace(streams=True) if shape.windowed_attention is not None else kind


def with_types(kind: WorkKind, trunk: TypeBytes, experts: TypeBytes, heads_a_key: int) -> WorkKind:
    """`kind` with what is known of its types and heads; nothing of either leaves what the quant's name says."""
    if heads_a_key:
        kind = kind._replace(heads_a_key=heads_a_key)
    if not trunk:
        return kind
    return kind._replace(trunk_types=_shares(trunk), expert_types=_shares(experts))


def work_kind(quant: str, bits_per_weight: float, *, moe: bool, latent: bool) -> WorkKind:
    """The same by the quant's name."""
    plain = quant.removeprefix("UD-")
    types = types_of_name(quant)
    return WorkKind(moe, latent, plain.startswith(_SLOW_TYPES), bits_per_weight, types, types if moe else ())


def kv_type_of(name: str) -> KvType:
    """The type of a cache that was stored by its name; f16 for one that is none."""
    return next((each for each in _KV_TYPES if each == name), "f16")


def types_of_name(quant: str) -> TypeShares:
    """What a quant of that name mostly holds."""
    plain = quant.removeprefix("UD-")
    if of_fork := _FORKS.match(plain):
        plain = f"Q{of_fork[1]}_K"
    while plain not in _MIXES and plain not in BLOCK_TYPES and "_" in plain:
        plain = plain.rpartition("_")[0]
    return _MIXES.get(plain) or ((plain if plain in BLOCK_TYPES else _UNKNOWN_TYPE, 1.0),)


def _shares(types: TypeBytes) -> TypeShares:
    total = sum(size for _, size in types)
    return tuple((type_, size / total) for type_, size in types if size) if total else ()


def token_work(kind: WorkKind, model: Model, weights: Weights, placed: DeviceLoads, kv_bytes_a_layer: int) -> TokenWork:
    """The work on a layout; `kv_bytes_a_layer` is what a token leaves in one layer's cache."""
    placement = placed.placement
    cards = _card_work(placement, weights, placed, kv_bytes_a_layer, streams=kind.streams)
    streamed = weights.dense_layers + placement.expert_layers_on_host
    copied = 0
    if cards and placement.layout != "unified":
        copied = weights.experts_of(0, streamed) + weights.trunk_of(0, placement.host_layers)
    return TokenWork(
        kind,
        cards,
        _host_work(placed, weights, kind, kv_bytes_a_layer),
        placed.disk_bytes * weights.experts_read_share,
        PromptWork(
            2.0 * model.active_params,
            copied,
            placed.disk_bytes,
            placed.settings.n_ubatch,
            mapped=placement.mapped,
            attention_flop_a_depth=model.shape.attention_flop_a_depth,
        ),
    )


def _card_work(
    placement: Placement, weights: Weights, placed: DeviceLoads, kv_bytes_a_layer: int, *, streams: bool
) -> tuple[CardWork, ...]:
    if placement.layout == "cpu":
        return ()
    used = [load.device.gpu_index for load in placed.loads if load.device.gpu_index is not None]
    shares = [layers for layers in placement.layers_on_gpu if layers] or [0]
    first = placement.host_layers
    streamed = weights.dense_layers + placement.expert_layers_on_host
    work = []
    for number, (card, layers) in enumerate(zip(used, shares, strict=True), 1):
        end = first + layers
        trunk = weights.trunk_of(first, end) + (weights.output_bytes if number == len(used) else 0)
        whole = max(first, min(streamed, end))
        experts = weights.experts_of(whole, end) * weights.experts_read_share
        cached = kv_bytes_a_layer * layers
        kv_type = placed.settings.kv_type
        work.append(CardWork(card, layers, trunk + experts, cached, experts, kv_type, (end - whole) * streams))
        first = end
    return tuple(work)


def _host_work(placed: DeviceLoads, weights: Weights, kind: WorkKind, kv_bytes_a_layer: int) -> HostWork | None:
    placement, beside_cards = placed.placement, placed.placement.layout != "cpu"
    layers, on_host = placement.host_layers, placement.expert_layers_on_host
    streamed = weights.dense_layers + on_host
    trunk = weights.trunk_of(0, layers) + (0 if beside_cards else weights.output_bytes)
    experts = weights.experts_of(0, max(layers, streamed)) * weights.experts_read_share
    if not trunk + experts:
        return None
    expert_layers = max(on_host, layers - weights.dense_layers if kind.moe else 0)
    hands_over = beside_cards and not expert_layers and placement.layout != "unified"
    cached = kv_bytes_a_layer * layers
    return HostWork(
        layers, expert_layers, trunk + experts, cached, hands_over, experts, kv_type=placed.settings.kv_type
    )
