"""A machine that is not here, from what a person says of it. What was not said is assumed, and a note says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from r1plan.catalog.hardware import AppleChip, Gpu
from r1plan.errors import UsageError
from r1plan.hardware.apple import metal_limit_bytes
from r1plan.hardware.bandwidth import DDR4_8CH, DESKTOP
from r1plan.hardware.detect import described_by
from r1plan.hardware.machine import Cpu, GpuDevice, HostMemory, Machine, Vendor
from r1plan.units import GIB, MIB, gib_to_bytes

# What nvidia-smi shows of a card, in MiB. Sources: modal-labs/modal-client#2797 (H100, A100, A10, L40S, L4, T4);
# RLinf/RLinf#255 (RTX 4090); noonghunna/club-3090#741 (RTX 5090, RTX 3090); nvidia-smi on an H200.
_SHOWN_MIB = {
    "h100-sxm-80gb": 81_559,
    "h200-sxm-141gb": 143_771,
    "a100-sxm-80gb": 81_920,
    "a100-pcie-80gb": 81_920,
    "a100-sxm-40gb": 40_960,
    "a100-pcie-40gb": 40_960,
    "a10": 23_028,
    "l40s": 46_068,
    "l4": 23_034,
    "t4": 15_360,
    "rtx-5090": 32_607,
    "rtx-4090": 24_564,
    "rtx-3090": 24_576,
}
# For the others, the worst of their kind above: HBM like the H100; data-centre GDDR like the L4, whose error correction
# takes a sixteenth; all else like the RTX 5090.
_SHOWN_HBM = 81_559 / 81_920
_SHOWN_ECC = 23_034 / 24_576
_SHOWN = 32_607 / 32_768

# What the driver keeps of that, so that a process cannot have it. Measured on the H100: 480 MiB, as 85,017,493,504
# bytes are left (gpu_total_bytes in tests/measured/vram_measured_h100.jsonl). Of the others, CUDA reports 23.64 GiB on
# an RTX 4090 (ali-vilab/VGen#104: 1.5 % less than shown), 31.37 on an RTX 5090 (Wan-Video/Wan2.1#465: 1.5 %) and 44.43
# on an RTX 6000 Ada (DINGYANB/MTVCrafter#21: 1.2 %).
_RESERVED_MIB = {"h100-sxm-80gb": 480, "h200-sxm-141gb": 615}
_RESERVED_SHARE = 0.015

# What a GB10's system shows of its 128 GB (leptonai/gpud#1170; 121.7 GiB in XuehaiPan/nvitop#208).
_GB10_RAM_BYTES = 128_501_256_192

# The most that AMD's "variable graphics memory" gives the graphics of a Ryzen AI Max: 96 of 128 GB. Linux can map more.
_AMD_SHARE_PERCENT = 75
_ARCHITECTURES: dict[Vendor, str] = {
    "apple": "arm64",
    "amd": "x86_64",
    "intel": "x86_64",
    "nvidia": "aarch64",
    "qualcomm": "aarch64",
}

# The operating system and an idle desktop, but no more than a quarter of a small machine.
_SYSTEM_BYTES = 2 * GIB
_GUESSED_SPEED = "The card's speed is a guess, as nothing is known of it; --bandwidth sets what it reads."
_DESKTOP_CORES = 8
_SERVER_CORES = 16
_LEAST_RAM_GIB = 16
_DESKTOP_RAM_GIB = 256  # four modules of 64 GB, the most that boards with two channels take


@dataclass(frozen=True, slots=True)
class DescribedCard:
    """Cards of a kind as a person named them, `count` of them.

    `memory_gib` is the size that the name said, which chooses among those the sheet is sold with; None when it said
    none. `note` is what to say of how the name was taken.
    """

    sheet: Gpu | AppleChip
    count: int = 1
    memory_gib: float | None = None
    note: str | None = None


def describe(
    cards: Sequence[DescribedCard] = (),
    *,
    vram_gib: float | None = None,
    bandwidth_gb_s: float | None = None,
    ram_gib: float | None = None,
    ram_bandwidth_gb_s: float | None = None,
) -> Machine:
    """The machine with `cards`, or with one unknown card of `vram_gib` and `bandwidth_gb_s`.

    Without `ram_gib` it gets as much as its cards have, and 16 GiB at least; a chip with unified memory, the most that
    it is sold with. Raises UsageError for what no machine can be.
    """
    unified = [each.sheet for each in cards if _unified(each.sheet)]
    if unified:
        sheet = unified[0]
        if len(cards) > 1 or cards[0].count > 1:
            raise UsageError(
                f"{sheet.name} is a whole machine: no other card goes with it, nor a second one.", "name it alone."
            )
        return _one_memory(sheet, ram_gib, ram_bandwidth_gb_s)
    notes = [each.note for each in cards if each.note is not None]
    discrete = [(each.sheet, each.count) for each in cards if isinstance(each.sheet, Gpu)]
    gpus = [_card(sheet) for sheet, count in discrete for _ in range(count)]
    if vram_gib is not None:
        gpus.append(_unknown_card(vram_gib, bandwidth_gb_s))
        if bandwidth_gb_s is None:
            notes.append(_GUESSED_SPEED)
    if ram_gib is None:
        vram = sum((sheet.vram_gib or 0) * count for sheet, count in discrete) + (vram_gib or 0)
        ram_gib = max(_LEAST_RAM_GIB, vram)
        why = "as much as the cards have" if vram >= _LEAST_RAM_GIB else "the least that is usual"
        notes.append(f"{ram_gib:g} GiB of RAM are assumed, {why}; --ram sets it.")
    server = ram_gib > _DESKTOP_RAM_GIB or any(sheet.memory_type.startswith("HBM") for sheet, _ in discrete)
    cores = _SERVER_CORES if server else _DESKTOP_CORES
    layout = DDR4_8CH if server else DESKTOP
    if ram_bandwidth_gb_s is None:
        notes.append(f"Memory bandwidth is assumed, {layout.gb_s:.1f} GB/s ({layout.row}); --ram-bandwidth sets it.")
    notes.append(f"{cores} processor cores are assumed.")
    return Machine(
        origin="described",
        system="linux",
        cpu=Cpu(model="assumed", cores=cores, architecture="x86_64"),
        memory=_host_memory(
            gib_to_bytes(ram_gib), ram_bandwidth_gb_s or layout.gb_s, "given" if ram_bandwidth_gb_s else "assumed"
        ),
        gpus=tuple(replace(each, index=index) for index, each in enumerate(gpus)),
        notes=tuple(notes),
    )


def with_memory(machine: Machine, ram_gib: float | None, ram_bandwidth_gb_s: float | None) -> Machine:
    """`machine` with other main memory, as "what if I added RAM" asks; its cards stay.

    Raises UsageError for a machine whose memory is part of its chip.
    """
    if ram_gib is None and ram_bandwidth_gb_s is None:
        return machine
    if ram_gib is not None and any(each.unified for each in machine.gpus):
        raise UsageError(
            f"--ram {ram_gib:g}: the memory of {machine.gpus[0].name} is part of the chip.",
            "describe the machine that you mean with --gpu.",
        )
    memory = machine.memory
    if ram_gib is not None:
        memory = _host_memory(gib_to_bytes(ram_gib), memory.bandwidth_gb_s, memory.bandwidth_basis)
    if ram_bandwidth_gb_s is not None:
        memory = replace(memory, bandwidth_gb_s=ram_bandwidth_gb_s, bandwidth_basis="given")
    notes = tuple(each for each in machine.notes if ram_bandwidth_gb_s is None or "bandwidth is assumed" not in each)
    return replace(machine, origin="described", memory=memory, notes=notes)


def assumed_speed(machine: Machine) -> str | None:
    """The note that says that a card's speed is a guess, None when it is not."""
    return _GUESSED_SPEED if _GUESSED_SPEED in machine.notes else None


