"""The electricity that a request took here: counters of the graphics cards and the processor, read before and after.

What the machine would have drawn anyway is in it. Nothing here raises: what cannot be read is left out.
References: NVML API Reference Guide, nvmlDeviceGetTotalEnergyConsumption (millijoules since the driver was loaded);
kernel.org, Documentation/power/powercap/powercap.rst (microjoules, wrapping at max_energy_range_uj).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from r1plan.hardware import kernel_files

EnergySource = Literal["nvml", "rapl", "nvml+rapl", "power_limit"]

_MICROJOULES_A_WH = 3_600_000_000


@dataclass(frozen=True, slots=True)
class Energy:
    """Watt-hours, and what said so.

    "power_limit" is no measurement: the limit of a card that counts nothing, for the time that it took.
    """

    watt_hours: Decimal
    source: EnergySource

    @property
    def provenance(self) -> Literal["counted", "estimated"]:
        """How the number was come by, in the words of a log row."""
        return "estimated" if self.source == "power_limit" else "counted"


@dataclass(frozen=True, slots=True)
class Reading:
    """Microjoules that each device says it has used since some moment of its own; limits in watts where it cannot say.

    `at_s` is when, on a clock that only runs forward. `wraps` says where a device's counter starts again at 0.
    """

    at_s: float
    cards: Mapping[str, int]
    limits_w: Mapping[str, float]
    processor: Mapping[str, int]
    wraps: Mapping[str, int]


Meter = Callable[[], Callable[[], Energy | None]]
"""Called at the beginning; what it returns is called at the end."""


def meter(nvml: Any, root: Path = Path("/"), tick: Callable[[], float] = time.monotonic) -> Meter:
    """A meter of the cards that `nvml`, a module like pynvml, shows (None: of no card) and of the processor.

    NVML is started once and left so: it ends with the process.
    """
    if nvml is not None:
        try:
            nvml.nvmlInit()
        except nvml.NVMLError:
            nvml = None

    def start() -> Callable[[], Energy | None]:
        before = read(nvml, root, tick())
        return lambda: between(before, read(nvml, root, tick()))

    return start


def read(nvml: Any, root: Path, at_s: float) -> Reading:
    """What can be read now. `root` is where /sys lies."""
    cards, limits = _cards(nvml) if nvml is not None else ({}, {})
    processor: dict[str, int] = {}
    wraps: dict[str, int] = {}
    for domain in sorted((root / "sys/class/powercap").glob("intel-rapl:*")):
        # Of the parts of a package its memory alone is not in the package's own count.
        name = kernel_files.text(domain / "name") or ""
        used = kernel_files.integer(domain / "energy_uj")
        if used is not None and (name.startswith("package") or name == "dram"):
            processor[domain.name] = used
            wraps[domain.name] = kernel_files.integer(domain / "max_energy_range_uj") or 0
    return Reading(at_s, cards, limits, processor, wraps)


def between(before: Reading, after: Reading) -> Energy | None:
    """What was used from one reading to the other; None when nothing could be read at both."""
    cards = _used(before.cards, after.cards, {})
    processor = _used(before.processor, after.processor, after.wraps)
    if after.limits_w:
        joules = sum(after.limits_w.values()) * (after.at_s - before.at_s)
        return Energy(_watt_hours(round(joules * 1_000_000) + (cards or 0) + (processor or 0)), "power_limit")
    if cards is None and processor is None:
        return None
    source: EnergySource = "rapl" if cards is None else "nvml" if processor is None else "nvml+rapl"
    return Energy(_watt_hours((cards or 0) + (processor or 0)), source)


def _used(before: Mapping[str, int], after: Mapping[str, int], wraps: Mapping[str, int]) -> int | None:
    """Microjoules of all devices together; None when one of them was not read twice, or was reset."""
    if not before or before.keys() != after.keys():
        return None
    total = 0
    for name, end in after.items():
        used = end - before[name]
        if used < 0:
            used += wraps.get(name, 0)
        if used < 0:
            return None
        total += used
    return total


def _watt_hours(microjoules: int) -> Decimal:
    return round(Decimal(microjoules) / _MICROJOULES_A_WH, 9)


def _cards(nvml: Any) -> tuple[dict[str, int], dict[str, float]]:
    """Each card's counter, and the power limit of those that have none (before Volta)."""
    used: dict[str, int] = {}
    limits: dict[str, float] = {}
    for number in range(_asked(nvml, nvml.nvmlDeviceGetCount) or 0):
        card = _asked(nvml, nvml.nvmlDeviceGetHandleByIndex, number)
        if card is None:
            continue
        millijoules = _asked(nvml, nvml.nvmlDeviceGetTotalEnergyConsumption, card)
        if millijoules is not None:
            used[f"gpu{number}"] = millijoules * 1000
        elif (milliwatts := _asked(nvml, nvml.nvmlDeviceGetEnforcedPowerLimit, card)) is not None:
            limits[f"gpu{number}"] = milliwatts / 1000
    return used, limits


def _asked(nvml: Any, question: Callable[..., int], *arguments: Any) -> Any:
    """The answer to one NVML call, or None when this card or driver does not give it."""
    try:
        return question(*arguments)
    except nvml.NVMLError:
        return None
