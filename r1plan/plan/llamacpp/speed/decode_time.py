"""The seconds that a token takes on a layout, from the bytes each device reads for it and a fixed cost a layer.

    t = W / (eta * BW) + c * layers + KV / (eta_kv * BW), summed over the devices, which take turns

Constants of a kind of card are in speed/device_class.py and the processor's in speed/processor.py; those here are of
models and of what lies between devices.
"""

from __future__ import annotations

from r1plan.catalog.model import Model, Quant
from r1plan.hardware.machine import GpuDevice, Machine
from r1plan.models.weights import Weights
from r1plan.plan.basis import Basis
from r1plan.plan.llamacpp.memory.buffers import kv_bytes_per_cell
from r1plan.plan.llamacpp.placement import DeviceLoads
from r1plan.plan.llamacpp.speed.device_class import GUESSED_PROMPT_SPREAD, DeviceClass, device_class
from r1plan.plan.llamacpp.speed.processor import (
    SECONDS_A_LATENT_LAYER,
    SECONDS_A_LAYER,
    SECONDS_AN_EXPERT_LAYER,
    SECONDS_BESIDE_CARDS,
    SOURCE,
    ProcessorSpeed,
)
from r1plan.plan.pins import KvType
from r1plan.plan.speed import Bottleneck, DecodeSpeed, Range, Speed, SpeedTerm
from r1plan.units import GB

_GUESSED_SPREAD = 0.40  # figures of a card that is like it
_UNSOURCED_SPREAD = 0.30  # a bandwidth from general knowledge
_UNKNOWN_BANDWIDTH_GB_S, _UNKNOWN_SPREAD = 300.0, 0.65  # a card of which nothing is known: 100 to 500 are usual

# Dense i-quants get no faster below this (llama.cpp tools/quantize/README.md @311c2c9f, its Llama-3.1-8B ladder: 74 to
# 80 tokens a second from IQ1_S on).
_SLOW_TYPES = ("IQ1", "IQ2", "IQ3")
_SLOW_TYPES_READ_AS_BITS = 3.4

# A layer with routed experts costs more kernels: b0596 (Apple), b0685 (two Blackwell cards).
_EXPERT_LAYER_FACTOR = 3.0
_EXPERT_LAYER_FACTOR_APPLE = 2.0
_EXPERT_SPREAD = 0.30
_EXPERT_PREFILL_SHARE = 0.35
# MLA's attention is bound by arithmetic: b0655-b0657.
_MLA_KV_EFFICIENCY = 0.18
# Cards that share the layers take turns: 0.94 to 0.98 of one card (speed.md).
_SPLIT_FACTOR = 0.96
# What an NVMe drive gives through page faults when nobody says; assumed. Which experts a token needs is taken as even,
# so the share of them that is in memory is read there; reading ahead and skewed use can make it faster or slower.
DISK_BANDWIDTH_GB_S = 3.0
_DISK_SPREAD = 0.50
_PCIE_BYTES_PER_S = 25 * GB  # experts copied to the card for each micro-batch of a prompt


class MachineRates:
    """How fast a machine's processor and cards are, whatever is laid out on them."""

    def __init__(self, machine: Machine) -> None:
        self.processor = ProcessorSpeed(machine.cpu, machine.memory)
        self.cards = {gpu.index: (gpu, device_class(gpu)) for gpu in machine.gpus}


class ModelRates:
    """What all layouts of a model at one quant share on a machine."""

    def __init__(self, on: MachineRates, model: Model, quant: Quant, weights: Weights) -> None:
        self._shape = model.shape
        self._kv_bytes: dict[KvType, int] = {}
        self.processor, self.cards = on.processor, on.cards
        self.moe = weights.expert_layers > 0
        self.latent = model.shape.latent_attention is not None
        self.bits_per_weight = quant.bits_per_weight
        self.slow_type = quant.name.removeprefix("UD-").startswith(_SLOW_TYPES)
        self.stretch = 1.0
        if self.slow_type and not self.moe:
            self.stretch = max(_SLOW_TYPES_READ_AS_BITS / quant.bits_per_weight, 1.0)

    def kv_bytes_a_layer(self, kv_type: KvType) -> int:
        """What a token leaves in one layer's cache."""
        if kv_type not in self._kv_bytes:
            self._kv_bytes[kv_type] = kv_bytes_per_cell(self._shape, kv_type, 1)
        return self._kv_bytes[kv_type]


