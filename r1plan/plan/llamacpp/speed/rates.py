"""How fast a machine's devices do their work: the seconds that a token and a prompt take, addend by addend.

The devices take turns; what a card does is in cards.py, what a processor does in processor.py.

Each addend names the rates that it rests on. Measurements of this machine correct a rate by a factor (learned.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import inf, sqrt
from typing import Literal, NamedTuple

from r1plan.hardware.machine import GpuDevice, Machine
from r1plan.plan.llamacpp.speed.cards import CardSpeed, PromptSeconds
from r1plan.plan.llamacpp.speed.core_types import core_work
from r1plan.plan.llamacpp.speed.host_constants import HostConstants
from r1plan.plan.llamacpp.speed.host_fitted import HOST_CONSTANTS
from r1plan.plan.llamacpp.speed.processor import SECONDS_BESIDE_CARDS, SECONDS_BESIDE_CARDS_WITH_EXPERTS, ProcessorSpeed
from r1plan.plan.llamacpp.speed.work import CardWork, HostWork, PromptWork, TokenWork, WorkKind
from r1plan.plan.speed import Bottleneck
from r1plan.units import GB

# Cards that share the layers take turns. Two take 0.36 ms more for a token than one does, four 0.65 and eight 0.84,
# whatever the model and its type (b0052-b0115 beside b0032-b0039).
_SECONDS_ACROSS_CARDS = 0.3e-3
# What an NVMe drive gives through page faults when nobody says; assumed. Which experts a token needs is taken as even,
# so the share of them that is in memory is read there; reading ahead and skewed use can make it faster or slower.
DISK_BANDWIDTH_GB_S = 3.0
# Weights copied to the card for each micro-batch of a prompt. From pages of a mapped file the driver copies them to
# memory of its own first. Dense layers go matrix by matrix, each waited for, at 6.5 to 8.5 GB/s on PCIe 5, a layer's
# experts in three pieces at 8.5 to 9 (h200_verify.jsonl). Memory that is pinned gives more than twice as much
# (llama.cpp pull request 28223: prompts at 166 and 379 tokens a second, on PCIe 4).
_MAPPED_BYTES_PER_S = 7.5 * GB
_MAPPED_EXPERTS_BYTES_PER_S = 8.8 * GB
_PINNED_BYTES_PER_S = 25 * GB
# What a lane carries by its generation, and what copies reach of it: 12 of 15.8 GB/s (PCIe 3 x16).
_LANE_BYTES_PER_S = {1: 0.25 * GB, 2: 0.5 * GB, 3: 0.985 * GB, 4: 1.97 * GB, 5: 3.94 * GB, 6: 7.88 * GB}
_LINK_SHARE = 0.76

RateName = Literal[
    "weights",
    "layers",
    "expert layers",
    "cache",
    "latent cache",
    "handing over",
    "disk",
    "prompt",
    "experts' prompt",
    "prompt layers",
    "prompt's attention",
    "copying",
    "pinned copying",
    "file",
    "file on host",
    "file's prompt",
    "file's prompt on host",
]
HOST = "host"
"""The place of the processor's rates, and of what lies between it and the cards; a card's is its name."""


class Rate(NamedTuple):
    """One of the rates that a time rests on: cards of one name have the same."""

    place: str
    what: RateName


class Addend(NamedTuple):
    """A part of a token's time: `seconds`, and `seconds_a_depth` for each token in the cache."""

    what: Bottleneck
    rates: tuple[Rate, ...]
    seconds: float
    seconds_a_depth: float = 0.0


class CardRates(NamedTuple):
    """A card's speed beside the rates that it is made of, each a dense model's and a mixture's or MLA's."""

    speed: CardSpeed
    weights: Rate
    layers: tuple[tuple[Rate, ...], tuple[Rate, ...]]
    caches: tuple[Rate, Rate]
    prompts: tuple[tuple[Rate, ...], tuple[Rate, ...]]
    prompt_layers: Rate
    attention: Rate

    @property
    def gpu(self) -> GpuDevice:
        """The card itself."""
        return self.speed.gpu


