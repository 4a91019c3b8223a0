"""Which kinds a card is of, what its sheet gives of its arithmetic, and the constants that follow.

A card is of several kinds, from the widest to the narrowest: NVIDIA's, with GDDR, of the generation Ada. A constant is
the widest kind's value times the factors of the narrower ones (constants.py, which the fit writes), so a kind of which
few rows are known keeps near to what its elders do.
"""

from __future__ import annotations

import re
from functools import lru_cache
from math import prod
from typing import NamedTuple

from r1plan.hardware.machine import GpuDevice
from r1plan.plan.basis import Basis
from r1plan.plan.llamacpp.speed.constants import CONSTANTS, SOURCES
from r1plan.plan.llamacpp.speed.fitted import CardConstants
from r1plan.units import GB

_FASTEST_GDDR_GB_S = 1800.0  # GDDR7 on 512 bits, RTX 5090; beyond is HBM
_LEAST_HBM_GB_S = 1300.0  # of NVIDIA's cards for data centres
# By how large a share prompts may be off where they follow from the bandwidth.
GUESSED_PROMPT_SPREAD = 0.60
# Operations a byte of bandwidth where the sheet has no FLOPS, as the sheets of such cards have them.
_FLOPS_A_BYTE = {"nvidia": 40.0, "amd": 32.0, "intel": 30.0, "qualcomm": 30.0}
_FLOPS_A_BYTE_UNKNOWN, _FLOPS_A_BYTE_HBM = 40.0, 14.0
# Of the lanes that a sheet's FP32 counts, the share that does whole numbers too: half of them from GA10x to Hopper
# (CUDA C++ programming guide, throughput of arithmetic instructions).
_HALF_WHOLE = frozenset(("ampere", "ada", "hopper", "blackwell hbm"))
# Lanes and GHz of an Apple core by generation (Apple's own TFLOPS). M5's have matrix units: what they read prompts at
# against M4's is the sheets' own (m5-pro-20c, m4-pro-20c: 21.41 and 6.26 TFLOPS).
_APPLE_LANES = 128
_APPLE_GHZ = {1: 1.28, 2: 1.40, 3: 1.40, 4: 1.58, 5: 1.62}
_APPLE_MATRIX_UNITS_SINCE, _APPLE_MATRIX_UNITS = 5, 3.3
_APPLE_GB_S_A_CORE = 12.0  # where nobody says how many cores there are
_APPLE_NAME = re.compile(r"\bm(\d+)(?:[ -]+(pro|max|ultra))?", re.IGNORECASE)
_APPLE_CORES = re.compile(r"-(\d+)c\b|\((\d+)(?:-core| core|\))")

_NVIDIA = (
    (7.0, "pascal"),
    (7.5, "volta"),
    (8.0, "turing"),
    (8.6, "ga100"),
    (8.9, "ampere"),
    (9.0, "ada"),
    (10.0, "hopper"),
    (12.0, "blackwell hbm"),
    (99.0, "blackwell"),
)
_AMD = (("gfx103", "rdna2"), ("gfx10", "rdna2"), ("gfx11", "rdna3"), ("gfx12", "rdna4"), ("gfx9", "cdna"))


class DeviceClass(NamedTuple):
    """Constants of a card of `kinds`, the narrowest last.

    `efficiency` is the share of the bandwidth that reads weights, `cache_efficiency` that reads the cache.
    `seconds_a_layer` and `seconds_a_token` are what a layer and a token cost besides. `unpacking` is by how much of its
    arithmetic a card of the kind has for it, `prompting` the share of its sheet's operations at which prompts are read,
    `plain_prompting` by how much faster that is with numbers of 16 bits than with Q4_0, `prompt_seconds_a_layer` what a
    layer costs for each micro-batch besides, and `attending` the share at which a prompt attends to what was before it.
    """

    kinds: tuple[str, ...]
    efficiency: float
    cache_efficiency: float
    seconds_a_layer: float
    seconds_a_token: float
    unpacking: float
    prompting: float
    plain_prompting: float
    prompt_seconds_a_layer: float
    attending: float
    spread: float
    spread_of_prompts: float
    basis: Basis
    source: str


FACTORS = (
    "efficiency",
    "cache_efficiency",
    "seconds_a_layer",
    "seconds_a_token",
    "unpacking",
    "prompting",
    "plain_prompting",
    "prompt_seconds_a_layer",
    "attending",
)
"""The names of the constants that a kind has."""


def device_class(gpu: GpuDevice, constants: CardConstants = CONSTANTS) -> DeviceClass:
    """The constants for a card."""
    if constants is CONSTANTS:
        return _of_kinds(kinds_of(gpu))
    return _class_of(kinds_of(gpu), constants)


@lru_cache(maxsize=128)
def _of_kinds(kinds: tuple[str, ...]) -> DeviceClass:
    return _class_of(kinds, CONSTANTS)