def assumed_ram(machine: Machine) -> str | None:
    """The note that says how much main memory was assumed, None when it was given or detected."""
    return next((each for each in machine.notes if " GiB " in each and "are assumed" in each), None)


def _vendor(sheet: Gpu) -> Vendor:
    match sheet.gpu_class:
        case "amd" | "intel" | "qualcomm":
            return sheet.gpu_class
        case _:
            return "nvidia"


def _unified(sheet: Gpu | AppleChip) -> bool:
    return isinstance(sheet, AppleChip) or sheet.unified


def _host_memory(total: int, bandwidth_gb_s: float | None, basis: str | None) -> HostMemory:
    return HostMemory(
        total_bytes=total,
        available_bytes=total - min(_SYSTEM_BYTES, total // 4),
        bandwidth_gb_s=bandwidth_gb_s,
        bandwidth_basis=basis,  # type: ignore[arg-type]
    )


def _card(sheet: Gpu) -> GpuDevice:
    """One card of `sheet`, with nothing on it and no monitor."""
    shown = _shown_bytes(sheet)
    reserved = _RESERVED_MIB.get(sheet.id, 0) * MIB or _reserved_bytes(shown)
    device = GpuDevice(
        index=0,
        vendor=_vendor(sheet),
        name=sheet.name,
        profile=None,
        total_bytes=shown,
        free_bytes=shown - reserved,
        bandwidth_gb_s=None,
        memory_basis="data-sheet" if sheet.id in _SHOWN_MIB else "assumed",
    )
    return described_by(device, sheet)


def _shown_bytes(sheet: Gpu) -> int:
    if mib := _SHOWN_MIB.get(sheet.id):
        return mib * MIB
    if sheet.memory_type.startswith("HBM"):
        share = _SHOWN_HBM
    else:
        share = _SHOWN_ECC if sheet.gpu_class == "nvidia-datacentre" else _SHOWN
    return round((sheet.vram_gib or 0) * GIB * share)


def _reserved_bytes(shown: int) -> int:
    return round(shown * _RESERVED_SHARE)


def _unknown_card(vram_gib: float, bandwidth_gb_s: float | None) -> GpuDevice:
    total = gib_to_bytes(vram_gib)
    return GpuDevice(
        index=0,
        vendor="unknown",
        name=f"card with {vram_gib:g} GiB",
        profile=None,
        total_bytes=total,
        free_bytes=total - _reserved_bytes(total),
        bandwidth_gb_s=bandwidth_gb_s,
        memory_basis="given",
    )


def _one_memory(sheet: Gpu | AppleChip, ram_gib: float | None, ram_bandwidth_gb_s: float | None) -> Machine:
    """A machine whose chip has one memory for processor and graphics."""
    options = sheet.memory_options_gib
    if isinstance(sheet, Gpu) and not options:
        options = (round(sheet.vram_gib or _LEAST_RAM_GIB),)
    sold = ", ".join(str(each) for each in options)
    notes: list[str] = []
    if isinstance(sheet, Gpu) and sheet.vram_gib is None and not sheet.memory_options_gib:
        if ram_gib is None:
            ram_gib = _LEAST_RAM_GIB
            notes.append(f"{ram_gib:g} GiB of RAM are assumed, the least that is usual; --ram sets it.")
    elif ram_gib is None:
        ram_gib = max(options)
        if len(options) > 1:
            notes.append(
                f"{ram_gib:g} GiB are assumed, the most that {sheet.name} is sold with ({sold}); --ram chooses."
            )
    elif ram_gib not in options:
        raise UsageError(f"--ram {ram_gib:g}: {sheet.name} is not sold with that much.", f"it has {sold} GiB.")
    vendor: Vendor = "apple" if isinstance(sheet, AppleChip) else _vendor(sheet)
    total = _GB10_RAM_BYTES if sheet.id == "gb10" else gib_to_bytes(ram_gib)
    bandwidth = ram_bandwidth_gb_s or sheet.bandwidth_gb_s
    memory = _host_memory(total, bandwidth, "given" if ram_bandwidth_gb_s else "data-sheet")
    usable = metal_limit_bytes(total) if vendor == "apple" else total
    if vendor == "amd":
        usable = total * _AMD_SHARE_PERCENT // 100
        notes.append(f"Its graphics are taken to have {usable / GIB:g} of {ram_gib:g} GiB; firmware and ttm set that.")
    device = GpuDevice(
        index=0,
        vendor=vendor,
        name=sheet.name,
        profile=sheet.id,
        total_bytes=usable,
        free_bytes=min(usable, memory.available_bytes),
        bandwidth_gb_s=bandwidth,
        gpu_class="apple",
        unified=True,
        memory_basis="assumed",
    )
    if isinstance(sheet, Gpu):
        device = replace(described_by(device, sheet), bandwidth_gb_s=bandwidth)
    cores = _DESKTOP_CORES
    notes.append(f"{cores} processor cores are assumed.")
    return Machine(
        origin="described",
        system="darwin" if vendor == "apple" else "linux",
        cpu=Cpu(model=sheet.name.split(" (")[0], cores=cores, architecture=_ARCHITECTURES[vendor]),
        memory=memory,
        gpus=(device,),
        notes=tuple(notes),
    )