class MachineRates:
    """How fast a machine's processor and cards are, whatever is laid out on them.

    `factors` are by how much longer this machine was measured to take than the constants say; none is 1.
    """

    def __init__(
        self, machine: Machine, factors: Mapping[Rate, float] | None = None, host: HostConstants = HOST_CONSTANTS
    ) -> None:
        self.processor = ProcessorSpeed(machine.cpu, machine.memory, host)
        self.cards = {gpu.index: _card_rates(gpu) for gpu in machine.gpus}
        self.disk_bytes_per_s = (machine.disk_bandwidth_gb_s or DISK_BANDWIDTH_GB_S) * GB
        self._factors = factors or {}

    def factor(self, *rates: Rate) -> float:
        """By how much longer what rests on all of `rates` takes here than by the constants."""
        product = 1.0
        if self._factors:
            for rate in rates:
                product *= self._factors.get(rate, 1.0)
        return product

    def token(self, work: TokenWork) -> list[Addend]:
        """The parts of a token's time."""
        addends: list[Addend] = []
        for each in work.cards:
            addends += self._on_card(each, work.kind)
        if (more := len(work.cards) - 1) > 0:
            rates = self.cards[work.cards[-1].card].layers[work.kind.moe]
            across = _SECONDS_ACROSS_CARDS * sqrt(more)
            addends.append(Addend("gpu layers' fixed cost", rates, across * self.factor(*rates)))
        if work.host is not None:
            addends += self._on_host(work.host, work.kind, beside_cards=bool(work.cards))
        if work.disk_bytes:
            addends.append(Addend("disk", (_DISK,), work.disk_bytes / self.disk_bytes_per_s))
        return addends

    def prompt(self, work: TokenWork) -> list[Addend] | None:
        """The parts of the time that a prompt's token takes; None where nothing is known of a card."""
        prompt = work.prompt
        addends: list[Addend] = []
        # A micro-batch needs nearly every expert, so what is on disk is read once for each.
        if prompt.disk_bytes:
            addends.append(Addend("disk", (_DISK,), prompt.disk_bytes / self.disk_bytes_per_s / prompt.n_ubatch))
        if not work.cards:
            return [*addends, *self._prompt_on_host(prompt, work.kind)]
        total = sum(each.layers for each in work.cards)
        layers = total + (work.host.layers if work.host is not None else 0)
        for each in work.cards:
            card, share = self.cards[each.card], each.layers / total if total else 1.0
            on_card = card.speed.prompt(prompt, work.kind, layers=layers * share, share=share)
            if on_card is None:
                return None
            addends += self._prompt_on_card(card, work.kind, on_card)
        if prompt.streamed_bytes:
            rate = _COPYING[prompt.mapped]
            copied: float = _PINNED_BYTES_PER_S
            if prompt.mapped:
                copied = _MAPPED_EXPERTS_BYTES_PER_S if work.kind.moe else _MAPPED_BYTES_PER_S
            slowest = min([copied, *(_link_bytes_per_s(self.cards[each.card].gpu) for each in work.cards)])
            seconds = prompt.streamed_bytes / slowest / prompt.n_ubatch
            addends.append(Addend("host bandwidth", (rate,), seconds * self.factor(rate)))
        return addends

    def _prompt_on_card(self, card: CardRates, kind: WorkKind, seconds: PromptSeconds) -> Iterator[Addend]:
        rates, layers, attention = card.prompts[kind.moe], card.prompt_layers, card.attention
        yield Addend("gpu arithmetic", rates, seconds.products * self.factor(*rates))
        if seconds.layers:
            yield Addend("gpu layers' fixed cost", (layers,), seconds.layers * self.factor(layers))
        if seconds.attention_a_depth:
            yield Addend("gpu arithmetic", (attention,), 0.0, seconds.attention_a_depth * self.factor(attention))

    def _on_card(self, work: CardWork, kind: WorkKind) -> tuple[Addend, Addend, Addend]:
        card = self.cards[work.card]
        seconds = card.speed.token(work, kind)
        bound: Bottleneck = "gpu arithmetic" if seconds.is_unpacking else "gpu bandwidth"
        weights, layers, cache = card.weights, card.layers[kind.moe], card.caches[kind.latent]
        return (
            Addend(bound, (weights,), seconds.weights * self.factor(weights)),
            Addend("gpu layers' fixed cost", layers, seconds.layers * self.factor(*layers)),
            Addend("reading the cache", (cache,), 0.0, seconds.cache_a_depth * self.factor(cache)),
        )

    def host_prompt_flops(self, kind: WorkKind) -> float:
        """Operations a second of the processor where many tokens are computed at once."""
        core = core_work(kind.trunk_types, kind.expert_types)
        return self.processor.prompt_flops(core.prompt_flop_s, experts=kind.moe)

    def _prompt_on_host(self, prompt: PromptWork, kind: WorkKind) -> Iterator[Addend]:
        rates = (_HOST_PROMPT, _HOST_EXPERTS_PROMPT)[: 1 + kind.moe]
        seconds = prompt.flop_a_token / self.host_prompt_flops(kind)
        attending = prompt.attention_flop_a_depth / self.processor.prompt_attention_flops()
        yield Addend("processor cores", rates, seconds * self.factor(*rates), attending * self.factor(*rates))

    def _on_host(self, work: HostWork, kind: WorkKind, *, beside_cards: bool) -> list[Addend]:
        processor = self.processor
        core = core_work(kind.trunk_types, kind.expert_types)
        trunk = work.weights_bytes - work.expert_bytes
        by_core = trunk * core.trunk_s_a_byte + work.expert_bytes * core.experts_s_a_byte
        weights, bound = processor.weights_seconds(work.weights_bytes, by_core)
        cache = _HOST_CACHES[kind.latent]
        a_layer = processor.layer_seconds(latent=kind.latent)
        a_depth = processor.attention_seconds(work.cache_bytes, work.kv_type, kind.heads_a_key, latent=kind.latent)
        handing_over = 0.0
        if beside_cards:
            handing_over = SECONDS_BESIDE_CARDS_WITH_EXPERTS if work.expert_layers else SECONDS_BESIDE_CARDS
            handing_over += processor.across_layer_seconds() * work.expert_layers
        fixed: Bottleneck = "host layers' fixed cost"
        parts = [
            (bound, _HOST_WEIGHTS, weights, 0.0),
            (fixed, _HOST_LAYERS, a_layer * work.layers, 0.0),
            (fixed, _HOST_EXPERT_LAYERS, processor.expert_layer_seconds() * work.expert_layers, 0.0),
            (fixed, _HANDING_OVER, handing_over, 0.0),
            ("reading the cache", cache, 0.0, a_depth),
        ]
        factor = self.factor
        return [
            Addend(what, (rate,), seconds * factor(rate), by_depth * factor(rate))
            for what, rate, seconds, by_depth in parts
            if seconds or by_depth
        ]