def _class_of(kinds: tuple[str, ...], constants: CardConstants) -> DeviceClass:
    known = [constants.kinds[each] for each in kinds if each in constants.kinds]

    def of(name: str) -> float:
        return prod(each.get(name, 1.0) for each in known)

    spread, of_prompts = next(constants.spreads[each] for each in reversed(kinds) if each in constants.spreads)
    source = next((SOURCES[each] for each in reversed(kinds) if each in SOURCES), None)
    return DeviceClass(
        kinds=kinds,
        efficiency=of("efficiency"),
        cache_efficiency=of("cache_efficiency"),
        seconds_a_layer=of("seconds_a_layer"),
        seconds_a_token=of("seconds_a_token"),
        unpacking=of("unpacking"),
        prompting=of("prompting"),
        plain_prompting=of("plain_prompting"),
        prompt_seconds_a_layer=of("prompt_seconds_a_layer"),
        attending=of("attending"),
        spread=spread,
        spread_of_prompts=of_prompts,
        basis="assumed" if source is None else "calibrated",
        source=source or "no reading of such a card; as those next to it",
    )


def kinds_of(gpu: GpuDevice) -> tuple[str, ...]:
    """What a card is, from the widest kind to the narrowest."""
    if gpu.vendor == "apple":
        number, tier = _apple(gpu)
        return "apple", f"apple {tier}", f"apple m{number}"
    if gpu.vendor == "nvidia":
        generation = _nvidia_generation(gpu.compute_capability)
        if gpu.unified:
            return "nvidia", "nvidia unified"
        fast = _is_hbm(gpu)
        return ("nvidia", "hbm" if fast else "gddr", *((generation,) if generation else ()))
    if gpu.vendor == "amd":
        named = next((name for prefix, name in _AMD if (gpu.gfx or "").startswith(prefix)), None)
        if gpu.unified and named != "cdna":
            return "amd", "amd unified"
        return ("amd", named) if named else ("amd",)
    if gpu.vendor == "qualcomm" or (gpu.vendor == "intel" and gpu.unified):
        return ("integrated",)
    if gpu.vendor == "intel":
        return ("intel",)
    return ("unknown", "unknown hbm") if (gpu.bandwidth_gb_s or 0) > _FASTEST_GDDR_GB_S else ("unknown",)


def whole_numbers_a_s(gpu: GpuDevice) -> float:
    """Operations on whole numbers a second beside the matrix units: what unpacking takes."""
    if gpu.vendor == "apple":
        return _apple_lanes_a_s(gpu)
    kinds = kinds_of(gpu)
    lanes = flops(gpu) / 2
    if kinds[-1] in _HALF_WHOLE or kinds[-1] in ("rdna3", "rdna4"):  # their sheets count each lane twice
        return lanes / 2
    return lanes


def flops(gpu: GpuDevice) -> float:
    """FP32 operations a second by the sheet; without one, as many as such cards have for their bandwidth."""
    if gpu.vendor == "apple":
        generation, _ = _apple(gpu)
        return 2 * _apple_lanes_a_s(gpu) * (_APPLE_MATRIX_UNITS if generation >= _APPLE_MATRIX_UNITS_SINCE else 1.0)
    if gpu.fp32_tflops:
        return gpu.fp32_tflops * 1e12
    a_byte = _FLOPS_A_BYTE_HBM if _is_hbm(gpu) else _FLOPS_A_BYTE.get(gpu.vendor, _FLOPS_A_BYTE_UNKNOWN)
    return (gpu.bandwidth_gb_s or 0.0) * GB * a_byte


def _is_hbm(gpu: GpuDevice) -> bool:
    bandwidth = gpu.bandwidth_gb_s or 0
    if gpu.vendor == "nvidia" and gpu.compute_capability in ("6.0", "7.0", "8.0"):
        return True
    least = _LEAST_HBM_GB_S if gpu.gpu_class == "nvidia-datacentre" else _FASTEST_GDDR_GB_S
    return bandwidth > least


def _nvidia_generation(capability: str | None) -> str | None:
    if capability is None:
        return None
    number = float(capability)
    return next(name for before, name in _NVIDIA if number < before)


def _apple(gpu: GpuDevice) -> tuple[int, str]:
    """The generation and tier of a chip; of one that says neither, the newest known and by its bandwidth."""
    found = _APPLE_NAME.search(gpu.name)
    if found is None:
        bandwidth = gpu.bandwidth_gb_s or 0
        return max(_APPLE_GHZ), "base" if bandwidth < 190 else "pro" if bandwidth < 320 else "max"
    return int(found[1]), (found[2] or "base").lower()


def _apple_lanes_a_s(gpu: GpuDevice) -> float:
    generation, _ = _apple(gpu)
    found = _APPLE_CORES.search(gpu.profile or "") or _APPLE_CORES.search(gpu.name)
    cores = int(found[1] or found[2]) if found else (gpu.bandwidth_gb_s or 0.0) / _APPLE_GB_S_A_CORE
    return cores * _APPLE_LANES * _APPLE_GHZ.get(generation, _APPLE_GHZ[max(_APPLE_GHZ)]) * 1e9
