"""Apple chips through sysctl and ioreg: one GPU that uses the host's own memory."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Sequence

from r1plan.hardware.found import FoundGpu, ProbeResult
from r1plan.hardware.machine import GpuDevice, HostMemory
from r1plan.units import GIB, MIB

# Gives a command's standard output, or None when it cannot run or takes too long.
Runner = Callable[[Sequence[str]], str | None]

SYSCTL = ("sysctl", "hw.memsize", "machdep.cpu.brand_string", "iogpu.wired_limit_mb")
# One level of one class: the whole registry (`ioreg -l`) takes a second.
IOREG = ("ioreg", "-r", "-d", "1", "-c", "AGXAccelerator")


def run(command: Sequence[str]) -> str | None:
    """Run a system command for its output; two seconds at most."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=2, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    # sysctl exits 1 when one of several names is unknown (iogpu.* before macOS 14), and still prints the others.
    return done.stdout


def metal_limit_bytes(ram_bytes: int) -> int:
    """What Metal lets the GPU use of `ram_bytes` unless iogpu.wired_limit_mb says otherwise.

    Metal's recommendedMaxWorkingSetSize as llama.cpp prints it: 10,922 MiB of 16 GiB and 21,845 of 32 (two thirds;
    ggml-org/llama.cpp#2011), 73,728 of 96 (three quarters; #3213). Newer macOS gives up to 78 %
    (XiongjieDai/GPU-Benchmarks-on-LLM-Inference README @aa72e0ec), so this is the safe end.
    """
    return ram_bytes * 2 // 3 if ram_bytes <= 32 * GIB else ram_bytes * 3 // 4


def probe(memory: HostMemory, runner: Runner = run) -> ProbeResult:
    """The chip's GPU; nothing on an Intel Mac, whose cards llama.cpp does not use."""
    facts = dict(line.split(": ", 1) for line in (runner(SYSCTL) or "").splitlines() if ": " in line)
    chip = facts.get("machdep.cpu.brand_string", "").strip()
    if not chip:
        return ProbeResult(notes=("The chip is unknown: sysctl did not answer.",))
    if not chip.startswith("Apple "):
        return ProbeResult(notes=(f"This Mac has no Apple GPU (its processor is {chip}).",))
    notes = []
    ram = int(facts["hw.memsize"]) if facts.get("hw.memsize", "").isdigit() else memory.total_bytes
    wired = facts.get("iogpu.wired_limit_mb", "0")
    if wired.isdigit() and int(wired) > 0:
        total = min(int(wired) * MIB, ram)
    else:
        total = metal_limit_bytes(ram)
        notes.append("Metal's share of memory is assumed; sudo sysctl iogpu.wired_limit_mb=N raises it.")
    cores = re.search(r'"gpu-core-count" = (\d+)', runner(IOREG) or "")
    if cores is None:
        notes.append("The number of GPU cores is unknown: ioreg did not answer.")
    name = f"{chip} ({cores[1]})" if cores else chip
    return ProbeResult(
        gpus=(
            FoundGpu(
                device=GpuDevice(
                    index=0,
                    vendor="apple",
                    name=name,
                    profile=None,
                    total_bytes=total,
                    free_bytes=min(total, memory.available_bytes),
                    bandwidth_gb_s=None,
                    unified=True,
                    memory_basis="given" if wired.isdigit() and int(wired) > 0 else "assumed",
                ),
                sheet_name=f"{chip} {cores[1]}-core" if cores else chip,
            ),
        ),
        notes=tuple(notes),
    )
