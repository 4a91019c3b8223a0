"""How fast a processor reads weights and computes: bound by its memory, or by its cores and what they do at once.

The constants were set by hand on the rows of bench_calibration.yaml for processors, and for experts in host memory.
"""

from __future__ import annotations

from r1plan.hardware.machine import Cpu, HostMemory
from r1plan.plan.basis import Basis
from r1plan.units import GB

# Of the theoretical peak: two channels 0.47 to 0.60 (b0559, b0581, b0584, b0585), eight 0.49 (b0592). Twelve reach that
# too, once each layer of experts is given its own time (b0663-b0673, and b0645-b0702 beside cards: 0.3 to 0.9 ms).
EFFICIENCY = 0.55
KV_EFFICIENCY = 0.45
# MLA's attention is bound by arithmetic: b0666-b0668.
MLA_KV_EFFICIENCY = 0.03
SECONDS_A_LAYER = 30e-6
SECONDS_A_LATENT_LAYER = 0.2e-3
SECONDS_AN_EXPERT_LAYER = 0.3e-3
# Handing over to the processor and back, once a token: with 3 of 33 layers there a 7B takes 25 ms, with none 7.6
# (b0541-b0548).
SECONDS_BESIDE_CARDS = 6e-3
# Beside cards each layer of experts is handed over and back: llama.cpp cuts the graph twice a layer, and waits there.
SECONDS_ACROSS_A_LAYER = 0.15e-3
SOURCE = "bench_calibration b0559-b0592, b0645-b0702"
SPREAD = 0.40
# Where the memory's speed was assumed itself.
SPREAD_ASSUMED_MEMORY = 0.50
_ASSUMED = "assumed"  # what a described processor is called of which nothing was said
_UNKNOWN_BANDWIDTH_GB_S = 40.0  # when the machine does not say

# Eight channels of DDR5-4800: processors that have them have AVX-512, but for Sierra Forest.
_DDR5_SERVER_GB_S = 300.0

# Weights that one core unpacks and multiplies a second, at 4 to 8 bits; assumed. One of a busy Xeon (Sapphire Rapids,
# AVX-512) did 8e9 at Q8_0, 12e9 at Q4_K_M and IQ2_XXS, 14e9 at Q2_K of a 1.5B of zeros (llama.cpp 0c1e57098); six of a
# laptop with AVX-512 do 14e9 each and are bound by memory (b0581).
_WEIGHTS_A_CORE = 14e9
_WEIGHTS_A_CORE_AVX2 = 12e9
_WEIGHTS_A_CORE_AVX512 = 18e9
_WEIGHTS_A_CORE_ARM = 10e9
_SLOW_TYPES_SHARE = 0.7  # i-quants up to 3 bits look their values up; assumed
_CACHE_BYTES_A_CORE = 10 * GB

# Operations a second of one core on a prompt, dense; assumed: that busy core did 90e9 to 270e9 by the quant. With a
# mixture, batches are a few tokens an expert.
_FLOPS_A_CORE = 75e9
_FLOPS_A_CORE_AVX2 = 60e9
_FLOPS_A_CORE_AVX512 = 100e9
_FLOPS_A_CORE_AMX = 160e9
_FLOPS_A_CORE_ARM = 40e9
_EXPERT_SHARE = 0.45


class ProcessorSpeed:
    """The rates of one processor with its memory. `basis` is that of every figure."""

    basis: Basis = "assumed"

    def __init__(self, cpu: Cpu, memory: HostMemory) -> None:
        self._cpu = cpu
        self._cores = min(cpu.cores, cpu.physical_cores or cpu.cores)
        self._arm = cpu.architecture.startswith(("aarch64", "arm"))
        self._memory_bytes_per_s = (memory.bandwidth_gb_s or _UNKNOWN_BANDWIDTH_GB_S) * GB
        self._avx512 = cpu.avx512
        if cpu.avx512 is None and not self._arm and (memory.bandwidth_gb_s or 0) >= _DDR5_SERVER_GB_S:
            self._avx512 = True
        assumed = memory.bandwidth_gb_s is None or memory.bandwidth_basis == "assumed"
        self.spread = SPREAD_ASSUMED_MEMORY if assumed else SPREAD

    def seconds_by_memory(self, read_bytes: float) -> float:
        """To read that many bytes of weights."""
        return read_bytes / (EFFICIENCY * self._memory_bytes_per_s)

    def seconds_by_cores(self, weights: float, *, slow_type: bool) -> float:
        """To unpack and multiply that many weights; none where the cores were assumed themselves."""
        if self._cpu.model == _ASSUMED:
            return 0.0
        a_core = _WEIGHTS_A_CORE
        if self._arm:
            a_core = _WEIGHTS_A_CORE_ARM
        elif self._avx512 is not None:
            a_core = _WEIGHTS_A_CORE_AVX512 if self._avx512 else _WEIGHTS_A_CORE_AVX2
        return weights / (self._cores * a_core * (_SLOW_TYPES_SHARE if slow_type else 1.0))

    def cache_bytes_per_s(self, *, latent: bool) -> float:
        """At which attention reads the cache."""
        share = MLA_KV_EFFICIENCY if latent else KV_EFFICIENCY
        by_memory = share * self._memory_bytes_per_s
        return by_memory if self._cpu.model == _ASSUMED else min(by_memory, self._cores * _CACHE_BYTES_A_CORE)

    def prompt_flops(self, *, experts: bool) -> float:
        """Operations a second while a prompt is read."""
        a_core = _FLOPS_A_CORE
        if self._arm:
            a_core = _FLOPS_A_CORE_ARM
        elif self._cpu.amx:
            a_core = _FLOPS_A_CORE_AMX
        elif self._avx512 is not None:
            a_core = _FLOPS_A_CORE_AVX512 if self._avx512 else _FLOPS_A_CORE_AVX2
        return self._cores * a_core * (_EXPERT_SHARE if experts else 1.0)
