"""What a driver prints, with the memory that it shows, finds the data sheet; or the card is guessed, never too fast."""

from __future__ import annotations

import pytest

from r1plan.catalog.hardware import Accelerator, AppleChip
from r1plan.hardware.names.driver import DriverCard, guess, sheet_of
from r1plan.hardware.names.sheets import drivers_names, is_modified
from r1plan.units import GIB, MIB
from tests.catalog.ours import HARDWARE


def found(name: str, total_mib: int | None, power_limit_w: float | None = None) -> str | None:
    total = None if total_mib is None else total_mib * MIB
    match = sheet_of(HARDWARE, DriverCard((name,), total, power_limit_w=power_limit_w))
    return None if match is None else match.sheet.id


@pytest.mark.parametrize(
    ("reported", "total_mib", "id_"),
    [
        ("NVIDIA H100 80GB HBM3", 81_559, "h100-sxm-80gb"),
        ("NVIDIA H100 PCIe", 81_559, "h100-pcie-80gb"),
        ("NVIDIA H100 NVL", 95_830, "h100-nvl-94gb"),
        ("NVIDIA H200", 143_771, "h200-sxm-141gb"),
        ("NVIDIA B200", 183_359, "b200-sxm"),
        ("NVIDIA A100-SXM4-80GB", 81_920, "a100-sxm-80gb"),
        ("NVIDIA A100-SXM4-40GB", 40_960, "a100-sxm-40gb"),
        ("NVIDIA A100-PCIE-40GB", 40_960, "a100-pcie-40gb"),
        ("NVIDIA A100 80GB PCIe", 81_920, "a100-pcie-80gb"),
        ("NVIDIA A10G", 23_028, "a10g"),
        ("NVIDIA A40", 46_068, "a40"),
        ("NVIDIA L4", 23_034, "l4"),
        ("NVIDIA L40S", 46_068, "l40s"),
        ("Tesla T4", 15_360, "t4"),
        ("Tesla V100-SXM2-32GB", 32_768, "v100-sxm2-32gb"),
        ("NVIDIA GB10", None, "gb10"),
        ("NVIDIA GeForce RTX 3060", 12_288, "rtx-3060-12gb"),
        ("NVIDIA GeForce RTX 3080", 10_240, "rtx-3080-10gb"),
        ("NVIDIA GeForce RTX 3080", 12_288, "rtx-3080-12gb"),
        ("NVIDIA GeForce RTX 3090", 24_576, "rtx-3090"),
        ("NVIDIA GeForce RTX 4060 Ti", 16_380, "rtx-4060-ti-16gb"),
        ("NVIDIA GeForce RTX 4060 Ti", 8_188, "rtx-4060-ti-8gb"),
        ("NVIDIA GeForce RTX 4090", 24_564, "rtx-4090"),
        ("NVIDIA RTX A6000", 49_140, "rtx-a6000"),
        ("NVIDIA RTX 6000 Ada Generation", 49_140, "rtx-6000-ada"),
        ("Quadro RTX 6000", 24_576, "quadro-rtx-6000"),
        ("NVIDIA RTX PRO 6000 Blackwell Workstation Edition", 97_887, "rtx-pro-6000-blackwell"),
        ("NVIDIA RTX PRO 6000 Blackwell Max-Q Workstation Edition", 97_887, "rtx-pro-6000-blackwell-maxq"),
        ("Apple M3 Max", 64 * 1024, "m3-max-40c"),
        ("Apple M3 Max", 36 * 1024, "m3-max-30c"),
        ("NVIDIA GeForce RTX 4090 Laptop GPU", 16_376, "rtx-4090-laptop"),
        ("NVIDIA GeForce RTX 4070 Laptop GPU", 8_188, "rtx-4070-laptop"),
        ("NVIDIA GeForce RTX 3060", 8_192, "rtx-3060-8gb"),
        ("NVIDIA GeForce RTX 3050", 8_192, "rtx-3050-8gb"),
        ("NVIDIA GeForce RTX 3050", 6_144, "rtx-3050-6gb"),
        ("NVIDIA GeForce RTX 3050", 4_096, "rtx-3050-4gb"),
        ("NVIDIA GeForce RTX 3080 Laptop GPU", 16_384, "rtx-3080-laptop-16gb"),
        ("NVIDIA GeForce RTX 4090", 49_140, "rtx-4090-48gb"),
        ("NVIDIA GeForce RTX 2080 Ti", 22_528, "rtx-2080-ti-22gb"),
        ("NVIDIA GeForce RTX 3080", 20_480, "rtx-3080-20gb"),
        ("NVIDIA GeForce GTX 1650", 4_096, "gtx-1650"),
        ("Tesla M40", 11_448, "tesla-m40-12gb"),
        ("Tesla M40 24GB", 22_945, "tesla-m40-24gb"),
        ("Tesla K80", 11_441, "tesla-k80"),
        ("NVIDIA GH200 480GB", 97_871, "gh200-96gb"),
        ("NVIDIA H20", 97_871, "h20-96gb"),
        ("AMD Instinct MI60 / MI50", 16_368, "mi50-16gb"),
        ("AMD Radeon RX 7900 XTX", 24_560, "rx-7900-xtx"),
        ("Radeon RX 7900 XTX", 24_560, "rx-7900-xtx"),
    ],
)
def test_a_drivers_name_and_memory_find_the_row(reported: str, total_mib: int | None, id_: str) -> None:
    assert found(reported, total_mib) == id_


