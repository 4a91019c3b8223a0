from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from r1plan.catalog.hardware import Gpu
from r1plan.catalog.load import load_hardware
from r1plan.errors import UsageError
from r1plan.hardware.described import DescribedCard, describe, with_memory
from r1plan.units import GIB, MIB

HARDWARE = load_hardware()
SHEETS = HARDWARE.accelerators


@pytest.mark.parametrize(
    ("id_", "shown_mib"),
    [
        ("h100-sxm-80gb", 81_559),
        ("h200-sxm-141gb", 143_771),
        ("rtx-4090", 24_564),
        ("rtx-5090", 32_607),
        ("l4", 23_034),
        ("t4", 15_360),
    ],
)
def test_a_described_card_shows_what_nvidia_smi_shows(id_: str, shown_mib: int) -> None:
    (gpu,) = describe([DescribedCard(SHEETS[id_], 1)]).gpus
    assert (gpu.total_bytes, gpu.profile, gpu.memory_basis) == (shown_mib * MIB, id_, "data-sheet")


@pytest.mark.parametrize(
    ("id_", "reported_gib"),
    [
        pytest.param("rtx-4090", 23.64, id="rtx-4090"),
        pytest.param("rtx-5090", 31.37, id="rtx-5090"),
        pytest.param("h100-sxm-80gb", 85_017_493_504 / GIB, id="h100, measured"),
    ],
)
def test_a_described_card_has_free_what_cuda_reports(id_: str, reported_gib: float) -> None:
    (gpu,) = describe([DescribedCard(SHEETS[id_], 1)]).gpus
    assert gpu.free_bytes / GIB == pytest.approx(reported_gib, rel=0.001)


@pytest.mark.parametrize("sheet", HARDWARE.gpus.values(), ids=lambda each: str(each.id))
def test_every_card_of_the_catalogue_can_be_described(sheet: Gpu) -> None:
    machine = describe([DescribedCard(sheet, 1)])
    (gpu,) = machine.gpus
    size_bytes = machine.memory.total_bytes if sheet.vram_gib is None else sheet.vram_gib * GIB
    least = 0.75 if sheet.unified else 0.9
    assert least * size_bytes <= gpu.free_bytes <= gpu.total_bytes <= size_bytes
    assert gpu.bandwidth_gb_s == sheet.bandwidth_gb_s
    assert (gpu.compute_capability, gpu.gfx) == (sheet.compute_capability, sheet.gfx)


@pytest.mark.parametrize("sheet", HARDWARE.apple.values(), ids=lambda each: str(each.id))
def test_every_apple_chip_can_be_described_with_each_memory(sheet: object) -> None:
    chip = HARDWARE.apple[sheet.id]  # type: ignore[attr-defined]
    for gib in chip.memory_options_gib:
        machine = describe([DescribedCard(chip, 1)], ram_gib=gib)
        (gpu,) = machine.gpus
        assert machine.memory.total_bytes == gib * GIB
        assert (gpu.unified, gpu.profile, gpu.bandwidth_gb_s) == (True, chip.id, chip.bandwidth_gb_s)
        assert gpu.free_bytes <= gpu.total_bytes < gib * GIB


def test_cards_of_several_kinds_are_numbered_through() -> None:
    machine = describe([DescribedCard(SHEETS["rtx-3090"], 2), DescribedCard(SHEETS["rtx-4090"], 1)], ram_gib=64)
    assert [(each.index, each.profile) for each in machine.gpus] == [(0, "rtx-3090"), (1, "rtx-3090"), (2, "rtx-4090")]
    assert (machine.origin, machine.memory.total_bytes) == ("described", 64 * GIB)


@pytest.mark.parametrize(
    ("id_", "count", "ram_gib"),
    [
        pytest.param("gtx-1650", 1, 16, id="sixteen at least"),
        pytest.param("rtx-4070-ti-super", 1, 16, id="as much as the card"),
        pytest.param("rtx-4090", 2, 48, id="as much as both cards"),
    ],
)
def test_ram_that_was_not_said_is_assumed_and_noted(id_: str, count: int, ram_gib: int) -> None:
    machine = describe([DescribedCard(SHEETS[id_], count)])
    assert machine.memory.total_bytes == ram_gib * GIB
    assert machine.notes[0].startswith(f"{ram_gib} GiB of RAM are assumed, ")


def test_a_server_card_stands_in_a_server() -> None:
    machine = describe([DescribedCard(SHEETS["h100-sxm-80gb"], 8)])
    assert (machine.cpu.cores, machine.memory.bandwidth_gb_s) == (16, 204.8)


def test_given_bandwidth_is_taken() -> None:
    memory = describe([DescribedCard(SHEETS["rtx-4090"], 1)], ram_gib=64, ram_bandwidth_gb_s=83).memory
    assert (memory.bandwidth_gb_s, memory.bandwidth_basis) == (83, "given")


def test_an_unknown_card_keeps_what_was_said() -> None:
    (gpu,) = describe(vram_gib=24, bandwidth_gb_s=900).gpus
    assert (gpu.vendor, gpu.profile, gpu.bandwidth_gb_s, gpu.memory_basis) == ("unknown", None, 900, "given")
    assert gpu.total_bytes == 24 * GIB