class DecodeTimeModel:
    """One layout's time for a token, in parts, as far as it does not depend on how much the cache holds.

    `rates` are what it shares with other layouts of the model, where that is known already.
    """

    def __init__(
        self,
        machine: Machine,
        model: Model,
        quant: Quant,
        weights: Weights,
        placed: DeviceLoads,
        rates: ModelRates | None = None,
    ) -> None:
        self.rates = rates or ModelRates(MachineRates(machine), model, quant, weights)
        self.machine, self.model, self.weights, self.placed = machine, model, weights, placed
        self.placement = placed.placement
        self.host_layers, self.experts_on_host = self.placement.host_layers, self.placement.expert_layers_on_host
        self.cards = self._cards()
        self.kv_bytes_a_layer = self.rates.kv_bytes_a_layer(placed.settings.kv_type)
        # Seconds of each addend; layers whose cache is read, with the bytes a second at which it is.
        self._fixed: dict[Bottleneck, float] = {}
        self._cached: list[tuple[int, float]] = []
        if self.cards:
            self._read_by_cards()
        self._read_by_host()
        if placed.disk_bytes:
            self._fixed["disk"] = placed.disk_bytes * weights.experts_read_share / self._disk_bytes_per_s()

    def seconds(self, depth: int) -> dict[Bottleneck, float]:
        """Every addend above zero with `depth` tokens in the cache."""
        cache = self._reading_cache(depth)
        return {
            what: seconds
            for what, fixed in self._fixed.items()
            if (seconds := cache if what == "reading the cache" else fixed) > 0
        }

    def a_token(self, depth: int) -> float:
        """All of it, in seconds."""
        cache = self._reading_cache(depth)
        return sum([cache if what == "reading the cache" else fixed for what, fixed in self._fixed.items()])

    def _reading_cache(self, depth: int) -> float:
        read = self.kv_bytes_a_layer * depth
        seconds = 0.0
        for layers, bytes_per_s in self._cached:
            seconds += read * layers / bytes_per_s
        return seconds

    @property
    def _on_host(self) -> bool:
        """Whether the processor takes part."""
        return not self.cards or self.host_layers > 0 or self.experts_on_host > 0

    def spread(self) -> float:
        """By how large a share the real time may be off."""
        spreads = [kind.spread for _, _, kind in self.cards]
        spreads += [self.rates.processor.spread] * self._on_host + [_EXPERT_SPREAD] * self.rates.moe
        spreads += [_UNKNOWN_SPREAD for gpu, _, _ in self.cards if gpu.bandwidth_gb_s is None]
        spreads += [_GUESSED_SPREAD for gpu, _, _ in self.cards if gpu.is_guessed]
        spreads += [_UNSOURCED_SPREAD for gpu, _, _ in self.cards if gpu.is_unsourced]
        return max(*spreads, _DISK_SPREAD) if self.placed.disk_bytes else max(spreads)

    def prompt_spread(self) -> float:
        """By how large a share the time of a prompt may be off."""
        guessed = any(not gpu.fp32_tflops and gpu.vendor != "apple" for gpu, _, _ in self.cards)
        spreads = [kind.spread_of_prompts for _, _, kind in self.cards] + [GUESSED_PROMPT_SPREAD] * guessed
        return max(self.spread() + 0.10, *spreads) if spreads else self.spread() + 0.10

    def basis(self) -> Basis:
        """Whether readings of this kind of layout stand behind the time."""
        unknown = any(
            gpu.bandwidth_gb_s is None or gpu.is_guessed or gpu.is_unsourced or kind.basis == "assumed"
            for gpu, _, kind in self.cards
        )
        return "assumed" if unknown or self.rates.moe or self._on_host or len(self.cards) > 1 else "calibrated"

    def source(self) -> str:
        """Where the constants come from."""
        sources = [kind.source for _, _, kind in self.cards] + [SOURCE] * self._on_host
        sources += [f"bandwidth of {gpu.name}: general knowledge" for gpu, _, _ in self.cards if gpu.is_unsourced]
        source = "; ".join(dict.fromkeys(sources))
        return f"{source}; {disk_bandwidth(self.machine)}" if self.placed.disk_bytes else source

    def prompt_tok_s(self) -> float | None:
        """Tokens of a prompt read a second; None when nothing is known of the card."""
        flop_a_token = 2.0 * self.model.active_params
        share = _EXPERT_PREFILL_SHARE if self.rates.moe else 1.0
        placement, weights = self.placement, self.weights
        host_flops = self.rates.processor.prompt_flops(experts=self.rates.moe)
        # A micro-batch needs nearly every expert, so what is on disk is read once for each.
        seconds = self.placed.disk_bytes / self._disk_bytes_per_s() / self.placed.settings.n_ubatch
        if not self.cards:
            return 1 / (seconds + flop_a_token / host_flops)
        total = sum(layers for _, layers, _ in self.cards)
        for gpu, layers, kind in self.cards:
            if gpu.fp32_tflops and gpu.vendor != "apple":
                flops = gpu.fp32_tflops * 1e12 * kind.fp32_factor
            elif gpu.fp16_tensor_tflops and gpu.vendor == "apple":
                flops = gpu.fp16_tensor_tflops * 1e12
            elif gpu.bandwidth_gb_s:
                flops = gpu.bandwidth_gb_s * GB * kind.flops_a_byte
            else:
                return None
            seconds += flop_a_token * (layers / total if total else 1.0) / (flops * share)
        streamed = weights.dense_layers + placement.expert_layers_on_host
        copied = weights.experts_of(0, streamed) + weights.trunk_of(0, placement.host_layers)
        seconds += copied / _PCIE_BYTES_PER_S / self.placed.settings.n_ubatch if placement.layout != "unified" else 0.0
        return 1 / seconds

    def _cards(self) -> list[tuple[GpuDevice, int, DeviceClass]]:
        """The cards in use, each with its layers."""
        if self.placement.layout == "cpu":
            return []
        cards = self.rates.cards
        used = [cards[load.device.gpu_index] for load in self.placed.loads if load.device.gpu_index is not None]
        shares = [n for n in self.placement.layers_on_gpu if n] or [0]
        return [(gpu, layers, kind) for (gpu, kind), layers in zip(used, shares, strict=True)]

    def _read_by_cards(self) -> None:
        weights, rates = self.weights, self.rates
        first = self.host_layers
        streamed = weights.dense_layers + self.experts_on_host
        slower = _SPLIT_FACTOR if len(self.cards) > 1 else 1.0
        reading = fixed = 0.0
        for number, (gpu, layers, kind) in enumerate(self.cards, 1):
            end = first + layers
            bandwidth = (gpu.bandwidth_gb_s or _UNKNOWN_BANDWIDTH_GB_S) * GB * slower
            read = self._weights_read(first, end, max(first, min(streamed, end)), end, output=number == len(self.cards))
            factor = 1.0
            if rates.moe:
                factor = _EXPERT_LAYER_FACTOR_APPLE if gpu.vendor == "apple" else _EXPERT_LAYER_FACTOR
            reading += read * rates.stretch / (kind.efficiency * bandwidth)
            fixed += kind.seconds_a_layer * factor * layers / slower
            self._cached.append((layers, (_MLA_KV_EFFICIENCY if rates.latent else kind.kv_efficiency) * bandwidth))
            first = end
        self._fixed = {"gpu bandwidth": reading, "gpu layers' fixed cost": fixed, "reading the cache": 0.0}

    def _read_by_host(self) -> None:
        weights, rates, layers = self.weights, self.rates, self.host_layers
        streamed = weights.dense_layers + self.experts_on_host
        read = self._weights_read(0, layers, 0, max(layers, streamed), output=not self.cards)
        if not read:
            return
        processor, fixed = rates.processor, self._fixed
        by_memory = processor.seconds_by_memory(read)
        by_cores = processor.seconds_by_cores(read * 8 / rates.bits_per_weight, slow_type=rates.slow_type)
        fixed["host bandwidth" if by_memory >= by_cores else "processor cores"] = max(by_memory, by_cores)
        expert_layers = max(self.experts_on_host, layers - weights.dense_layers if rates.moe else 0)
        a_layer = SECONDS_A_LATENT_LAYER if rates.latent else SECONDS_A_LAYER
        fixed["host layers' fixed cost"] = a_layer * layers + SECONDS_AN_EXPERT_LAYER * expert_layers
        if self.cards and not expert_layers and self.placement.layout != "unified":
            fixed["host layers' fixed cost"] += SECONDS_BESIDE_CARDS
        fixed["reading the cache"] = 0.0
        self._cached.append((layers, processor.cache_bytes_per_s(latent=rates.latent)))

    def _disk_bytes_per_s(self) -> float:
        return (self.machine.disk_bandwidth_gb_s or DISK_BANDWIDTH_GB_S) * GB

    def _weights_read(self, first: int, end: int, experts_from: int, experts_end: int, output: bool) -> float:
        read = self.weights.trunk_of(first, end) + (self.weights.output_bytes if output else 0)
        return read + self.weights.experts_of(experts_from, experts_end) * self.weights.experts_read_share


def predicted_speed(time: DecodeTimeModel, depths: tuple[int, ...]) -> Speed:
    """The speed that follows from the time of a token, at each of `depths`."""
    spread = time.spread()
    low, high = 1 - spread, 1 + spread
    decode = []
    for depth in depths:
        mid = 1 / time.a_token(depth)
        decode.append(DecodeSpeed(depth, Range(mid * low, mid, mid * high)))
    prefill, off = time.prompt_tok_s(), time.prompt_spread()
    terms = sorted(time.seconds(depths[0]).items(), key=lambda term: -term[1])
    return Speed(
        prefill_tok_s=Range(prefill * (1 - off), prefill, prefill * (1 + off)) if prefill else None,
        decode=tuple(decode),
        bottleneck=terms[0][0],
        basis=time.basis(),
        terms=tuple(SpeedTerm(what, seconds) for what, seconds in terms),
        source=time.source(),
    )


def disk_bandwidth(machine: Machine) -> str:
    """How fast the disk is taken to read, in words: "disk at 3 GB/s, assumed"."""
    given = machine.disk_bandwidth_gb_s
    return f"disk at {given or DISK_BANDWIDTH_GB_S:g} GB/s, {'given' if given else 'assumed'}"
