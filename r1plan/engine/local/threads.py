"""How many threads an engine is given: one for each whole core that this process may use."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection
from pathlib import Path

from r1plan.hardware import apple, kernel_files
from r1plan.hardware.machine import Cpu


def engine_threads(
    cpu: Cpu,
    root: Path = Path("/"),
    *,
    allowed: Collection[int] | None = None,
    system: str = sys.platform,
    runner: apple.Runner = apple.run,
) -> int:
    """Threads for generating and for reading prompts alike, never more than `cpu.cores`, which quotas bound.

    As llama.cpp's own programs count them (common.cpp, cpu_get_num_math): physical cores, of a processor with two kinds
    of cores the fast ones. Two threads of one core share what it calculates with and the path to memory, and a slow
    core keeps the fast ones waiting at the end of every operation. Prompts get as many, as there (n_threads_batch).
    `allowed` are the processors that this process may be scheduled on, None: as the system says. `runner` runs a
    program of macOS.
    """
    if system == "darwin":
        fast = (runner(("sysctl", "-n", "hw.perflevel0.physicalcpu")) or "").strip()
        cores = int(fast) if fast.isdigit() else 0
        return max(1, min(cores or cpu.physical_cores or cpu.cores, cpu.cores))
    cores = _whole_cores(root, _allowed() if allowed is None else allowed) if system == "linux" else 0
    return max(1, min(cores or cpu.physical_cores or cpu.cores, cpu.cores))


def _allowed() -> Collection[int]:
    has_affinity = getattr(os, "sched_getaffinity", None)
    return has_affinity(0) if has_affinity else ()


def _whole_cores(root: Path, allowed: Collection[int]) -> int:
    """How many cores the `allowed` processors are threads of; 0 where the kernel does not say."""
    fast = _listed(kernel_files.text(root / "sys/devices/cpu_core/cpus"))
    wanted = [each for each in allowed if each in fast] or allowed
    cores = set()
    for number in wanted:
        topology = root / f"sys/devices/system/cpu/cpu{number}/topology"
        threads = kernel_files.text(topology / "thread_siblings_list") or kernel_files.text(topology / "core_cpus_list")
        if not threads:
            return 0
        cores.add(threads.strip())
    return len(cores)


def _listed(text: str | None) -> frozenset[int]:
    """The numbers of a list such as "0-7,16", as the kernel writes it."""
    numbers: set[int] = set()
    for part in (text or "").strip().split(","):
        first, _, last = part.partition("-")
        if first.isdigit() and (last or first).isdigit():
            numbers.update(range(int(first), int(last or first) + 1))
    return frozenset(numbers)
