"""The processor and main memory of a described machine."""

from __future__ import annotations

from typing import NamedTuple

from r1plan.hardware.bandwidth import DDR4_8CH, DESKTOP
from r1plan.hardware.machine import Assumption, Cpu, HostMemory
from r1plan.units import GIB, gib_to_bytes

# The operating system and an idle desktop, but no more than a quarter of a small machine.
_SYSTEM_BYTES = 2 * GIB
_DESKTOP_CORES = 8
_SERVER_CORES = 16
LEAST_RAM_GIB = 16
_DESKTOP_RAM_GIB = 256  # four modules of 64 GB, the most that boards with two channels take
_DESKTOP_GB_S = 154  # more than two channels of DDR5-9600 give
_MODULE_GIB = 16  # the smallest that servers with DDR5 are sold with


class Processor(NamedTuple):
    """A processor that was named, or the memory of one.

    `name` and `cores` are None where only its memory was named. `bandwidth_gb_s` is one socket's, with all channels
    filled with what `memory` says in words; `is_sourced` says whether a data sheet stands behind that.
    `server_channels` are those of all sockets, 0 for a desktop's or laptop's.
    """

    name: str | None
    cores: int | None
    bandwidth_gb_s: float
    memory: str
    is_sourced: bool = True
    sockets: int = 1
    server_channels: int = 0
    architecture: str = "x86_64"
    avx512: bool | None = None
    amx: bool | None = None


class HostFigures(NamedTuple):
    """What was said of processor and main memory, None where nothing was."""

    ram_gib: float | None = None
    ram_bandwidth_gb_s: float | None = None
    cores: int | None = None
    processor: Processor | None = None


def assumed_host(
    said: HostFigures, *, vram_gib: float, has_server_card: bool
) -> tuple[Cpu, HostMemory, list[Assumption]]:
    """Processor and memory of a machine whose cards have `vram_gib` together, and what of them is assumed."""
    processor = said.processor
    assumptions: list[Assumption] = []
    ram_gib = said.ram_gib
    if ram_gib is None:
        ram_gib, why = _usual_ram(vram_gib, processor)
        assumptions.append(Assumption(what="ram", figure=ram_gib, unit="GiB", option="--ram", because=why))
    total = gib_to_bytes(ram_gib)
    assumptions.append(system_share(total))
    gb_s = said.ram_bandwidth_gb_s
    server = has_server_card or ram_gib > _DESKTOP_RAM_GIB or (gb_s or 0) > _DESKTOP_GB_S
    layout = DDR4_8CH if server else DESKTOP
    basis = "given"
    if gb_s is None:
        gb_s, why = (processor.bandwidth_gb_s, processor.memory) if processor else (layout.gb_s, layout.row)
        basis = "data-sheet" if processor and processor.is_sourced else "assumed"
        assumptions.append(_rate(gb_s, why))
    cpu, assumed = _cpu(said, _SERVER_CORES if server or (processor and processor.server_channels) else _DESKTOP_CORES)
    return cpu, host_memory(total, gb_s, basis), assumptions + assumed


def cores_of(said: HostFigures, usual: int) -> tuple[int, list[Assumption]]:
    """How many cores there are, and whether that is assumed."""
    named = said.processor.cores if said.processor else None
    if cores := said.cores or named:
        return cores, []
    return usual, [Assumption(what="cores", figure=usual, unit="cores", option="--cores")]


def host_memory(total: int, bandwidth_gb_s: float | None, basis: str | None) -> HostMemory:
    """Main memory of which the system holds its usual share."""
    return HostMemory(
        total_bytes=total,
        available_bytes=total - _system_bytes(total),
        bandwidth_gb_s=bandwidth_gb_s,
        bandwidth_basis=basis,  # type: ignore[arg-type]
    )


def system_share(total: int, option: str = "--ram") -> Assumption:
    """What the operating system is assumed to hold of `total` bytes."""
    return Assumption(what="system", figure=round(_system_bytes(total) / GIB, 2), unit="GiB", option=option)


def _system_bytes(total: int) -> int:
    return min(_SYSTEM_BYTES, total // 4)


def _usual_ram(vram_gib: float, processor: Processor | None) -> tuple[float, str]:
    if processor and (modules := processor.server_channels * _MODULE_GIB) >= max(vram_gib, LEAST_RAM_GIB):
        return modules, f"{_MODULE_GIB} a channel"
    if vram_gib >= LEAST_RAM_GIB:
        return vram_gib, "as much as the cards have"
    return LEAST_RAM_GIB, "the least that is usual"


def _rate(gb_s: float, why: str) -> Assumption:
    return Assumption(what="ram-bandwidth", figure=gb_s, unit="GB/s", option="--ram-bandwidth", because=why)


def _cpu(said: HostFigures, usual_cores: int) -> tuple[Cpu, list[Assumption]]:
    cores, assumed = cores_of(said, usual_cores)
    processor = said.processor
    if processor is None or processor.name is None:
        # The speed of one that nobody named is not bound by cores that are only assumed.
        return Cpu(model="assumed" if assumed else "unnamed", cores=cores, architecture="x86_64"), assumed
    sockets = f"{processor.sockets} x " if processor.sockets > 1 else ""
    cpu = Cpu(
        model=f"{sockets}{processor.name}",
        cores=cores,
        physical_cores=processor.cores,
        architecture=processor.architecture,
        avx512=processor.avx512,
        amx=processor.amx,
        sockets=processor.sockets,
    )
    return cpu, assumed