_HOST_WEIGHTS = Rate(HOST, "weights")
_HOST_LAYERS = Rate(HOST, "layers")
_HOST_EXPERT_LAYERS = Rate(HOST, "expert layers")
_HOST_CACHES = Rate(HOST, "cache"), Rate(HOST, "latent cache")
_HANDING_OVER = Rate(HOST, "handing over")
_HOST_PROMPT, _HOST_EXPERTS_PROMPT = Rate(HOST, "prompt"), Rate(HOST, "experts' prompt")
_COPYING, _DISK = (Rate(HOST, "pinned copying"), Rate(HOST, "copying")), Rate(HOST, "disk")


def _card_rates(gpu: GpuDevice) -> CardRates:
    place = gpu.name
    layers, prompt = Rate(place, "layers"), Rate(place, "prompt")
    return CardRates(
        CardSpeed(gpu),
        Rate(place, "weights"),
        ((layers,), (layers, Rate(place, "expert layers"))),
        (Rate(place, "cache"), Rate(place, "latent cache")),
        ((prompt,), (prompt, Rate(place, "experts' prompt"))),
        Rate(place, "prompt layers"),
        Rate(place, "prompt's attention"),
    )


def _link_bytes_per_s(gpu: GpuDevice) -> float:
    """At most from main memory to a card."""
    lane = _LANE_BYTES_PER_S.get(gpu.pcie_generation or 0)
    return _LINK_SHARE * lane * gpu.pcie_lanes if lane and gpu.pcie_lanes else inf
