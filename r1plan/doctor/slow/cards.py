"""What the drivers say of the cards at this moment, and what of that makes them slow.

Reference: NVML API Reference Guide; Linux Documentation/gpu/amdgpu/thermal.rst.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from r1plan.doctor.build.toolbox import Toolbox
from r1plan.doctor.slow.cause import (
    HeldMemory,
    LowClocks,
    LowPower,
    MigSlice,
    NarrowLink,
    SlowCause,
    Throttled,
    ThrottleReason,
)
from r1plan.hardware import kernel_files
from r1plan.hardware.machine import GpuDevice
from r1plan.units import MIB

# nvml.h, nvmlClocksEventReasons: those that say that something is wrong. A power cap at work is none of them.
_REASONS: tuple[tuple[int, ThrottleReason], ...] = (
    (0x20 | 0x40, "heat"),  # software and hardware thermal slowdown
    (0x80, "power-brake"),
)
_HARDWARE_SLOWDOWN = 0x08
# An idle card lowers its link, so what is read then says nothing.
_BUSY_PERCENT = 20
_ROUNDING = 0.99
_LEAST_HELD_BYTES = 512 * MIB
_AMD = 0x1002


@dataclass(frozen=True, slots=True, kw_only=True)
class CardReading:
    """One whole card. None is what its driver does not say.

    `busy_percent` is the share of the last moment in which it calculated. `cap_file` and `level_file` are where AMD's
    driver takes a power limit and a level of clocks.
    """

    index: int
    name: str
    limit_w: float | None = None
    default_w: float | None = None
    reasons: tuple[ThrottleReason, ...] = ()
    lanes: int | None = None
    best_lanes: int | None = None
    generation: int | None = None
    best_generation: int | None = None
    busy_percent: int | None = None
    clock_level: str | None = None
    cap_file: str | None = None
    level_file: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NvidiaReadings:
    """`driver_cuda` is the CUDA that the driver runs at most, (12, 4) for 12.4."""

    driver_cuda: tuple[int, int] | None = None
    cards: tuple[CardReading, ...] = ()


def nvidia_readings(nvml: Any) -> NvidiaReadings:
    """What `nvml`, a module or object like pynvml, says now; nothing where it cannot start. Nothing is raised."""
    if nvml is None:
        return NvidiaReadings()
    try:
        nvml.nvmlInit()
    except nvml.NVMLError:
        return NvidiaReadings()
    try:
        version = _first(nvml, ("nvmlSystemGetCudaDriverVersion_v2", "nvmlSystemGetCudaDriverVersion"))
        count = _ask(nvml, nvml.nvmlDeviceGetCount) or 0
        handles = ((number, _ask(nvml, nvml.nvmlDeviceGetHandleByIndex, number)) for number in range(count))
        cards = tuple(_nvidia_card(nvml, number, handle) for number, handle in handles if handle is not None)
        return NvidiaReadings(driver_cuda=(version // 1000, version % 1000 // 10) if version else None, cards=cards)
    finally:
        _ask(nvml, nvml.nvmlShutdown)


def _nvidia_card(nvml: Any, number: int, handle: Any) -> CardReading:
    def asked(name: str) -> Any:
        return _first(nvml, (name,), handle)

    limit, default = asked("nvmlDeviceGetEnforcedPowerLimit"), asked("nvmlDeviceGetPowerManagementDefaultLimit")
    reasons = ("nvmlDeviceGetCurrentClocksEventReasons", "nvmlDeviceGetCurrentClocksThrottleReasons")
    use = asked("nvmlDeviceGetUtilizationRates")
    return CardReading(
        index=number,
        name=asked("nvmlDeviceGetName") or f"NVIDIA card {number}",
        limit_w=limit / 1000 if limit else None,
        default_w=default / 1000 if default else None,
        reasons=_throttled(_first(nvml, reasons, handle) or 0),
        lanes=asked("nvmlDeviceGetCurrPcieLinkWidth"),
        best_lanes=asked("nvmlDeviceGetMaxPcieLinkWidth"),
        generation=asked("nvmlDeviceGetCurrPcieLinkGeneration"),
        best_generation=asked("nvmlDeviceGetMaxPcieLinkGeneration"),
        busy_percent=use.gpu if use is not None else None,
    )


def _throttled(mask: int) -> tuple[ThrottleReason, ...]:
    named = tuple(reason for bits, reason in _REASONS if mask & bits)
    return ("hardware",) if not named and mask & _HARDWARE_SLOWDOWN else named


def _first(nvml: Any, names: Sequence[str], *arguments: Any) -> Any:
    """The answer of the first of these calls that this NVML has and that answers."""
    for name in names:
        try:
            question = getattr(nvml, name)
        except AttributeError:
            continue
        if (found := _ask(nvml, question, *arguments)) is not None:
            return found
    return None


def _ask(nvml: Any, question: Callable[..., Any], *arguments: Any) -> Any:
    try:
        return question(*arguments)
    except nvml.NVMLError:
        return None


def amd_readings(tools: Toolbox) -> tuple[CardReading, ...]:
    """What the amdgpu driver says now of each card with memory of its own."""
    found = []
    for device in tools.found("/sys/class/drm/card[0-9]*/device"):
        name = device.parent.name
        if "-" in name or kernel_files.integer(device / "vendor") != _AMD:
            continue
        cap = next(iter(sorted(device.glob("hwmon/hwmon*/power1_cap"))), None)
        default = kernel_files.integer(cap.with_name("power1_cap_default")) if cap else None
        limit = kernel_files.integer(cap) if cap else None
        level = device / "power_dpm_force_performance_level"
        found.append(
            CardReading(
                index=int(name.removeprefix("card")),
                name=kernel_files.text(device / "product_name") or f"AMD card {name.removeprefix('card')}",
                limit_w=limit / 1e6 if limit else None,
                default_w=default / 1e6 if default else None,
                clock_level=kernel_files.text(level),
                cap_file=f"/{cap.relative_to(tools.root)}" if cap else None,
                level_file=f"/{level.relative_to(tools.root)}",
            )
        )
    return tuple(found)


def slow_cards(readings: Sequence[CardReading], cards: Sequence[GpuDevice], own_pid: int) -> Iterator[SlowCause]:
    """What makes cards slow, from the drivers' readings and from what the machine's probe found of them."""
    for each in readings:
        if each.limit_w and each.default_w and each.limit_w < each.default_w * _ROUNDING:
            yield LowPower(
                index=each.index, name=each.name, limit_w=each.limit_w, default_w=each.default_w, cap_file=each.cap_file
            )
        if each.clock_level == "low" and each.level_file:
            yield LowClocks(name=each.name, level_file=each.level_file)
        if each.reasons:
            yield Throttled(index=each.index, name=each.name, reasons=each.reasons)
    shared = {each.name for each in cards if each.unified}
    yield from (found for each in readings if each.name not in shared and (found := _narrow(each)) is not None)
    for card in cards:
        held = tuple(each for each in card.processes if each.pid != own_pid and each.used_bytes)
        if sum(each.used_bytes or 0 for each in held) >= _LEAST_HELD_BYTES:
            yield HeldMemory(index=card.index, name=card.name, processes=held)
        if card.mig:
            yield MigSlice(name=card.name)


def _narrow(card: CardReading) -> NarrowLink | None:
    if not (card.lanes and card.best_lanes and card.generation and card.best_generation):
        return None
    is_busy = (card.busy_percent or 0) >= _BUSY_PERCENT
    is_slower = is_busy and card.generation < card.best_generation
    if card.lanes >= card.best_lanes and not is_slower:
        return None
    return NarrowLink(
        name=card.name,
        generation=card.generation if is_busy else card.best_generation,
        lanes=card.lanes,
        best_generation=card.best_generation,
        best_lanes=card.best_lanes,
    )
