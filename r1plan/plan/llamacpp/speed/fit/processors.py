"""Fits the constants of processors on measured tokens, in logarithms, about what was to be expected.

Each constant is a number of which something is known before; a machine with many readings weighs as much as the square
root of their number. What a machine's readings say of the others is found by leaving it out (Stone, 1974).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import exp, log, sqrt

import numpy as np

from r1plan.hardware.machine import Machine
from r1plan.plan.llamacpp.speed.fit.least_squares import Vector, solve
from r1plan.plan.llamacpp.speed.host_constants import HostConstant, HostConstants
from r1plan.plan.llamacpp.speed.rates import MachineRates
from r1plan.plan.llamacpp.speed.work import TokenWork

# What is known of each constant before any reading: a processor reads three quarters of its peak in most benchmarks of
# memory alone, and its cores slow down when all work; a layer is some ten to forty operations that all cores wait for.
BEFORE = HostConstants(
    memory_share=HostConstant(0.75, 0.15),
    core_share=HostConstant(1.3, 0.30),
    layer_s=HostConstant(0.1e-3, 0.7),
    latent_layer_s=HostConstant(0.3e-3, 0.7),
    expert_layer_s=HostConstant(0.4e-3, 0.5),
    across_layer_s=HostConstant(0.1e-3, 0.7),
)
# What a reading is off by beside the constants, by builds, settings, and what else the machine did: one that others
# took, and one by `models verify`.
OTHERS_NOISE, OWN_NOISE = 0.20, 0.10
_SIZE = len(BEFORE)
_DEVIATIONS = 1.645  # on either side hold nine of ten
# A machine whose memory's speed nobody knows has a factor of its own, known so far.
_UNKNOWN_MEMORY_SD = 0.7


@dataclass(frozen=True, slots=True)
class HostReading:
    """A token's measured seconds at `depth`, on the machine that `host` names; `name` is the reading's.

    `is_memory_known`: the machine's bandwidth is that of a data sheet. `noise` is by how much the reading is off beside
    the constants, as a share.
    """

    name: str
    host: str
    machine: Machine
    work: TokenWork
    depth: int
    seconds: float
    is_memory_known: bool = True
    noise: float = OTHERS_NOISE


@dataclass(frozen=True, slots=True)
class HostFit:
    """The constants, how large a share a speed may be off, and what each held-back reading took over the prediction."""

    constants: HostConstants
    spread: float
    held_back: Mapping[str, float]


def fit_processors(readings: Sequence[HostReading]) -> HostFit:
    """The constants that fit `readings`, with their errors and the spread that held-back machines have."""
    held_back: dict[str, float] = {}
    for host in dict.fromkeys(each.host for each in readings):
        without = fit_constants([each for each in readings if each.host != host])
        held_back |= {
            each.name: each.seconds / seconds_by(each, without)
            for each in readings
            if each.host == host and each.is_memory_known
        }
    return HostFit(fit_constants(readings), _spread(readings, held_back), held_back)


def fit_constants(readings: Sequence[HostReading]) -> HostConstants:
    """The constants that fit `readings`, with their errors."""
    return _constants(*_fit(readings))


def _fit(readings: Sequence[HostReading]) -> tuple[list[float], list[float]]:
    """The logarithms of the constants, and their standard deviations."""
    unknown = sorted({each.host for each in readings if not each.is_memory_known})
    mean = np.array([log(each.value) for each in BEFORE] + [0.0] * len(unknown))
    deviation = np.array([each.error for each in BEFORE] + [_UNKNOWN_MEMORY_SD] * len(unknown))
    many = Counter(each.host for each in readings)
    noise = np.array([each.noise * many[each.host] ** 0.5 for each in readings])

    def off(logs: Vector) -> Vector:
        memories = dict(zip(unknown, map(float, logs[_SIZE:]), strict=True))
        constants = _constants(logs, deviation)
        return np.array([log(seconds_by(each, constants, memories) / each.seconds) for each in readings])

    def changed(logs: Vector, place: int, step: float) -> tuple[Sequence[int], Vector]:
        return range(len(readings)), off(logs + step * (np.arange(len(logs)) == place))

    found = solve(off, changed, mean, deviation, noise, mean)
    return [float(each) for each in found.parameters], [float(each) for each in found.errors]


def seconds_by(reading: HostReading, constants: HostConstants, memories: Mapping[str, float] | None = None) -> float:
    """What the reading should have taken; `memories` are the logarithms of unknown memories' factors, by host."""
    machine = reading.machine
    if more := (memories or {}).get(reading.host):
        memory = machine.memory
        gb_s = (memory.bandwidth_gb_s or 1.0) * exp(more)
        machine = replace(machine, memory=replace(memory, bandwidth_gb_s=gb_s))
    addends = MachineRates(machine, host=constants).token(reading.work)
    return sum([each.seconds + each.seconds_a_depth * reading.depth for each in addends])


def _constants(logs: Sequence[float] | Vector, errors: Sequence[float] | Vector) -> HostConstants:
    return HostConstants(*[HostConstant(exp(logs[place]), float(errors[place])) for place in range(_SIZE)])


def _spread(readings: Sequence[HostReading], held_back: Mapping[str, float]) -> float:
    """By how large a share nine of ten speeds are off at most, were what held-back readings are off by normal."""
    many = Counter(each.host for each in readings)
    weighed = [(log(held_back[each.name]), many[each.host] ** -0.5) for each in readings if each.name in held_back]
    deviation = sqrt(sum(off**2 * weight for off, weight in weighed) / sum(weight for _, weight in weighed))
    return _DEVIATIONS * deviation
