from __future__ import annotations

from pathlib import Path

import pytest

from r1plan.hardware import amd
from r1plan.hardware.found import ProbeResult
from r1plan.hardware.machine import HostMemory
from r1plan.units import GIB, MIB
from tests.machines.replay import tree

MEMORY = HostMemory(total_bytes=64 * GIB, available_bytes=60 * GIB)


def card(
    number: int, device: str, revision: str, vram: int, used: int = 0, vendor: str = "0x1002", **more: str
) -> dict[str, str]:
    """The files of one card as the amdgpu driver lays them out; keyword names hold `__` for `/`."""
    folder = f"sys/class/drm/card{number}/device"
    files = {"vendor": vendor, "device": device, "revision": revision}
    files |= {"mem_info_vram_total": str(vram), "mem_info_vram_used": str(used)}
    files |= {name.replace("__", "/"): text for name, text in more.items()}
    return {f"{folder}/{name}": f"{text}\n" for name, text in files.items()}


def probed(root: Path, *cards: dict[str, str]) -> ProbeResult:
    for files in cards:
        tree(root, files)
    return amd.probe(MEMORY, root)


XTX = card(
    1,
    "0x744c",
    "0xc8",
    25_753_026_560,
    1_073_741_824,
    max_link_speed="16.0 GT/s PCIe",
    current_link_width="16",
    hwmon__hwmon3__power1_cap="339000000",
)


def test_a_card_is_told_with_what_is_free(tmp_path: Path) -> None:
    (found,) = probed(tmp_path, XTX, {"sys/class/drm/card1-DP-1/status": "connected"}).gpus
    device = found.device
    assert (device.vendor, device.name) == ("amd", "AMD Radeon RX 7900 XTX")
    assert (device.total_bytes, device.free_bytes) == (25_753_026_560, 25_753_026_560 - GIB)
    assert (device.pcie_generation, device.pcie_lanes, device.power_limit_w) == (4, 16, 339.0)
    assert not device.unified


@pytest.mark.parametrize(
    ("files", "name"),
    [
        pytest.param(card(0, "0x73bf", "0xc3", 16 * GIB), "AMD Radeon RX 6800", id="revision-decides"),
        pytest.param(card(0, "0x74a1", "0x00", 192 * GIB), "AMD Instinct MI300X", id="any-revision"),
        pytest.param(
            card(0, "0x744c", "0xc8", GIB, product_name="Radeon RX 7900 XTX"), "Radeon RX 7900 XTX", id="product-name"
        ),
        pytest.param(
            {
                **card(0, "0x7590", "0xc0", GIB),
                "usr/share/libdrm/amdgpu.ids": "1.0.0\n7590,\tC0,\tAMD Radeon RX 9060 XT\n",
            },
            "AMD Radeon RX 9060 XT",
            id="libdrm",
        ),
        pytest.param(card(0, "0x7fff", "0x00", GIB), "AMD GPU 1002:7fff", id="unknown"),
    ],
)
def test_a_card_is_named_as_well_as_can_be(tmp_path: Path, files: dict[str, str], name: str) -> None:
    assert probed(tmp_path, files).gpus[0].device.name == name


def test_cards_come_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    found = probed(tmp_path, card(10, "0x738c", "0x01", 32 * GIB), card(9, "0x744c", "0xcc", 20 * GIB))
    assert [each.sheet_name for each in found.gpus] == ["AMD Radeon RX 7900 XT", "AMD Instinct MI100"]


def test_integrated_graphics_are_no_card(tmp_path: Path) -> None:
    found = probed(tmp_path, card(0, "0x15bf", "0x01", 512 * MIB, mem_info_gtt_total=str(32 * GIB)))
    assert found.gpus == ()
    assert "integrated graphics on the host's own memory" in found.notes[0]


@pytest.mark.parametrize(
    ("vram", "gtt", "gtt_used", "total", "free"),
    [
        pytest.param(512 * MIB, 32 * GIB, GIB, 32 * GIB, 31 * GIB, id="mapped"),
        pytest.param(512 * MIB, 108 * GIB, 0, 64 * GIB, 60 * GIB, id="mapped-no-more-than-there-is"),
        pytest.param(96 * GIB, 32 * GIB, 0, 96 * GIB, 96 * GIB, id="carved-out"),
    ],
)
def test_strix_halo_is_one_unified_device(
    tmp_path: Path, vram: int, gtt: int, gtt_used: int, total: int, free: int
) -> None:
    files = card(0, "0x1586", "0xc1", vram, mem_info_gtt_total=str(gtt), mem_info_gtt_used=str(gtt_used))
    device = probed(tmp_path, files).gpus[0].device
    assert (device.unified, device.total_bytes, device.free_bytes) == (True, total, free)
    assert device.bandwidth_gb_s == 256.0


def test_one_of_two_dies_is_half_a_card(tmp_path: Path) -> None:
    (found,) = probed(tmp_path, card(0, "0x7408", "0x00", 64 * GIB)).gpus
    assert (found.sheet_bytes, found.memory_share, found.compute_share) == (128 * GIB, 0.5, 0.5)


@pytest.mark.parametrize(
    "files",
    [
        pytest.param(card(0, "0x2684", "0xa1", GIB, vendor="0x10de"), id="another-vendor"),
        pytest.param({"sys/class/drm/card0/device/vendor": ""}, id="empty-file"),
        pytest.param({"sys/class/drm/version": "drm 1.1.0"}, id="no-card"),
        pytest.param({}, id="no-drm"),
    ],
)
def test_what_is_no_amd_card_is_passed_over(tmp_path: Path, files: dict[str, str]) -> None:
    assert probed(tmp_path, files) == ProbeResult()


def test_a_card_without_a_memory_size_becomes_a_note(tmp_path: Path) -> None:
    files = card(0, "0x744c", "0xc8", GIB)
    del files["sys/class/drm/card0/device/mem_info_vram_total"]
    assert probed(tmp_path, files).notes == (
        "AMD Radeon RX 7900 XTX (card0): the amdgpu driver tells no memory size; it is left out.",
    )
