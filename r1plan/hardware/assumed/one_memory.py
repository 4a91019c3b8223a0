"""A described machine with one memory for processor and graphics: Apple's chips, boxes such as GB10, laptops."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from r1plan.catalog.hardware import AppleChip, Gpu
from r1plan.errors import UsageError
from r1plan.hardware.apple import metal_limit_bytes
from r1plan.hardware.assumed.card import vendor_of
from r1plan.hardware.assumed.host import LEAST_RAM_GIB, HostFigures, cores_of, host_memory, system_share
from r1plan.hardware.machine import Assumption, Cpu, GpuDevice, HostMemory, Machine, Vendor, described_by
from r1plan.units import GIB, gib_to_bytes

# What a GB10's system shows of its 128 GB (leptonai/gpud#1170; 121.7 GiB in XuehaiPan/nvitop#208).
_GB10_RAM_BYTES = 128_501_256_192
# A Jetson's firmware keeps a part of its memory: tegrastats shows about 62,800 MB of an AGX Orin's 64 GiB and 7,620 of
# an Orin Nano's 8. From general knowledge.
_JETSON_SHARE = 0.93

# The most that AMD's "variable graphics memory" gives the graphics of a Ryzen AI Max: 96 of 128 GB. Linux can map more.
_AMD_BOX_SHARE = 0.75
# Graphics inside other processors may map half of main memory: amdgpu's GTT and Windows' shared memory alike.
_INTEGRATED_SHARE = 0.5
_SHARES: dict[Vendor | None, float] = {"nvidia": 1.0, "intel": _INTEGRATED_SHARE}  # of one memory without a name
_ARM: dict[Vendor, str] = {"apple": "arm64", "nvidia": "aarch64", "qualcomm": "aarch64"}
_CORES = 8
_UNKNOWN_GB_S, _UNKNOWN_LAYOUT = 76.8, "ddr5-4800-2ch"  # the slowest memory of today's sockets


class OneMemory(NamedTuple):
    """What was said of it: `size_gib` by any option or the name, `used_gib` all that models may not have."""

    size_gib: float | None
    bandwidth_gb_s: float | None
    used_gib: float | None
    host: HostFigures


def named_box(sheet: Gpu | AppleChip, said: OneMemory) -> Machine:
    """The machine whose chip is `sheet`, with the least memory that it is sold with where none was said.

    Raises UsageError for a size that it is not sold with.
    """
    vendor: Vendor = "apple" if isinstance(sheet, AppleChip) else vendor_of(sheet)
    size_gib, assumptions = _size(sheet, said.size_gib)
    total = _shown_bytes(sheet, size_gib)
    bandwidth, basis = said.bandwidth_gb_s or sheet.bandwidth_gb_s, "given" if said.bandwidth_gb_s else "data-sheet"
    if bandwidth is None:
        bandwidth, basis, assumed = _unknown_rate()
        assumptions.append(assumed)
    elif basis != "given" and isinstance(sheet, Gpu) and sheet.vram_gib is None:  # what the owner put in decides
        basis = "assumed"
        assumptions.append(_rate(bandwidth, sheet.memory_type))
    elif "bandwidth_gb_s" in sheet.unsourced and basis != "given":
        basis = "assumed"
    memory = host_memory(total, bandwidth, basis)
    device = GpuDevice(
        index=0,
        vendor=vendor,
        name=sheet.name,
        profile=sheet.id,
        total_bytes=_graphics_bytes(sheet, total),
        free_bytes=0,
        bandwidth_gb_s=bandwidth,
        gpu_class="apple",
        unified=True,
        memory_basis="assumed",
    )
    if isinstance(sheet, Gpu):
        device = replace(described_by(device, sheet), bandwidth_gb_s=bandwidth)
    cpu = Cpu(model=sheet.name.split(" (")[0], cores=_CORES, architecture=_ARM.get(vendor, "x86_64"))
    if sheet.cpu_cores and not said.host.cores:
        said = said._replace(host=said.host._replace(cores=sheet.cpu_cores))
    return _machine(device, cpu, memory, said, assumptions)


def unnamed_box(size_gib: float, said: OneMemory, vendor: Vendor | None) -> Machine:
    """A machine of which only its one memory is known."""
    bandwidth, basis, assumptions = said.bandwidth_gb_s, "given", []
    if bandwidth is None and said.host.processor is not None:
        bandwidth, basis = said.host.processor.bandwidth_gb_s, "data-sheet"
        assumptions.append(_rate(bandwidth, said.host.processor.memory))
    elif bandwidth is None:
        bandwidth, basis, assumed = _unknown_rate()
        assumptions.append(assumed)
    total = gib_to_bytes(size_gib)
    device = GpuDevice(
        index=0,
        vendor=vendor or "unknown",
        name=f"graphics on {size_gib:g} GiB",
        profile=None,
        total_bytes=round(total * _SHARES.get(vendor, _AMD_BOX_SHARE)),
        free_bytes=0,
        bandwidth_gb_s=bandwidth,
        unified=True,
        memory_basis="given",
    )
    processor = said.host.processor
    cpu = Cpu(model=(processor and processor.name) or "assumed", cores=_CORES, architecture="x86_64")
    if processor is not None:
        cpu = replace(cpu, architecture=processor.architecture, avx512=processor.avx512, amx=processor.amx)
    return _machine(device, cpu, host_memory(total, bandwidth, basis), said, assumptions)


def sizes_of(sheet: Gpu | AppleChip) -> tuple[int, ...]:
    """The GiB that it is sold with; empty where that is whatever the owner put in."""
    if sheet.memory_options_gib or isinstance(sheet, AppleChip) or sheet.vram_gib is None:
        return sheet.memory_options_gib
    return (round(sheet.vram_gib),)


def _size(sheet: Gpu | AppleChip, said_gib: float | None) -> tuple[float, list[Assumption]]:
    options = sizes_of(sheet)
    if said_gib is not None:
        if options and said_gib not in options:
            raise UsageError(
                f"{said_gib:g} GiB: {sheet.name} is not sold with that much.", f"it has {_listed(options, 'or')} GiB."
            )
        return said_gib, []
    if len(options) == 1:
        return options[0], []
    size = min(options, default=LEAST_RAM_GIB)
    why = f"the least of {_listed(options)}" if options else "the least that is usual"
    return size, [Assumption(what="unified", figure=size, unit="GiB", option="--ram", because=why)]


def _listed(sizes: Sequence[int], last: str = "and") -> str:
    *most, largest = (str(each) for each in sorted(sizes))
    return f"{', '.join(most)} {last} {largest}" if most else largest


def _shown_bytes(sheet: Gpu | AppleChip, size_gib: float) -> int:
    if sheet.id == "gb10":
        return _GB10_RAM_BYTES
    is_jetson = isinstance(sheet, Gpu) and sheet.gpu_class == "nvidia-jetson"
    return round(gib_to_bytes(size_gib) * (_JETSON_SHARE if is_jetson else 1.0))


def _graphics_bytes(sheet: Gpu | AppleChip, total: int) -> int:
    if isinstance(sheet, AppleChip):
        return metal_limit_bytes(total)
    if sheet.gpu_class.startswith("nvidia") or sheet.memory_type.startswith("HBM"):
        return total
    return round(total * (_AMD_BOX_SHARE if sheet.memory_options_gib else _INTEGRATED_SHARE))


def _rate(gb_s: float, why: str | None) -> Assumption:
    return Assumption(what="ram-bandwidth", figure=gb_s, unit="GB/s", option="--ram-bandwidth", because=why)


def _unknown_rate() -> tuple[float, str, Assumption]:
    return _UNKNOWN_GB_S, "assumed", _rate(_UNKNOWN_GB_S, _UNKNOWN_LAYOUT)


def _graphics_share(device: GpuDevice) -> Assumption:
    share = round(device.total_bytes / GIB, 2)
    why = "macOS's limit" if device.vendor == "apple" else None
    return Assumption(what="graphics-share", figure=share, unit="GiB", option=None, because=why)


def _machine(
    device: GpuDevice, cpu: Cpu, memory: HostMemory, said: OneMemory, assumptions: list[Assumption]
) -> Machine:
    """All of it, with what models may have of the memory."""
    total = memory.total_bytes
    if said.used_gib is not None:
        left = total - gib_to_bytes(said.used_gib)
        if left <= 0:
            raise UsageError(
                f"--vram-used {said.used_gib:g}: {device.name} has {total / GIB:.1f} GiB, and nothing would be left.",
                "give what models may not have, in GiB.",
            )
        memory = replace(memory, available_bytes=left)
    else:
        assumptions.append(system_share(total, "--vram-used"))
    if device.total_bytes < total:  # the system's limit: leaving memory to models does not lift it
        assumptions.append(_graphics_share(device))
    device = replace(device, free_bytes=min(device.total_bytes, memory.available_bytes))
    cores, assumed = cores_of(said.host, cpu.cores)
    return Machine(
        origin="described",
        system="darwin" if device.vendor == "apple" else "linux",
        cpu=replace(cpu, cores=cores),
        memory=memory,
        gpus=(device,),
        assumptions=(*assumptions, *assumed),
    )
