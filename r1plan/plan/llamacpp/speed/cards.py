"""How fast a card does its part of a token and of a prompt, by its class and its data sheet.

    token:  sum over types of max(bytes / (efficiency * BW), weights * operations / whole numbers a second)
            + c * layers + c' + cache / (cache efficiency * BW)
    prompt: operations / FLOPS + c'' * layers / micro-batch + attention's operations a token before it / FLOPS

A card reads weights while it unpacks them, so each type takes the longer of both (`overlap` is the power of a norm that
is nearly that).
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from r1plan.ggml_types import BLOCK_TYPES
from r1plan.hardware.machine import GpuDevice
from r1plan.plan.llamacpp.speed.constants import CONSTANTS
from r1plan.plan.llamacpp.speed.device_class import GUESSED_PROMPT_SPREAD, device_class, flops, whole_numbers_a_s
from r1plan.plan.llamacpp.speed.fitted import CardConstants
from r1plan.plan.llamacpp.speed.work import CardWork, PromptWork, TypeShares, WorkKind
from r1plan.units import GB

UNKNOWN_BANDWIDTH_GB_S = 300.0  # a card of which nothing is known: 100 to 500 are usual
_UNKNOWN_SPREAD = 0.70
_GUESSED_SPREAD = 0.40  # figures of a card that is like it
_UNSOURCED_SPREAD = 0.30  # a bandwidth from general knowledge
WEIGHTS_A_BYTE = {each.name: each.elements / each.bytes for each in BLOCK_TYPES.values()}
# What a layer of DeepSeek-V4 takes of a card beside what R1's takes: hyper-connections, compressors and an indexer.
# Fitted by hand on published readings of V4-Flash, so that each comes within 30 % (the tests have them): ds4 on M3 Max,
# M3 Ultra, DGX Spark and RTX PRO 6000 (antirez/ds4 README @8d576642), llama.cpp of August 2026 on 4 x RTX 3090, 4 x RTX
# 8000 and 3 x R9700. R1's constants alone say twice what cards of NVIDIA and AMD then do. Where a layer's experts are
# in main memory, what R1 was seen to take for handing over is as much.
STREAMED_SPREAD, STREAMED_SOURCE = 0.30, "published readings of V4-Flash, by hand"
_STREAMED_SECONDS, _STREAMED_SECONDS_OF_APPLE = 0.38e-3, 0.05e-3
# 31 tok/s 50,000 tokens deep where 44 are made at first, on RTX PRO 6000; 18.5 at 64,000 where 23.5 are, on M1 Ultra.
_STREAMED_SECONDS_A_DEPTH = 4.2e-9
# A type that no reading is of: an i-quant's table and signs cost as much as the dearest that were read.
_UNREAD_TYPE = "IQ3_S"
_PLAIN = ("F16", "BF16", "F32")
_PLAIN_CACHES = ("f16", "bf16", "f32")


class CardSeconds(NamedTuple):
    """A card's part of a token. `is_unpacking`: of most of the weights' time the arithmetic decides."""

    weights: float
    is_unpacking: bool
    layers: float
    cache_a_depth: float


class PromptSeconds(NamedTuple):
    """A card's part of the time of one of a prompt's tokens; `attention_a_depth` for each token before it."""

    products: float
    layers: float
    attention_a_depth: float


class CardSpeed:
    """The rates of one card by the constants of its class."""

    def __init__(self, gpu: GpuDevice, constants: CardConstants = CONSTANTS) -> None:
        self.gpu, self.kind = gpu, device_class(gpu, constants)
        self._constants = constants
        self._bytes_per_s = (gpu.bandwidth_gb_s or UNKNOWN_BANDWIDTH_GB_S) * GB
        known = gpu if gpu.bandwidth_gb_s else replace(gpu, bandwidth_gb_s=UNKNOWN_BANDWIDTH_GB_S)
        self._unpacked = whole_numbers_a_s(known) * self.kind.unpacking
        self._flops = flops(gpu)
        self._reading: dict[TypeShares, tuple[float, bool]] = {}
        self._prompting: dict[TypeShares, float] = {}

    @property
    def spread(self) -> float:
        """By how large a share a token's time may be off by the constants and what is known of the card."""
        gpu = self.gpu
        spreads = [self.kind.spread]
        spreads += [_UNKNOWN_SPREAD] * (gpu.bandwidth_gb_s is None)
        spreads += [_GUESSED_SPREAD] * gpu.is_guessed + [_UNSOURCED_SPREAD] * gpu.is_unsourced
        return max(spreads)

    @property
    def spread_of_prompts(self) -> float:
        """The same of a prompt's."""
        guessed = not self.gpu.fp32_tflops and self.gpu.vendor != "apple"
        return max([self.kind.spread_of_prompts] + [GUESSED_PROMPT_SPREAD] * guessed)

    def token(self, work: CardWork, kind: WorkKind) -> CardSeconds:
        """The parts of a token's time that this card does."""
        shared, of = self._constants.shared, self.kind
        a_byte, is_unpacking = self._seconds_a_byte(kind.trunk_types)
        weights = (work.weights_bytes - work.expert_bytes) * a_byte
        if work.expert_bytes:
            of_experts, is_unpacking = self._seconds_a_byte(kind.expert_types)
            weights += work.expert_bytes * of_experts
        a_layer = of.seconds_a_layer * (shared["expert layers"] if kind.moe else 1.0)
        if work.kv_type not in _PLAIN_CACHES:
            a_layer *= shared["quantised cache layer"]
        layers, a_depth = a_layer * work.layers + of.seconds_a_token, self._cache_a_depth(work, kind)
        if kind.streams:
            apple = self.gpu.vendor == "apple"
            layers += (_STREAMED_SECONDS_OF_APPLE if apple else _STREAMED_SECONDS) * work.whole_layers
            a_depth += _STREAMED_SECONDS_A_DEPTH * work.layers
        return CardSeconds(weights, is_unpacking, layers, a_depth)

    def _cache_a_depth(self, work: CardWork, kind: WorkKind) -> float:
        """To read what a token left in the cache, or to attend to it with every head, whichever takes longer."""
        reading = work.cache_bytes / (self.kind.cache_efficiency * self._bytes_per_s)
        if kind.latent:
            operations = self._constants.shared["latent cache operations"]
        elif work.kv_type in _PLAIN_CACHES:
            return reading
        else:
            operations = self._constants.shared["quantised cache operations"]
        elements = work.cache_bytes * WEIGHTS_A_BYTE[work.kv_type.upper()] * kind.heads_a_key
        return max(reading, elements * operations / self._unpacked) if self._unpacked else reading

    def prompt(self, work: PromptWork, kind: WorkKind, *, layers: float, share: float) -> PromptSeconds | None:
        """The parts of a prompt token's time where this card has `share` of its operations; None: nothing is known."""
        if not self._flops:
            return None
        of, shared = self.kind, self._constants.shared
        experts = shared["experts' prompt"] if kind.moe else 1.0
        types = kind.expert_types or kind.trunk_types
        factor = self._prompting.get(types)
        if factor is None:
            factor = self._prompting[types] = self._prompt_factor(types)
        attending = of.attending * (shared["latent attention"] if kind.latent else 1.0)
        # llama.cpp's kernels for matrix units take the heads of a key by twos, fours and eights.
        if self.gpu.vendor == "nvidia" and kind.heads_a_key > 1 and kind.heads_a_key % 2:
            attending *= shared["uneven heads"]
        return PromptSeconds(
            work.flop_a_token * share * factor / (self._flops * of.prompting * experts),
            of.prompt_seconds_a_layer * layers / work.n_ubatch,
            work.attention_flop_a_depth * share / (self._flops * attending),
        )

    def _seconds_a_byte(self, types: TypeShares) -> tuple[float, bool]:
        """To read and unpack a byte of weights of this mix, and whether the arithmetic decides."""
        found = self._reading.get(types)
        if found is not None:
            return found
        power, reading = self._constants.shared["overlap"], 1 / (self.kind.efficiency * self._bytes_per_s)
        operations = self._constants.operations
        seconds = by_arithmetic = 0.0
        for type_, share in types:
            a_weight = operations.get(type_, operations[_UNREAD_TYPE])
            unpacking = WEIGHTS_A_BYTE[type_] * a_weight / self._unpacked if self._unpacked else 0.0
            longer = max(reading, unpacking)
            each = share * longer * ((reading / longer) ** power + (unpacking / longer) ** power) ** (1 / power)
            seconds += each
            by_arithmetic += each * (unpacking > reading)
        found = self._reading[types] = seconds, 2 * by_arithmetic > seconds
        return found

    def _prompt_factor(self, types: TypeShares) -> float:
        """By how much longer products of this mix take than those of Q4_0."""
        weights = [(type_, share * WEIGHTS_A_BYTE[type_]) for type_, share in types]
        longer, plain = self._constants.prompts, 1 / self.kind.plain_prompting
        total = sum(each for _, each in weights)
        return sum(each * (plain if type_ in _PLAIN else longer.get(type_, 1.0)) for type_, each in weights) / total
