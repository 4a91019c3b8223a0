"""How fast a processor reads weights and computes: bound by its memory and by its cores, each with its share.

    t = ((W / (share * BW))^4 + (core seconds / cores)^4)^(1/4) + c * layers + attention

Reading and computing overlap, but not wholly: where both take as long, together they take 1.2 times that.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from r1plan.hardware.machine import Cpu, HostMemory
from r1plan.plan.llamacpp.settings import KV_TYPES
from r1plan.plan.llamacpp.speed.core_types import ATTENTION_FLOP_S, LATENT_ATTENTION_FASTER, PROMPT_ATTENTION_FLOP_S
from r1plan.plan.llamacpp.speed.host_constants import HostConstants
from r1plan.plan.llamacpp.speed.host_fitted import HOST_CONSTANTS, HOST_SPREAD
from r1plan.plan.pins import KvType
from r1plan.plan.speed import Bottleneck
from r1plan.units import GB

_OVERLAP = 4.0
_LATENT_READ_TWICE = (576 + 512) / 576  # of what latent attention caches, most is both key and value
_CACHE_SHARE = 0.5  # of the bandwidth, that reads the cache; assumed
# Handing over to the processor and back, once a token, where it has whole layers, and where it has experts: beside an
# H200 it takes 1 to 5 ms besides what follows from bytes and layers (h200_verify.jsonl). With 3 of 33 layers there a 7B
# took 25 ms, and 7.6 with none (b0541-b0548, of 2023).
SECONDS_BESIDE_CARDS = 3e-3
SECONDS_BESIDE_CARDS_WITH_EXPERTS = 1.2e-3
# Where the memory's speed was assumed itself.
SPREAD_ASSUMED_MEMORY = 0.50
# What a second socket adds to the memory of one, which is the bandwidth of a machine: b0682, b0692 and b0698 take 0.67,
# 0.77 and 1.12 times as long as without, the second with all weights twice.
_SECOND_SOCKET = 1.2
_ASSUMED = "assumed"  # what a described processor is called of which nothing was said
_UNKNOWN_BANDWIDTH_GB_S = 40.0  # when the machine does not say
_USUAL_BYTES_PER_S_A_CORE = 8 * GB  # 2 to 14 in the rows; for cores of which nothing was said

# Eight channels of DDR5-4800: processors that have them have AVX-512, but for Sierra Forest.
_DDR5_SERVER_GB_S = 300.0


class _Instructions(NamedTuple):
    """What a core does against one with AVX-512: with one token, and on a prompt."""

    token: float
    prompt: float


# llama.cpp multiplies one token with AVX2's width whatever there is: by core_types.jsonl AVX2 is as fast to 5 % there,
# and half as fast on a prompt. Processors without AVX-512 are older or smaller; their share is assumed, as is that of
# ARM (b0585: four Cortex-A76), of its wider cores, and of AMX, which llama.cpp uses for prompts.
_AVX512 = _Instructions(1.0, 1.0)
_AVX2 = _Instructions(0.8, 0.5)
_UNKNOWN = _Instructions(0.9, 0.7)
_AMX = _Instructions(1.0, 1.6)
_ARM = _Instructions(0.35, 0.35)
_WIDE_ARM = _Instructions(0.7, 0.6)
_WIDE_ARM_NAMES = re.compile(r"apple|grace|graviton ?[34]|cobalt|axion|neoverse[- ]v|snapdragon x|oryon", re.IGNORECASE)
# Of what a core does alone on a prompt, what is left of it where all work: 16 cores with AVX-512 read a 7B's prompt at
# some 90 tokens a second; assumed. Of a mixture's, an expert gets a few tokens at once.
_PROMPT_SHARE = 0.45
_EXPERT_SHARE = 0.7


class ProcessorSpeed:
    """The rates of one processor with its memory."""

    def __init__(self, cpu: Cpu, memory: HostMemory, constants: HostConstants = HOST_CONSTANTS) -> None:
        self.constants = constants
        self._memory_bytes_per_s = (memory.bandwidth_gb_s or _UNKNOWN_BANDWIDTH_GB_S) * GB
        # A bandwidth that somebody gave is that of all sockets.
        if cpu.sockets > 1 and memory.bandwidth_basis != "given":
            self._memory_bytes_per_s *= _SECOND_SOCKET
        self._are_cores_known = cpu.model != _ASSUMED
        self._cores: float = min(cpu.cores, cpu.physical_cores or cpu.cores)
        if not self._are_cores_known:
            self._cores = max(self._cores, self._memory_bytes_per_s / _USUAL_BYTES_PER_S_A_CORE)
        self._core = _instructions(cpu, memory)
        assumed = memory.bandwidth_gb_s is None or memory.bandwidth_basis == "assumed"
        self.spread = SPREAD_ASSUMED_MEMORY if assumed else HOST_SPREAD

    def weights_seconds(self, read_bytes: float, core_seconds: float) -> tuple[float, Bottleneck]:
        """To read so many bytes of weights and compute with them, and what takes longer.

        `core_seconds` are those of one core with AVX-512. Cores that were assumed themselves do not count.
        """
        constants = self.constants
        by_memory = read_bytes / (constants.memory_share.value * self._memory_bytes_per_s)
        if not self._are_cores_known:
            return by_memory, "host bandwidth"
        by_cores = core_seconds / (constants.core_share.value * self._core.token * self._cores)
        both = (by_memory**_OVERLAP + by_cores**_OVERLAP) ** (1 / _OVERLAP)
        return both, "host bandwidth" if by_memory >= by_cores else "processor cores"

    def layer_seconds(self, *, latent: bool) -> float:
        """What a layer costs besides its weights and experts."""
        constants = self.constants
        return constants.layer_s.value + (constants.latent_layer_s.value if latent else 0.0)

    def expert_layer_seconds(self) -> float:
        """What a layer's routed experts cost besides their weights."""
        return self.constants.expert_layer_s.value

    def across_layer_seconds(self) -> float:
        """What it costs besides that the rest of their layer is on a card."""
        return self.constants.across_layer_s.value

    def attention_seconds(self, cache_bytes: float, kv_type: KvType, heads_a_key: int, *, latent: bool) -> float:
        """To attend to a token in the cache, of so many bytes, whose keys so many heads share."""
        held, a_core = KV_TYPES[kv_type], ATTENTION_FLOP_S[kv_type]
        flop = 2.0 * heads_a_key * cache_bytes * held.elements / held.bytes
        if latent:
            a_core *= LATENT_ATTENTION_FASTER
            flop *= _LATENT_READ_TWICE
        cores = self._cores * self._core.token * self.constants.core_share.value
        return max(cache_bytes / (_CACHE_SHARE * self._memory_bytes_per_s), flop / (a_core * cores))

    def prompt_attention_flops(self) -> float:
        """Operations a second while a prompt attends to what was before it."""
        return self._cores * PROMPT_ATTENTION_FLOP_S * self._core.prompt * _PROMPT_SHARE

    def prompt_flops(self, core_flop_s: float, *, experts: bool) -> float:
        """Operations a second while a prompt is read; `core_flop_s` are those of one core with AVX-512."""
        return self._cores * core_flop_s * self._core.prompt * _PROMPT_SHARE * (_EXPERT_SHARE if experts else 1.0)


def _instructions(cpu: Cpu, memory: HostMemory) -> _Instructions:
    if cpu.architecture.startswith(("aarch64", "arm")):
        return _WIDE_ARM if _WIDE_ARM_NAMES.search(cpu.model) else _ARM
    if cpu.amx:
        return _AMX
    if cpu.avx512 is None:
        return _AVX512 if (memory.bandwidth_gb_s or 0) >= _DDR5_SERVER_GB_S else _UNKNOWN
    return _AVX512 if cpu.avx512 else _AVX2