def gpu_bytes(sheet: Accelerator) -> int | None:
    """What the driver of a card shows of its memory."""
    if isinstance(sheet, AppleChip) or sheet.unified or sheet.vram_gib is None:
        return None
    return round(sheet.vram_gib * GIB * 0.99)


def test_every_name_that_a_driver_prints_finds_a_row_with_it_and_with_that_memory() -> None:
    for gpu in HARDWARE.gpus.values():
        for name in drivers_names(gpu):
            total = gpu_bytes(gpu)
            match = sheet_of(HARDWARE, DriverCard((name,), total))
            assert match is not None, name
            assert name.casefold() in [each.casefold() for each in drivers_names(match.sheet)]
            assert gpu_bytes(match.sheet) == total, name


@pytest.mark.parametrize(
    ("power_limit_w", "id_"),
    [
        pytest.param(215.0, "rtx-2080", id="a desktop's power"),
        pytest.param(150.0, "rtx-2080-laptop", id="a notebook's"),
        pytest.param(None, "rtx-2080", id="unknown"),
    ],
)
def test_power_tells_a_notebooks_card_from_the_desktops_of_its_name(power_limit_w: float | None, id_: str) -> None:
    assert found("NVIDIA GeForce RTX 2080", 8_192, power_limit_w) == id_


def test_what_name_and_memory_leave_open_is_given_back() -> None:
    match = sheet_of(HARDWARE, DriverCard(("NVIDIA GeForce RTX 4070",), 12_282 * MIB))
    assert match is not None
    assert (match.sheet.id, [each.id for each in match.others]) == ("rtx-4070", ["rtx-4070-gddr6"])


@pytest.mark.parametrize(
    ("total_gib", "id_"),
    [
        pytest.param(3.4, "jetson-orin-nano-4gb", id="4"),
        pytest.param(61.3, "jetson-agx-orin-64gb", id="64"),
        pytest.param(29.9, "jetson-agx-orin-32gb", id="32"),
    ],
)
def test_a_jetson_is_told_by_the_memory_that_the_system_shows(total_gib: float, id_: str) -> None:
    match = sheet_of(HARDWARE, DriverCard(("Orin (nvgpu)",), round(total_gib * GIB), shares_memory=True))
    assert match is not None
    assert match.sheet.id == id_


def test_a_jetsons_board_says_which_it_is() -> None:
    names = ("NVIDIA Jetson Orin NX Engineering Reference Developer Kit", "Orin (nvgpu)")
    match = sheet_of(HARDWARE, DriverCard(names, round(7.4 * GIB), shares_memory=True))
    assert match is not None
    assert match.sheet.id == "jetson-orin-nx-8gb"


@pytest.mark.parametrize(
    ("name", "gib"),
    [
        ("NVIDIA GeForce RTX 5040", 8),
        ("NVIDIA GeForce RTX 6090", 48),
        ("NVIDIA GeForce RTX 4070 Ti SUPER DUPER", 16),
        ("NVIDIA GeForce RTX 3060", 24),
        ("AMD Radeon RX 580", 8),
        ("Voodoo 2", 8),
    ],
)
def test_an_unlisted_card_has_no_sheet(name: str, gib: int) -> None:
    assert found(name, gib * 1024) is None


@pytest.mark.parametrize(
    ("name", "gib", "lender", "gb_s"),
    [
        pytest.param("NVIDIA GeForce RTX 5040", 8, "rtx-5050", 320.0, id="none is lower"),
        pytest.param("NVIDIA GeForce RTX 5080 SUPER", 24, "rtx-5080", 960.0, id="the next lower"),
        pytest.param("NVIDIA GeForce RTX 5040 Laptop GPU", 6, "rtx-5050-laptop", 384.0, id="among laptops"),
        pytest.param("AMD Radeon RX 7500 XT", 8, "rx-7400", 288.0, id="amd"),
        pytest.param("Intel(R) Arc(TM) B770 Graphics", 16, "arc-b580", 456.0, id="intel"),
        pytest.param("NVIDIA GeForce RTX 3060", 24, "rtx-3060-8gb", 240.0, id="a memory that nobody knows"),
        pytest.param("AMD GPU 1002:7fff", 16, "rx-7600-xt", 288.0, id="no family"),
    ],
)
def test_an_unlisted_card_lends_the_figures_of_its_nearest_sibling(
    name: str, gib: int, lender: str, gb_s: float
) -> None:
    lent = guess(HARDWARE, DriverCard((name,), gib * GIB))
    assert lent is not None
    assert (lent.sheet.id, lent.bandwidth_gb_s) == (lender, gb_s)


@pytest.mark.parametrize(
    ("family", "number"),
    [("NVIDIA GeForce RTX {}", 50), ("NVIDIA GeForce RTX {}", 40), ("NVIDIA GeForce RTX {}", 30)],
)
@pytest.mark.parametrize("tier", [10, 20, 40, 45, 55, 65, 75, 85, 95])
def test_an_unlisted_card_is_never_faster_than_a_bigger_brother(family: str, number: int, tier: int) -> None:
    lent = guess(HARDWARE, DriverCard((family.format(number * 100 + tier),), 8 * GIB))
    assert lent is not None
    for bigger in HARDWARE.gpus.values():
        name = bigger.name.removeprefix("GeForce RTX ").split(" ")[0]
        is_brother = bigger.gpu_class == "nvidia-consumer" and not (bigger.laptop or is_modified(bigger))
        if is_brother and name.isdigit() and int(name) // 100 == number and int(name) % 100 > tier:
            assert bigger.bandwidth_gb_s is not None
            assert lent.bandwidth_gb_s <= bigger.bandwidth_gb_s
