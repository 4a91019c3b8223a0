"""Tokens a second, from the bytes each device reads for a token and a fixed cost a layer.

    t = W / (eta * BW) + c * layers + KV / (eta_kv * BW), summed over the devices, which take turns

The constants were set by hand on rows without an era mark of bench_calibration.yaml and the H100 readings; each class
names the rows. The ranges are as wide as those rows scatter. Predictions are of today's llama.cpp builds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from r1plan.catalog.model import Model, Quant
from r1plan.hardware.machine import GpuDevice, Machine
from r1plan.plan.buffers import kv_bytes_per_cell
from r1plan.plan.memory import Basis
from r1plan.plan.placement import Placed
from r1plan.plan.weights import Weights
from r1plan.units import GB

Bottleneck = Literal[
    "gpu bandwidth", "gpu layers' fixed cost", "host bandwidth", "processor cores", "reading the cache", "disk"
]


@dataclass(frozen=True, slots=True)
class Range:
    """A figure with the interval it is expected in."""

    low: float
    mid: float
    high: float


@dataclass(frozen=True, slots=True)
class DecodeSpeed:
    """Tokens a second generated with `depth` tokens already in the cache."""

    depth: int
    tok_s: Range


@dataclass(frozen=True, slots=True)
class SpeedTerm:
    """One addend of the time a token takes."""

    what: Bottleneck
    seconds: float


@dataclass(frozen=True, slots=True)
class Speed:
    """Prediction for one request at a time. `terms` are those of the first depth, longest first."""

    prefill_tok_s: Range | None
    decode: tuple[DecodeSpeed, ...]
    bottleneck: Bottleneck
    basis: Basis
    terms: tuple[SpeedTerm, ...]
    source: str

    def at(self, depth: int) -> Range:
        """The decode speed at the predicted depth nearest to `depth`."""
        return min(self.decode, key=lambda each: abs(each.depth - depth)).tok_s


@dataclass(frozen=True, slots=True)
class DeviceClass:
    """Constants of one kind of device. `seconds_a_layer` is what a layer costs besides reading it.

    `flops_a_byte` gives the prompt's compute from the bandwidth where no FLOPS are known.
    """

    efficiency: float
    seconds_a_layer: float
    kv_efficiency: float
    spread: float
    basis: Basis
    source: str
    fp32_factor: float = 1.7
    flops_a_byte: float = 40.0


# RTX 3090, 4090, 5070, 5070 Ti, 5090, A6000: b0482-b0503, b0562 within 15 %; speed.md gives 1.7 x FP32 for prompts.
_GDDR = DeviceClass(0.86, 25e-6, 0.50, 0.15, "calibrated", "bench_calibration b0482-b0503, b0562")
# H100: two models at depth 0 and 8,192 within 9 %; an A100 (b0533) is a fifth slower than this.
_HBM = DeviceClass(0.57, 47e-6, 0.42, 0.20, "calibrated", "vram_measured_h100, b0494, b0533", 2.0)
# RX 7900 XT and XTX, W7900, R9700, MI210: b0509-b0532 scatter by a quarter.
_AMD = DeviceClass(0.68, 35e-6, 0.60, 0.25, "calibrated", "bench_calibration b0509-b0532", 0.9, 30.0)
# M1 to M4, all tiers: b0414-b0477 within 10 %; prompts read at 23 FLOP a byte of bandwidth.
_APPLE = DeviceClass(0.92, 150e-6, 0.45, 0.15, "calibrated", "bench_calibration b0414-b0477", 1.0, 23.0)
# GB10: b0505, b0538, b0577, b0591.
_UNIFIED_NVIDIA = DeviceClass(0.76, 10e-6, 0.45, 0.15, "calibrated", "bench_calibration b0505, b0577, b0591", 1.7, 80.0)
_UNKNOWN_GPU = DeviceClass(0.60, 40e-6, 0.45, 0.35, "assumed", "no readings of this kind of card", 1.0, 30.0)
_UNKNOWN_BANDWIDTH_GB_S = 300.0  # a card of which nothing is known
# 2-channel desktops reach about half of the theoretical peak (b0559), servers 0.28 to 0.49 (b0587, b0592, b0663-b0673).
_HOST = DeviceClass(0.50, 30e-6, 0.45, 0.40, "assumed", "bench_calibration b0559, b0592, b0663-b0673")
_HOST_EXPERTS_EFFICIENCY = 0.40  # b0646, b0691: experts in host memory
_HOST_BYTES_PER_S_A_CORE = 8 * GB  # what one core dequantises with AVX2; assumed
_HOST_SLOW_TYPES = 0.5  # i-quants up to 3 bits look their values up; assumed
_HOST_FLOPS_A_CORE = 40e9
_ASSUMED_CPU = "assumed"  # hardware/described.py's name of a processor that nobody named
_HOST_BANDWIDTH_GB_S = 40.0  # when the machine does not say

# Dense i-quants get no faster below this (llama.cpp tools/quantize/README.md @311c2c9f, its Llama-3.1-8B ladder: 74 to
# 80 tokens a second from IQ1_S on).
_SLOW_TYPES = ("IQ1", "IQ2", "IQ3")
_SLOW_TYPES_READ_AS_BITS = 3.4

# A layer with routed experts costs more kernels: b0596 (Apple), b0685 (two Blackwell cards).
_EXPERT_LAYER_FACTOR = 3.0
_EXPERT_LAYER_FACTOR_APPLE = 2.0
_EXPERT_SPREAD = 0.30
_EXPERT_PREFILL_SHARE = 0.35
# MLA's attention is bound by arithmetic: b0655-b0657 on a card, b0666-b0668 on a processor.
_MLA_KV_EFFICIENCY = 0.18
_MLA_KV_EFFICIENCY_HOST = 0.03
# Cards that share the layers take turns: 0.94 to 0.98 of one card (speed.md).
_SPLIT_FACTOR = 0.96
# What an NVMe drive gives through page faults when nobody says; assumed. Which experts a token needs is taken as even,
# so the share of them that is in memory is read there; reading ahead and skewed use can make it faster or slower.
DISK_BANDWIDTH_GB_S = 3.0
_DISK_SPREAD = 0.50
_PCIE_BYTES_PER_S = 25 * GB  # experts copied to the card for each micro-batch of a prompt


def disk_bandwidth(machine: Machine) -> str:
    """How fast the disk is taken to read, in words: "disk at 3 GB/s, assumed"."""
    given = machine.disk_bandwidth_gb_s
    return f"disk at {given or DISK_BANDWIDTH_GB_S:g} GB/s, {'given' if given else 'assumed'}"


def device_class(gpu: GpuDevice) -> DeviceClass:
    """The constants for a card."""
    if gpu.vendor == "apple":
        return _APPLE
    if gpu.vendor == "nvidia":
        if gpu.unified:
            return _UNIFIED_NVIDIA
        fast = (gpu.bandwidth_gb_s or 0) >= 1300
        return _HBM if gpu.gpu_class == "nvidia-datacentre" and fast else _GDDR
    return _AMD if gpu.vendor == "amd" else _UNKNOWN_GPU


def speed_of(
    machine: Machine, model: Model, quant: Quant, weights: Weights, placed: Placed, depths: tuple[int, ...]
) -> Speed:
    """Predicted speed of `placed` on `machine` at each of `depths`."""
    times = _Times(machine, model, quant, weights, placed)
    low, high = 1 - times.spread, 1 + times.spread
    decode = []
    for depth in depths:
        mid = 1 / times.a_token(depth)
        decode.append(DecodeSpeed(depth, Range(mid * low, mid, mid * high)))
    prefill = times.prompt_tok_s()
    return Speed(
        prefill_tok_s=Range(prefill * (low - 0.1), prefill, prefill * (high + 0.1)) if prefill else None,
        decode=tuple(decode),
        bottleneck=times.bottleneck(depths[0]),
        basis=times.basis,
        terms=tuple(sorted(times.terms(depths[0]), key=lambda term: -term.seconds)),
        source=times.source,
    )


class _Times:
    """The addends of one token's time on each device of a placement."""

    def __init__(self, machine: Machine, model: Model, quant: Quant, weights: Weights, placed: Placed) -> None:
        self.machine, self.model, self.weights, self.placed = machine, model, weights, placed
        self.placement = placed.placement
        self.mla = model.shape.latent_attention is not None
        self.moe = weights.expert_layers > 0
        self.slow_type = quant.name.removeprefix("UD-").startswith(_SLOW_TYPES)
        self.stretch = 1.0
        if self.slow_type and not self.moe:
            self.stretch = max(_SLOW_TYPES_READ_AS_BITS / quant.bits_per_weight, 1.0)
        cards = {gpu.index: gpu for gpu in machine.gpus}
        self.cards: list[tuple[GpuDevice, int]] = []
        if self.placement.layout != "cpu":
            on_gpu = [load.device.gpu_index for load in placed.loads if load.device.gpu_index is not None]
            shares = [n for n in self.placement.layers_on_gpu if n] or [0]
            self.cards = [(cards[index], layers) for index, layers in zip(on_gpu, shares, strict=True)]
        classes = [device_class(gpu) for gpu, _ in self.cards]
        on_host = self.placement.host_layers > 0 or self.placement.expert_layers_on_host > 0
        kinds = [*classes, _HOST] if on_host or not classes else classes
        slowest = max(kinds, key=lambda kind: kind.spread)
        self.spread = max(slowest.spread, _EXPERT_SPREAD if self.moe else 0.0)
        if placed.disk_bytes:
            self.spread = max(self.spread, _DISK_SPREAD)
        unknown = any(gpu.bandwidth_gb_s is None for gpu, _ in self.cards)
        assumed = unknown or self.moe or len(self.cards) > 1 or slowest.basis == "assumed"
        self.basis: Basis = "assumed" if assumed else "calibrated"
        self.source = "; ".join(dict.fromkeys(kind.source for kind in kinds))
        if placed.disk_bytes:
            self.source += f"; {disk_bandwidth(machine)}"

    def host_bytes_per_s(self, efficiency: float) -> float:
        """What the processor reads: by its memory, and by its cores where they are known and not assumed."""
        by_memory = self._memory_bytes_per_s() * efficiency
        if self.machine.cpu.model == _ASSUMED_CPU:
            return by_memory
        a_core = _HOST_BYTES_PER_S_A_CORE * (_HOST_SLOW_TYPES if self.slow_type else 1.0)
        return min(by_memory, self.machine.cpu.cores * a_core)

    def _memory_bytes_per_s(self) -> float:
        return (self.machine.memory.bandwidth_gb_s or _HOST_BANDWIDTH_GB_S) * GB

    def _disk_bytes_per_s(self) -> float:
        return (self.machine.disk_bandwidth_gb_s or DISK_BANDWIDTH_GB_S) * GB

    def _weights_read(self, first: int, end: int, experts_from: int, experts_end: int, output: bool) -> float:
        read = self.weights.trunk_of(first, end) + (self.weights.output_bytes if output else 0)
        return read + self.weights.experts_of(experts_from, experts_end) * self.weights.experts_read_share

    def terms(self, depth: int) -> list[SpeedTerm]:
        """Every addend at `depth`, in seconds."""
        placement, weights = self.placement, self.weights
        terms = []
        first = placement.host_layers
        streamed = weights.dense_layers + placement.expert_layers_on_host
        kv_layer = kv_bytes_per_cell(self.model.shape, self.placed.settings.kv_type, 1) * depth
        slower = _SPLIT_FACTOR if len(self.cards) > 1 else 1.0
        for number, (gpu, layers) in enumerate(self.cards):
            kind, end = device_class(gpu), first + layers
            bandwidth = (gpu.bandwidth_gb_s or _UNKNOWN_BANDWIDTH_GB_S) * GB * slower
            read = self._weights_read(
                first, end, max(first, min(streamed, end)), end, output=number == len(self.cards) - 1
            )
            factor = 1.0
            if self.moe:
                factor = _EXPERT_LAYER_FACTOR_APPLE if gpu.vendor == "apple" else _EXPERT_LAYER_FACTOR
            kv_efficiency = _MLA_KV_EFFICIENCY if self.mla else kind.kv_efficiency
            terms += [
                SpeedTerm("gpu bandwidth", read * self.stretch / (kind.efficiency * bandwidth)),
                SpeedTerm("gpu layers' fixed cost", kind.seconds_a_layer * factor * layers / slower),
                SpeedTerm("reading the cache", kv_layer * layers / (kv_efficiency * bandwidth)),
            ]
            first = end
        terms += self._host_terms(kv_layer)
        if self.placed.disk_bytes:
            from_disk = self.placed.disk_bytes * weights.experts_read_share
            terms.append(SpeedTerm("disk", from_disk / self._disk_bytes_per_s()))
        summed: dict[Bottleneck, float] = {}
        for term in terms:
            summed[term.what] = summed.get(term.what, 0.0) + term.seconds
        return [SpeedTerm(what, seconds) for what, seconds in summed.items() if seconds > 0]

    def _host_terms(self, kv_layer: int) -> list[SpeedTerm]:
        placement, weights = self.placement, self.weights
        layers = placement.host_layers
        streamed = weights.dense_layers + placement.expert_layers_on_host
        cpu_only = not self.cards
        read = self._weights_read(0, layers, 0, max(layers, streamed), output=cpu_only)
        if not read:
            return []
        efficiency = _HOST_EXPERTS_EFFICIENCY if self.moe else _HOST.efficiency
        by_memory = self._memory_bytes_per_s() * efficiency
        speed = self.host_bytes_per_s(efficiency)
        kv_efficiency = _MLA_KV_EFFICIENCY_HOST if self.mla else _HOST.kv_efficiency
        return [
            SpeedTerm("host bandwidth" if speed >= by_memory else "processor cores", read / speed),
            SpeedTerm("host bandwidth", _HOST.seconds_a_layer * layers),
            SpeedTerm("reading the cache", kv_layer * layers / self.host_bytes_per_s(kv_efficiency)),
        ]

    def a_token(self, depth: int) -> float:
        """Seconds for one token."""
        return sum(term.seconds for term in self.terms(depth))

    def bottleneck(self, depth: int) -> Bottleneck:
        """The largest addend's name."""
        return max(self.terms(depth), key=lambda term: term.seconds).what

    def prompt_tok_s(self) -> float | None:
        """Tokens of a prompt read a second; None when nothing is known of the card."""
        flop_a_token = 2.0 * self.model.active_params
        share = _EXPERT_PREFILL_SHARE if self.moe else 1.0
        placement, weights = self.placement, self.weights
        host_flops = self.machine.cpu.cores * _HOST_FLOPS_A_CORE
        # A micro-batch needs nearly every expert, so what is on disk is read once for each.
        seconds = self.placed.disk_bytes / self._disk_bytes_per_s() / self.placed.settings.n_ubatch
        if not self.cards:
            return 1 / (seconds + flop_a_token / (host_flops * share))
        total = sum(layers for _, layers in self.cards) or 1
        for gpu, layers in self.cards:
            kind = device_class(gpu)
            if gpu.fp32_tflops and gpu.vendor != "apple":
                flops = gpu.fp32_tflops * 1e12 * kind.fp32_factor
            elif gpu.fp16_tensor_tflops and gpu.vendor == "apple":
                flops = gpu.fp16_tensor_tflops * 1e12
            elif gpu.bandwidth_gb_s:
                flops = gpu.bandwidth_gb_s * GB * kind.flops_a_byte
            else:
                return None
            seconds += flop_a_token * (layers / total) / (flops * share)
        streamed = weights.dense_layers + placement.expert_layers_on_host
        copied = weights.experts_of(0, streamed) + weights.trunk_of(0, placement.host_layers)
        seconds += copied / _PCIE_BYTES_PER_S / self.placed.settings.n_ubatch if placement.layout != "unified" else 0.0
        return 1 / seconds