def test_an_unknown_card_without_bandwidth_is_allowed_and_noted() -> None:
    machine = describe(vram_gib=24)
    assert machine.gpus[0].bandwidth_gb_s is None
    assert "The card's speed is a guess, as nothing is known of it; --bandwidth sets what it reads." in machine.notes


def test_an_apple_chip_gets_the_most_memory_it_is_sold_with() -> None:
    machine = describe([DescribedCard(SHEETS["m3-max-40c"], 1)])
    assert (machine.system, machine.memory.total_bytes) == ("darwin", 128 * GIB)
    assert machine.notes[0] == (
        f"128 GiB are assumed, the most that {SHEETS['m3-max-40c'].name} is sold with (48, 64, 128); --ram chooses."
    )


def test_gb10_is_one_memory_and_less_than_marketed() -> None:
    machine = describe([DescribedCard(SHEETS["gb10"], 1)])
    assert machine.memory.total_bytes == machine.gpus[0].total_bytes == 128_501_256_192
    assert machine.gpus[0].unified


@pytest.mark.parametrize(("ram_gib", "graphics_gib"), [(None, 96), (64, 48)])
def test_strix_halo_is_one_memory_of_which_its_graphics_have_three_quarters(
    ram_gib: float | None, graphics_gib: int
) -> None:
    machine = describe([DescribedCard(SHEETS["strix-halo"], 1)], ram_gib=ram_gib)
    (gpu,) = machine.gpus
    assert (gpu.vendor, gpu.unified, gpu.total_bytes) == ("amd", True, graphics_gib * GIB)
    assert (machine.cpu.architecture, machine.memory.bandwidth_gb_s) == ("x86_64", 256)
    assert any(f"are taken to have {graphics_gib} of" in each for each in machine.notes)


@pytest.mark.parametrize(
    ("ids", "ram_gib", "told"),
    [
        pytest.param([("m3-max-40c", 1)], 50, "--ram 50: ", id="a size it is not sold with"),
        pytest.param([("gb10", 1)], 64, "--ram 64: ", id="gb10 of another size"),
        pytest.param([("m3-max-40c", 2)], None, "is a whole machine", id="two chips"),
        pytest.param([("gb10", 1), ("rtx-4090", 1)], None, "is a whole machine", id="a card beside it"),
        pytest.param([("rtx-4090", 1), ("gb10", 1)], None, "is a whole machine", id="it beside a card"),
    ],
)
def test_what_no_machine_can_be_is_refused(ids: list[tuple[str, int]], ram_gib: float | None, told: str) -> None:
    with pytest.raises(UsageError) as caught:
        describe([DescribedCard(SHEETS[id_], count) for id_, count in ids], ram_gib=ram_gib)
    assert told in caught.value.message


def test_more_ram_changes_nothing_but_memory() -> None:
    before = describe([DescribedCard(SHEETS["rtx-4090"], 1)], ram_gib=32)
    after = with_memory(before, 128, None)
    assert after.memory.total_bytes == 128 * GIB
    assert after.memory.bandwidth_gb_s == before.memory.bandwidth_gb_s
    assert (after.gpus, after.cpu) == (before.gpus, before.cpu)


@pytest.mark.parametrize(("ram_gib", "gb_s", "cores"), [(256, 51.2, 8), (257, 204.8, 16)])
def test_more_ram_than_a_desktop_takes_is_a_servers(ram_gib: float, gb_s: float, cores: int) -> None:
    machine = describe([DescribedCard(SHEETS["rtx-4090"], 1)], ram_gib=ram_gib)
    assert (machine.memory.bandwidth_gb_s, machine.cpu.cores) == (gb_s, cores)


def test_given_ram_bandwidth_silences_the_note_about_it() -> None:
    before = describe([DescribedCard(SHEETS["rtx-4090"], 1)], ram_gib=32)
    after = with_memory(before, None, 90)
    assert (after.memory.bandwidth_gb_s, after.memory.bandwidth_basis) == (90, "given")
    assert any("bandwidth is assumed" in each for each in before.notes)
    assert not any("bandwidth is assumed" in each for each in after.notes)


def test_nothing_said_changes_nothing() -> None:
    machine = describe([DescribedCard(SHEETS["rtx-4090"], 1)])
    assert with_memory(machine, None, None) is machine


def test_the_memory_of_a_chip_cannot_be_changed() -> None:
    with pytest.raises(UsageError, match="is part of the chip"):
        with_memory(describe([DescribedCard(SHEETS["gb10"], 1)]), 64, None)


@given(st.floats(0.25, 4096), st.floats(0.25, 512))
@settings(max_examples=30, deadline=None)
def test_free_and_available_never_exceed_the_total(ram_gib: float, vram_gib: float) -> None:
    machine = describe(vram_gib=vram_gib, ram_gib=ram_gib)
    assert 0 < machine.memory.available_bytes < machine.memory.total_bytes
    assert 0 < machine.gpus[0].free_bytes < machine.gpus[0].total_bytes
