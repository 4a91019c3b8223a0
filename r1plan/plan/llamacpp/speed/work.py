"""What a token takes of each device, in bytes, layers and operations, whatever the devices are worth."""

from __future__ import annotations

from typing import NamedTuple

from r1plan.catalog.model import Model, Quant
from r1plan.models.weights import Weights
from r1plan.plan.llamacpp.placement import DeviceLoads, Placement

# Dense i-quants get no faster below this (llama.cpp tools/quantize/README.md @311c2c9f, its Llama-3.1-8B ladder: 74 to
# 80 tokens a second from IQ1_S on).
_SLOW_TYPES = ("IQ1", "IQ2", "IQ3")
_SLOW_TYPES_READ_AS_BITS = 3.4
# Weights a second that a card with HBM unpacks and multiplies, where its memory is faster than that: on 4.8 TB/s a 32B
# does 79 tokens a second at Q4_K_M, 73 at Q5_K_M and 70 at IQ3_M, a 70B 45 at Q4_K_M and 33 at Q3_K_M (speed.md). Q2_K
# and Q6_K are taken as their neighbours, and types without a scale in blocks of 256 are bound by memory.
_UNPACKED_A_S = (
    ("Q4_K", 3.5e12),
    ("IQ4", 3.5e12),
    ("Q5_K", 3.2e12),
    ("Q6_K", 3.2e12),
    ("IQ", 2.8e12),
    ("Q3_K", 2.6e12),
    ("Q2_K", 2.6e12),
)


class WorkKind(NamedTuple):
    """What of a model and its types decides how fast a device does its work.

    `latent`: attention caches one compressed vector; `slow_type`: i-quants up to 3 bits. `stretch`: a card takes so
    many times as long as it would for the bytes alone. `unpacked_a_s` are the weights of its types a second that the
    fastest cards can compute with; None: their memory is always slower.
    """

    moe: bool
    latent: bool
    slow_type: bool
    bits_per_weight: float
    stretch: float
    unpacked_a_s: float | None = None


class CardWork(NamedTuple):
    """One card's part of a token. `cache_bytes` are read for each token that is in the cache."""

    card: int
    layers: int
    weights_bytes: float
    cache_bytes: int


class HostWork(NamedTuple):
    """The processor's part of a token. `expert_layers` include those of layers that are on cards.

    `hands_over`: the token comes from a card, or goes on to one, and no experts are computed for cards.
    """

    layers: int
    expert_layers: int
    weights_bytes: float
    cache_bytes: int
    hands_over: bool


class PromptWork(NamedTuple):
    """What a prompt takes: operations a token, and bytes that are copied to a card, or read, for a micro-batch.

    `mapped`: what is copied are pages of the file, which the driver cannot read by itself.
    """

    flop_a_token: float
    streamed_bytes: float
    disk_bytes: float
    n_ubatch: int
    mapped: bool = True


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
    moe = weights.expert_layers > 0
    return work_kind(quant.name, quant.bits_per_weight, moe=moe, latent=model.shape.latent_attention is not None)


def work_kind(quant: str, bits_per_weight: float, *, moe: bool, latent: bool) -> WorkKind:
    """The same by the quant's name."""
    plain = quant.removeprefix("UD-")
    slow = plain.startswith(_SLOW_TYPES)
    stretch = max(_SLOW_TYPES_READ_AS_BITS / bits_per_weight, 1.0) if slow and not moe else 1.0
    unpacked = next((rate for types, rate in _UNPACKED_A_S if plain.startswith(types)), None)
    return WorkKind(moe, latent, slow, bits_per_weight, stretch, None if moe else unpacked)


def token_work(kind: WorkKind, model: Model, weights: Weights, placed: DeviceLoads, kv_bytes_a_layer: int) -> TokenWork:
    """The work on a layout; `kv_bytes_a_layer` is what a token leaves in one layer's cache."""
    placement = placed.placement
    cards = _card_work(placement, weights, placed, kv_bytes_a_layer)
    streamed = weights.dense_layers + placement.expert_layers_on_host
    copied = 0
    if cards and placement.layout != "unified":
        copied = weights.experts_of(0, streamed) + weights.trunk_of(0, placement.host_layers)
    return TokenWork(
        kind,
        cards,
        _host_work(placement, weights, kind, kv_bytes_a_layer, beside_cards=bool(cards)),
        placed.disk_bytes * weights.experts_read_share,
        PromptWork(
            2.0 * model.active_params, copied, placed.disk_bytes, placed.settings.n_ubatch, mapped=placement.mapped
        ),
    )


def _card_work(
    placement: Placement, weights: Weights, placed: DeviceLoads, kv_bytes_a_layer: int
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
        read = trunk + weights.experts_of(max(first, min(streamed, end)), end) * weights.experts_read_share
        work.append(CardWork(card, layers, read, kv_bytes_a_layer * layers))
        first = end
    return tuple(work)


def _host_work(
    placement: Placement, weights: Weights, kind: WorkKind, kv_bytes_a_layer: int, *, beside_cards: bool
) -> HostWork | None:
    layers, on_host = placement.host_layers, placement.expert_layers_on_host
    streamed = weights.dense_layers + on_host
    trunk = weights.trunk_of(0, layers) + (0 if beside_cards else weights.output_bytes)
    read = trunk + weights.experts_of(0, max(layers, streamed)) * weights.experts_read_share
    if not read:
        return None
    expert_layers = max(on_host, layers - weights.dense_layers if kind.moe else 0)
    hands_over = beside_cards and not expert_layers and placement.layout != "unified"
    return HostWork(layers, expert_layers, read, kv_bytes_a_layer * layers, hands_over)
