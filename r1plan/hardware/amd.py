"""AMD cards through sysfs, as the amdgpu driver describes them (Linux Documentation/gpu/amdgpu/driver-misc.rst).

Integrated graphics use the host's memory and are no card: Strix Halo, whose memory is four channels wide, is reported
as one unified device; the others would gain nothing over the processor and are left out with a note.
"""

from __future__ import annotations

import re
from pathlib import Path

from r1plan.hardware import kernel_files
from r1plan.hardware.found import FoundGpu, ProbeResult
from r1plan.hardware.machine import GpuDevice, HostMemory

_PCI_VENDOR = 0x1002
_STRIX_HALO = 0x1586
# profiles/hardware, CPU memory lpddr5x-8000-256bit: 8000 MT/s x 8 bytes x 4 channels.
_STRIX_HALO_GB_S = 256.0

# (PCI device, revision or None for any): marketing name, for systems without libdrm's own list.
# Source: libdrm data/amdgpu.ids, X11Libre/drm @fd15acdb.
_NAMES: dict[tuple[int, int | None], str] = {
    (0x66A1, 0x02): "AMD Instinct MI60 / MI50",
    (0x738C, None): "AMD Instinct MI100",
    (0x73A3, None): "AMD Radeon Pro W6800",
    (0x73A5, 0xC0): "AMD Radeon RX 6950 XT",
    (0x73AF, 0xC0): "AMD Radeon RX 6900 XT",
    (0x73BF, 0xC0): "AMD Radeon RX 6900 XT",
    (0x73BF, 0xC1): "AMD Radeon RX 6800 XT",
    (0x73BF, 0xC3): "AMD Radeon RX 6800",
    (0x73DF, 0xC1): "AMD Radeon RX 6700 XT",
    (0x73DF, 0xC5): "AMD Radeon RX 6700 XT",
    (0x73FF, 0xC1): "AMD Radeon RX 6600 XT",
    (0x73FF, 0xC7): "AMD Radeon RX 6600",
    (0x7408, None): "AMD Instinct MI250X",
    (0x740F, None): "AMD Instinct MI210",
    (0x7448, None): "AMD Radeon Pro W7900",
    (0x744C, 0xC8): "AMD Radeon RX 7900 XTX",
    (0x744C, 0xCC): "AMD Radeon RX 7900 XT",
    (0x744C, 0xCE): "AMD Radeon RX 7900 GRE",
    (0x745E, None): "AMD Radeon Pro W7800",
    (0x7470, None): "AMD Radeon Pro W7700",
    (0x747E, 0xC8): "AMD Radeon RX 7800 XT",
    (0x747E, 0xFF): "AMD Radeon RX 7700 XT",
    (0x7480, 0xC0): "AMD Radeon RX 7600 XT",
    (0x7480, 0xCF): "AMD Radeon RX 7600",
    (0x74A1, None): "AMD Instinct MI300X",
    (0x74A5, None): "AMD Instinct MI325X",
    (0x7550, 0xC0): "AMD Radeon RX 9070 XT",
    (0x7550, 0xC3): "AMD Radeon RX 9070",
}
# Cards of two dies, each of which is a device of its own with half the card.
_TWO_DIES = frozenset({0x7408})


def probe(memory: HostMemory, root: Path = Path("/")) -> ProbeResult:
    """The AMD cards under `root`'s /sys/class/drm. `memory` caps what a unified device can have."""
    gpus: list[FoundGpu] = []
    notes: list[str] = []
    cards = [each for each in (root / "sys/class/drm").glob("card*") if re.fullmatch(r"card\d+", each.name)]
    for card in sorted(cards, key=lambda each: int(each.name[4:])):
        device = card / "device"
        if kernel_files.integer(device / "vendor") != _PCI_VENDOR:
            continue
        pci = kernel_files.integer(device / "device") or 0
        name = _name(root, device, pci)
        vram = kernel_files.integer(device / "mem_info_vram_total")
        if vram is None:
            notes.append(f"{name} ({card.name}): the amdgpu driver tells no memory size; it is left out.")
        elif pci == _STRIX_HALO:
            gpus.append(_unified(len(gpus), device, name, vram, memory))
            notes.append(f"{name} shares the host's memory; what it may use of that is set by the firmware and ttm.")
        elif _integrated(pci):
            notes.append(f"{name} ({card.name}) is integrated graphics on the host's own memory; it is left out.")
        else:
            gpus.append(_card(len(gpus), device, name, pci, vram))
    return ProbeResult(tuple(gpus), tuple(notes))


