"""The memory of a graphics card that is described: what its driver shows, and what is free of that."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from r1plan.catalog.hardware import Gpu
from r1plan.errors import UsageError
from r1plan.hardware.machine import Assumption, GpuDevice, Vendor, described_by
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

# What a desktop holds besides, on the card that drives the screen. On Windows 1,523 MiB were gone of 24,563 of an RTX
# 4090 (ggml-org/llama.cpp#27680), 1,213 of 12,226 of an RTX 5070 (antirez/llama.cpp-deepseek-v4-flash#11), 1,151 of
# 16,310 of an RTX 5060 Ti, 1.3 GiB of an RTX 3090 (ollama/ollama#8723) and 1,616 MiB of an RTX 5090: 900 to 1,155 MiB
# beyond the driver's share above. Linux with a browser takes as much, plasmashell alone 309 MiB (ollama/ollama#15179).
_DESKTOP_BYTES = 1_229 * MIB
_DESKTOP_MOST_SHARE = 0.15  # a small card drives a small screen; no source
# A laptop's screen hangs on the processor's graphics: 180 MiB were gone of an RTX 2000 Ada Laptop (a llama.cpp log).
_LAPTOP_BYTES = 205 * MIB
_PROFESSIONAL = re.compile(r"\b(pro|instinct|flex|data center|mi\d+\w?|firepro)\b", re.IGNORECASE)
_LARGEST_CONSUMER_BYTES = 33 * GIB  # an RTX 5090's, of a card whose name is not known

UNKNOWN_GB_S = 300.0
"""The bandwidth that is assumed of a card of which nothing is known."""

_MOST_IN_A_PC = 32  # twice what boards for mining take


def named_card(sheet: Gpu, memory_gib: float | None = None) -> GpuDevice:
    """One card of `sheet`, with nothing on it and no monitor. `memory_gib`: it was changed to have that much."""
    shown = _shown_bytes(sheet, memory_gib)
    reserved = _RESERVED_MIB.get(sheet.id, 0) * MIB or _reserved_bytes(shown)
    device = GpuDevice(
        index=0,
        vendor=vendor_of(sheet),
        name=sheet.name,
        profile=None,
        total_bytes=shown,
        free_bytes=shown - reserved,
        bandwidth_gb_s=None,
        memory_basis="data-sheet" if sheet.id in _SHOWN_MIB and memory_gib is None else "assumed",
    )
    return described_by(device, sheet)


def unnamed_card(vram_gib: float, bandwidth_gb_s: float | None, vendor: Vendor | None) -> GpuDevice:
    """A card of that memory, of which nothing else is known."""
    total = gib_to_bytes(vram_gib)
    return GpuDevice(
        index=0,
        vendor=vendor or "unknown",
        name=f"card with {vram_gib:g} GiB",
        profile=None,
        total_bytes=total,
        free_bytes=total - _reserved_bytes(total),
        bandwidth_gb_s=bandwidth_gb_s,
        memory_basis="given",
    )


def vendor_of(sheet: Gpu) -> Vendor:
    """Who makes it."""
    match sheet.gpu_class:
        case "amd" | "intel" | "qualcomm":
            return sheet.gpu_class
        case _:
            return "nvidia"


def with_other_use(
    gpus: Sequence[GpuDevice], laptops: Iterable[bool], used_gib: float | None
) -> tuple[tuple[GpuDevice, ...], list[Assumption]]:
    """`gpus` with what else holds memory on them, and what is assumed of it.

    `used_gib` is what somebody said that it is, on each. None: a desktop on the first card that a desktop would have,
    and on every laptop's card the little that its driver takes; `laptops` says which those are.

    Raises UsageError when nothing would be left of a card.
    """
    if used_gib is not None:
        return tuple(_less(gpu, gib_to_bytes(used_gib), is_desktop=False) for gpu in gpus), []
    held = [_LAPTOP_BYTES if is_laptop else 0 for is_laptop in laptops]
    screen = next((place for place, gpu in enumerate(gpus) if _is_consumer(gpu) and not held[place]), None)
    if screen is not None and not any(held):
        held[screen] = min(_DESKTOP_BYTES, round(gpus[screen].total_bytes * _DESKTOP_MOST_SHARE))
    most = max(held, default=0)
    if not gpus:
        return (), []
    because = None if len(gpus) == 1 else "on one card" if held.count(0) == len(held) - 1 else "on each card"
    if not most:
        because = None
    held_gib = round(most / GIB, 1) or round(most / GIB, 2)
    assumed = Assumption(what="desktop", figure=held_gib, unit="GiB", option="--vram-used", because=because)
    return tuple(_less(gpu, each, is_desktop=True) for gpu, each in zip(gpus, held, strict=True)), [assumed]


def refuse_a_crowd(cards: Sequence[GpuDevice]) -> None:
    """Raise UsageError for more cards for PCs than one has."""
    for_pcs = [each for each in cards if each.gpu_class != "nvidia-datacentre" and not _PROFESSIONAL.search(each.name)]
    if len(for_pcs) > _MOST_IN_A_PC:
        raise UsageError(
            f"{len(for_pcs):,} x {for_pcs[0].name}: no machine has so many.", "name the cards of one machine."
        )


def _is_consumer(gpu: GpuDevice) -> bool:
    if gpu.gpu_class is None:
        return gpu.total_bytes <= _LARGEST_CONSUMER_BYTES
    return gpu.gpu_class == "nvidia-consumer" or (
        gpu.gpu_class in ("amd", "intel") and not _PROFESSIONAL.search(gpu.name)
    )


def _less(gpu: GpuDevice, held_bytes: int, *, is_desktop: bool) -> GpuDevice:
    free = gpu.free_bytes - held_bytes
    if free <= 0:
        held = held_bytes / GIB
        raise UsageError(
            f"--vram-used {held:g}: {gpu.name} has {gpu.total_bytes / GIB:.1f} GiB, and nothing would be left.",
            f"it is in GiB: {held:g} MiB would be {held / 1024:.2g}.",
        )
    return replace(gpu, free_bytes=free, desktop_bytes=held_bytes if is_desktop else 0)


def _shown_bytes(sheet: Gpu, memory_gib: float | None) -> int:
    if memory_gib is None and (mib := _SHOWN_MIB.get(sheet.id)):
        return mib * MIB
    if sheet.memory_type.startswith("HBM"):
        share = _SHOWN_HBM
    else:
        share = _SHOWN_ECC if sheet.gpu_class == "nvidia-datacentre" else _SHOWN
    return round((memory_gib or sheet.vram_gib or 0) * GIB * share)


def _reserved_bytes(shown: int) -> int:
    return round(shown * _RESERVED_SHARE)
