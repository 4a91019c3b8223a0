"""A machine in words: one sentence, then aligned lines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby

from r1plan.hardware.machine import GpuDevice, GpuProcess, HostMemory, Machine
from r1plan.render.text.units import card_name, count, gib, memory_size
from r1plan.render.text.wrap import labelled, wrapped
from r1plan.units import GB


def lines(machine: Machine, width: int) -> list[str]:
    """The machine for a terminal of `width` columns, the answer in the first line."""
    told = [*wrapped(sentence(machine), width, cut_words=True), "", *_alike(machine.gpus, width)]
    cpu, memory = machine.cpu, machine.memory
    physical = f", {cpu.physical_cores} physical" if cpu.physical_cores else ""
    told += labelled(
        "processor", f"{cpu.model} ({cpu.architecture}), {count(cpu.cores, 'core')} usable{physical}", width
    )
    told += labelled("memory", _memory(memory), width)
    if memory.limit_bytes is not None:
        told += labelled("container", f"limited to {gib(memory.limit_bytes)} GiB of memory", width)
    if machine.disk:
        told += labelled(
            "disk", f"{machine.disk.free_bytes / GB:,.0f} GB free for models in {machine.disk.path}", width
        )
    return told


def sentence(machine: Machine) -> str:
    """The machine in one sentence."""
    cores = count(machine.cpu.cores, "core")
    memory = machine.memory
    if len(machine.gpus) == 1 and machine.gpus[0].unified:
        unified = machine.gpus[0]
        return (
            f"{card_name(unified.name)} with {gib(memory.total_bytes)} GiB of memory for processor and graphics, "
            f"{gib(unified.free_bytes)} free for models; {cores}."
        )
    cards = "; ".join(_cards(machine.gpus)) or "No graphics card found"
    return f"{cards}; {gib(memory.usable_bytes)} GiB RAM, {gib(memory.available_bytes)} available; {cores}."


def _cards(gpus: tuple[GpuDevice, ...]) -> Iterator[str]:
    """Cards of a kind together: "2 x RTX 4090, 46.2 of 48.0 GiB free"."""
    for name, alike in groupby(gpus, key=lambda each: each.name):
        group = list(alike)
        free = gib(sum(each.free_bytes for each in group))
        total = gib(sum(each.total_bytes for each in group))
        yield f"{len(group)} x {card_name(name)}, {free} of {total} GiB free"


def _alike(gpus: tuple[GpuDevice, ...], width: int) -> Iterator[str]:
    """Neighbouring devices that differ in nothing but their number, told once."""
    for _, same in groupby(gpus, key=lambda each: replace(each, index=0)):
        group = list(same)
        first, last = group[0], group[-1]
        label = f"GPU {first.index}" if first is last else f"GPU {first.index}-{last.index}"
        yield from labelled(label, f"{first.name} ({first.profile or 'no data sheet'})", width)
        yield from labelled("", ", ".join(_facts(first, each="" if first is last else " each")), width)
        if first.processes:
            yield from labelled("", f"held by {', '.join(_holder(each) for each in first.processes)}", width)


def _facts(gpu: GpuDevice, each: str) -> Iterator[str]:
    """What matters for a plan first, then how the device is connected."""
    yield f"{gib(gpu.free_bytes)} of {gib(gpu.total_bytes)} GiB free{each}"
    yield f"{gpu.bandwidth_gb_s:,.0f} GB/s" if gpu.bandwidth_gb_s is not None else "bandwidth unknown"
    if gpu.unified:
        yield "shared with the processor"
    if gpu.mig:
        yield "MIG slice"
    if gpu.pcie_generation and gpu.pcie_lanes:
        yield f"PCIe {gpu.pcie_generation} x{gpu.pcie_lanes}"
    if gpu.power_limit_w:
        yield f"{gpu.power_limit_w:.0f} W"
    if gpu.compute_capability:
        yield f"compute {gpu.compute_capability}"
    if gpu.driver:
        yield f"driver {gpu.driver}"


def _holder(process: GpuProcess) -> str:
    used = "an unknown amount" if process.used_bytes is None else memory_size(process.used_bytes)
    return f"{process.name or 'a process'} ({process.pid}) {used}"


def _memory(memory: HostMemory) -> str:
    rate = "bandwidth unknown"
    if memory.bandwidth_gb_s is not None:
        basis = f" ({memory.bandwidth_basis})" if memory.bandwidth_basis else ""
        rate = f"{memory.bandwidth_gb_s:,.1f} GB/s{basis}"
    return f"{gib(memory.available_bytes)} of {gib(memory.total_bytes)} GiB available, {rate}"