def _integrated(pci: int) -> bool:
    """In libdrm's list the processors with graphics are all below 0x2000 or from 0x9600 on, no card is; but MI300A."""
    return pci < 0x2000 or pci >= 0x9600 or pci == 0x74A0


def _name(root: Path, device: Path, pci: int) -> str:
    if product := kernel_files.text(device / "product_name"):
        return product
    revision = kernel_files.integer(device / "revision")
    for line in (kernel_files.text(root / "usr/share/libdrm/amdgpu.ids") or "").splitlines():
        fields = [each.strip() for each in line.split(",", 2)]
        if len(fields) == 3 and fields[:2] == [f"{pci:04X}", f"{revision or 0:02X}"]:
            return fields[2]
    known = _NAMES.get((pci, revision)) or _NAMES.get((pci, None))
    return known or ("AMD Radeon 8060S" if pci == _STRIX_HALO else f"AMD GPU 1002:{pci:04x}")


def _card(index: int, device: Path, name: str, pci: int, vram: int) -> FoundGpu:
    used = kernel_files.integer(device / "mem_info_vram_used") or 0
    share = 0.5 if pci in _TWO_DIES else 1.0
    return FoundGpu(
        device=GpuDevice(
            index=index,
            vendor="amd",
            name=name,
            profile=None,
            total_bytes=vram,
            free_bytes=max(0, vram - used),
            bandwidth_gb_s=None,
            driver=_driver(device),
            pcie_generation=_pcie_generation(kernel_files.text(device / "max_link_speed")),
            pcie_lanes=kernel_files.integer(device / "current_link_width") or None,
            power_limit_w=_power_limit_w(device),
        ),
        sheet_name=name,
        sheet_bytes=round(vram / share),
        memory_share=share,
        compute_share=share,
    )


def _unified(index: int, device: Path, name: str, vram: int, memory: HostMemory) -> FoundGpu:
    """A processor whose graphics use host memory: the firmware's carve-out (vram), or what it maps of RAM (gtt).

    The kernel lets both be set so high that together they exceed the RAM there is; the larger one is what an engine
    gets, and of mapped RAM no more than the host still has.
    """
    vram_free = max(0, vram - (kernel_files.integer(device / "mem_info_vram_used") or 0))
    gtt = min(kernel_files.integer(device / "mem_info_gtt_total") or 0, memory.usable_bytes)
    gtt_free = max(0, gtt - (kernel_files.integer(device / "mem_info_gtt_used") or 0))
    total, free = (vram, vram_free) if vram >= gtt else (gtt, min(gtt_free, memory.available_bytes))
    return FoundGpu(
        device=GpuDevice(
            index=index,
            vendor="amd",
            name=name,
            profile=None,
            total_bytes=total,
            free_bytes=free,
            bandwidth_gb_s=_STRIX_HALO_GB_S,
            unified=True,
            driver=_driver(device),
            power_limit_w=_power_limit_w(device),
        ),
        sheet_name=name,
    )


def _driver(device: Path) -> str | None:
    """The version of a separately installed amdgpu; None for the kernel's own, which has none."""
    return kernel_files.text(device / "driver/module/version")


def _pcie_generation(speed: str | None) -> int | None:
    """The generation of a link speed as sysfs writes it, such as "16.0 GT/s PCIe"."""
    rates = {"2.5": 1, "5": 2, "8": 3, "16": 4, "32": 5, "64": 6}
    return rates.get((speed or "").split(" ")[0].removesuffix(".0"))


def _power_limit_w(device: Path) -> float | None:
    for cap in sorted(device.glob("hwmon/hwmon*/power1_cap")):
        if microwatts := kernel_files.integer(cap):
            return microwatts / 1_000_000
    return None
