"""The host: processor, main memory, the container's limits, free disk.

On Linux everything is read from /proc and /sys, so that a recorded tree can be replayed; elsewhere psutil is asked.
"""

from __future__ import annotations

import os
import platform
import sys
from dataclasses import dataclass
from pathlib import Path

from r1plan.files.system import free_bytes
from r1plan.hardware import kernel_files
from r1plan.hardware.cgroup import container_limits
from r1plan.hardware.machine import Cpu, Disk, HostMemory
from r1plan.units import KIB


@dataclass(frozen=True, slots=True)
class FoundHost:
    """Processor and memory, without the memory's bandwidth."""

    system: str
    cpu: Cpu
    memory: HostMemory
    notes: tuple[str, ...] = ()


def probe(
    root: Path = Path("/"),
    *,
    system: str = sys.platform,
    architecture: str | None = None,
    affinity: int | None = None,
) -> FoundHost:
    """The host under `root`. `affinity` is the number of cores that this process may be scheduled on."""
    architecture = architecture or platform.machine()
    affinity = affinity or _affinity()
    if system == "linux":
        return _linux(root, architecture, affinity)
    return _elsewhere(system, architecture, affinity)


def free_disk(path: Path) -> Disk | None:
    """Free space where `path` is, or would be made: its nearest parent that exists."""
    for existing in (path, *path.parents):
        try:
            free = free_bytes(existing)
        except OSError:
            continue
        return None if free is None else Disk(path=str(path), free_bytes=free)
    return None


def _affinity() -> int:
    # Python 3.13's os.process_cpu_count; macOS has no affinity.
    allowed = getattr(os, "sched_getaffinity", None)
    return len(allowed(0)) if allowed else os.cpu_count() or 1


def _linux(root: Path, architecture: str, affinity: int) -> FoundHost:
    notes: list[str] = []
    meminfo = kernel_files.key_values(root / "proc/meminfo", ":")
    total = _kib(meminfo.get("MemTotal"))
    available = _kib(meminfo.get("MemAvailable"))
    if total is None:
        notes.append("The amount of RAM is unknown: /proc/meminfo could not be read.")
    if available is None:
        available = _kib(meminfo.get("MemFree")) or 0
    total = total or 0
    allowed = container_limits(root, total)
    if allowed.memory_left_bytes is not None:
        available = min(available, allowed.memory_left_bytes)

    processors = _processors(root)
    physical = {(each.get("physical id"), each["core id"]) for each in processors if "core id" in each}
    return FoundHost(
        system="linux",
        cpu=Cpu(
            model=_cpu_model(root, processors, architecture),
            # Rounded down: a thread more than the quota pays for is stopped in every period, and all wait for it.
            cores=max(1, min(affinity, int(allowed.cores or affinity))),
            physical_cores=len(physical) or None,
            architecture=architecture,
            sockets=len({each["physical id"] for each in processors if "physical id" in each}) or 1,
            **_instructions(processors),
        ),
        memory=HostMemory(total_bytes=total, available_bytes=available, limit_bytes=allowed.memory_bytes),
        notes=tuple(notes),
    )


def _kib(field: str | None) -> int | None:
    amount = (field or "").removesuffix(" kB")
    return int(amount) * KIB if amount.isdigit() else None


def _processors(root: Path) -> list[dict[str, str]]:
    """One mapping of /proc/cpuinfo a logical processor."""
    blocks = (kernel_files.text(root / "proc/cpuinfo") or "").split("\n\n")
    pairs = [[line.partition(":") for line in block.splitlines()] for block in blocks]
    return [{key.strip(): value.strip() for key, _, value in block} for block in pairs if block]


def _instructions(processors: list[dict[str, str]]) -> dict[str, bool]:
    """Whether the first processor has AVX-512 and AMX; nothing where it does not list what it has, as on Arm."""
    flags = processors[0].get("flags", "").split() if processors else []
    return {"avx512": "avx512f" in flags, "amx": "amx_int8" in flags} if flags else {}


def _cpu_model(root: Path, processors: list[dict[str, str]], architecture: str) -> str:
    for each in processors:
        if name := each.get("model name") or each.get("Model"):
            return name
    # Arm boards name the board where x86 names the processor.
    board = kernel_files.text(root / "sys/firmware/devicetree/base/model")
    return board.strip("\0 ") if board else f"unnamed {architecture}"


def _elsewhere(system: str, architecture: str, affinity: int) -> FoundHost:
    import psutil

    memory = psutil.virtual_memory()
    return FoundHost(
        system=system,
        cpu=Cpu(
            model=platform.processor() or f"unnamed {architecture}",
            cores=affinity,
            physical_cores=psutil.cpu_count(logical=False),
            architecture=architecture,
        ),
        memory=HostMemory(total_bytes=memory.total, available_bytes=memory.available),
    )
