"""What slows a machine down while something is measured on it: cards that hold back, swapping, others' work.

Two looks are compared. Nothing here raises: what cannot be read is left out.
References: NVML API Reference Guide, nvmlClocksEventReasons; kernel.org, Documentation/filesystems/proc.rst.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from r1plan.hardware import kernel_files

SlowedBy = Literal["power-limit", "thermal", "power-brake"]
"""Why a card's clock is lower than it could be: its own power limit, its heat, a signal from its board."""

# nvml.h, nvmlClocksEventReason*: bits of a mask.
_REASONS: dict[SlowedBy, int] = {"power-limit": 0x4, "thermal": 0x20 | 0x40, "power-brake": 0x80}
# Pages in and out that a busy system moves without anybody waiting for them.
_FEW_PAGES = 2_560
# Of the processor's time: below, nobody notices.
_OTHERS_SHARE = 0.10


@dataclass(frozen=True, slots=True)
class HostLook:
    """Counters at one moment: pages swapped since the start, seconds that all cores and this process worked."""

    at_s: float
    swapped_pages: int | None
    busy_s: float | None
    own_s: float


def host_look(tick: Callable[[], float], root: Path = Path("/")) -> HostLook:
    """The counters now. `tick` is a clock of seconds; `root` is where /proc lies."""
    pages = kernel_files.key_values(root / "proc/vmstat")
    moved = [int(pages[name]) for name in ("pswpin", "pswpout") if pages.get(name, "").isdigit()]
    used = os.times()
    return HostLook(tick(), sum(moved) if moved else None, _busy_s(root), used.user + used.system)


def swapped(before: HostLook, after: HostLook) -> bool:
    """Whether the system swapped so much in between that somebody waited."""
    if before.swapped_pages is None or after.swapped_pages is None:
        return False
    return after.swapped_pages - before.swapped_pages > _FEW_PAGES


def others_worked(before: HostLook, after: HostLook, cores: int) -> bool:
    """Whether other processes took more than a tenth of the `cores` in between."""
    seconds = after.at_s - before.at_s
    if before.busy_s is None or after.busy_s is None or seconds <= 0:
        return False
    others = after.busy_s - before.busy_s - (after.own_s - before.own_s)
    return others > _OTHERS_SHARE * cores * seconds


def own_bytes(root: Path = Path("/")) -> int | None:
    """What this process holds of main memory besides pages of files; None where that is not told."""
    held = kernel_files.key_values(root / "proc/self/status", ":").get("RssAnon", "")
    number = held.removesuffix(" kB")
    return int(number) << 10 if number.isdigit() else None


def cards_slowed_by(nvml: Any) -> frozenset[SlowedBy]:
    """Why any card that `nvml`, a module like pynvml, shows holds back just now. None: of no card."""
    if nvml is None:
        return frozenset()
    found: set[SlowedBy] = set()
    try:
        nvml.nvmlInit()
        for number in range(nvml.nvmlDeviceGetCount()):
            mask = _reasons(nvml, number)
            found.update(name for name, bits in _REASONS.items() if mask & bits)
    except nvml.NVMLError:
        pass
    return frozenset(found)


def _reasons(nvml: Any, number: int) -> int:
    # Renamed with driver 535; older libraries know the old name alone.
    for name in ("nvmlDeviceGetCurrentClocksEventReasons", "nvmlDeviceGetCurrentClocksThrottleReasons"):
        question = getattr(nvml, name, None)
        if question is None:
            continue
        try:
            return int(question(nvml.nvmlDeviceGetHandleByIndex(number)))
        except nvml.NVMLError:
            continue
    return 0


def _busy_s(root: Path) -> float | None:
    """Seconds that all cores have worked since the start; None where that is not told, as in some containers."""
    first = (kernel_files.text(root / "proc/stat") or "").partition("\n")[0].split()
    if first[:1] != ["cpu"] or len(first) < 5 or not all(each.isdigit() for each in first[1:]):
        return None
    user, nice, system, _idle, _waiting, *rest = map(int, (*first[1:], "0"))
    ticks = user + nice + system + sum(rest[:3])  # interrupts, and what a hypervisor took
    return ticks / (os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100)
