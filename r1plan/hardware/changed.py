"""The computer that this runs on, but for what a person says of it: "what if I added RAM", "nothing is on the card"."""

from __future__ import annotations

from dataclasses import dataclass, replace

from r1plan.errors import UsageError
from r1plan.hardware.assumed.host import host_memory
from r1plan.hardware.detect import ASSUMED_RATE
from r1plan.hardware.machine import CHANGED, GpuDevice, Machine
from r1plan.units import GIB, gib_to_bytes

_DRIVER_SHARE = 0.02  # what a driver keeps of a card's memory; see hardware.assumed.card


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineChange:
    """What was said, None where nothing was."""

    ram_gib: float | None = None
    ram_bandwidth_gb_s: float | None = None
    cores: int | None = None
    vram_used_gib: float | None = None


def changed(machine: Machine, change: MachineChange) -> Machine:
    """`machine` with what `change` says; all else, such as its cards, stays, and a note says what does not.

    Raises UsageError for a machine whose memory is part of its chip.
    """
    if change == MachineChange():
        return machine
    memory, notes = machine.memory, list(machine.notes)
    told = []
    if change.ram_gib is not None:
        if any(each.unified for each in machine.gpus):
            raise UsageError(
                f"--ram {change.ram_gib:g}: the memory of {machine.gpus[0].name} is part of the chip.",
                "describe the machine that you mean with --gpu.",
            )
        memory = host_memory(gib_to_bytes(change.ram_gib), memory.bandwidth_gb_s, memory.bandwidth_basis)
        told.append(f"{change.ram_gib:g} GiB of RAM")
    if change.ram_bandwidth_gb_s is not None:
        memory = replace(memory, bandwidth_gb_s=change.ram_bandwidth_gb_s, bandwidth_basis="given")
        notes = [each for each in notes if not each.startswith(ASSUMED_RATE)]
        told.append(f"{change.ram_bandwidth_gb_s:g} GB/s of it")
    cpu = machine.cpu if change.cores is None else replace(machine.cpu, cores=change.cores)
    if change.cores is not None:
        told.append("1 core" if change.cores == 1 else f"{change.cores} cores")
    gpus = machine.gpus
    if change.vram_used_gib is not None:
        if not gpus:
            raise UsageError("--vram-used: this machine has no graphics card.", "describe one with --gpu or --vram.")
        gpus = tuple(_used(each, change.vram_used_gib) for each in gpus)
        told.append(f"{change.vram_used_gib:g} GiB held on each card")
    notes.insert(0, f"{CHANGED}, with {', '.join(told)}; --gpu, --vram, --cpu or --cpu-only describe another.")
    return replace(machine, cpu=cpu, memory=memory, gpus=gpus, notes=tuple(notes))


def _used(gpu: GpuDevice, used_gib: float) -> GpuDevice:
    free = gpu.total_bytes - round(gpu.total_bytes * _DRIVER_SHARE) - gib_to_bytes(used_gib)
    if free <= 0:
        raise UsageError(
            f"--vram-used {used_gib:g}: {gpu.name} has {gpu.total_bytes / GIB:.1f} GiB, and nothing would be left.",
            f"it is in GiB: {used_gib:g} MiB would be {used_gib / 1024:.2g}.",
        )
    return replace(gpu, free_bytes=free)
