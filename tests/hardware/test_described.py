from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from r1plan.catalog.hardware import Gpu
from r1plan.catalog.load import load_hardware
from r1plan.errors import UsageError
from r1plan.hardware.assumed.host import HostFigures, Processor
from r1plan.hardware.described import DescribedCard, Description, UnnamedCard, describe
from r1plan.hardware.machine import Machine, Vendor
from r1plan.plan.llamacpp.speed.cards import UNKNOWN_BANDWIDTH_GB_S
from r1plan.units import GIB, MIB

HARDWARE = load_hardware()
HEADLESS = Description(vram_used_gib=0)


def with_ram(ram_gib: float | None, gb_s: float | None = None) -> Description:
    return Description(host=HostFigures(ram_gib=ram_gib, ram_bandwidth_gb_s=gb_s))


def assumed(machine: Machine) -> dict[str, tuple[float, str | None]]:
    assert len({each.what for each in machine.assumptions}) == len(machine.assumptions)
    return {each.what: (each.figure, each.option) for each in machine.assumptions}


def card(*ids: str) -> list[DescribedCard]:
    return [DescribedCard(SHEETS[each]) for each in ids]


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
    (gpu,) = describe([DescribedCard(SHEETS[id_], 1)], HEADLESS).gpus
    assert gpu.free_bytes / GIB == pytest.approx(reported_gib, rel=0.001)


@pytest.mark.parametrize("sheet", HARDWARE.gpus.values(), ids=lambda each: str(each.id))
def test_every_card_of_the_catalogue_can_be_described(sheet: Gpu) -> None:
    machine = describe([DescribedCard(sheet, 1)], None if sheet.unified else HEADLESS)
    (gpu,) = machine.gpus
    size_bytes = machine.memory.total_bytes if sheet.unified else (sheet.vram_gib or 0) * GIB
    least = 0.5 if sheet.unified else 0.9
    assert least * size_bytes <= gpu.free_bytes <= gpu.total_bytes <= size_bytes
    assert gpu.bandwidth_gb_s == sheet.bandwidth_gb_s or sheet.bandwidth_gb_s is None
    assert (gpu.compute_capability, gpu.gfx) == (sheet.compute_capability, sheet.gfx)


@pytest.mark.parametrize("sheet", HARDWARE.apple.values(), ids=lambda each: str(each.id))
def test_every_apple_chip_can_be_described_with_each_memory(sheet: object) -> None:
    chip = HARDWARE.apple[sheet.id]  # type: ignore[attr-defined]
    for gib in chip.memory_options_gib:
        machine = describe([DescribedCard(chip, 1)], with_ram(gib))
        (gpu,) = machine.gpus
        assert machine.memory.total_bytes == gib * GIB
        assert (gpu.unified, gpu.profile, gpu.bandwidth_gb_s) == (True, chip.id, chip.bandwidth_gb_s)
        assert gpu.free_bytes <= gpu.total_bytes < gib * GIB


def test_cards_of_several_kinds_are_numbered_through_the_fastest_first_as_cuda_does() -> None:
    machine = describe([DescribedCard(SHEETS["rtx-3090"], 2), DescribedCard(SHEETS["rtx-4090"], 1)], with_ram(64))
    assert [(each.index, each.profile) for each in machine.gpus] == [(0, "rtx-4090"), (1, "rtx-3090"), (2, "rtx-3090")]
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
    assert assumed(machine)["ram"] == (ram_gib, "--ram")


def test_a_server_card_stands_in_a_server() -> None:
    machine = describe([DescribedCard(SHEETS["h100-sxm-80gb"], 8)])
    assert (machine.cpu.cores, machine.memory.bandwidth_gb_s) == (16, 204.8)


def test_given_bandwidth_is_taken() -> None:
    memory = describe([DescribedCard(SHEETS["rtx-4090"], 1)], with_ram(64, 83)).memory
    assert (memory.bandwidth_gb_s, memory.bandwidth_basis) == (83, "given")


def test_an_unknown_card_keeps_what_was_said() -> None:
    (gpu,) = describe((), Description(unnamed=(UnnamedCard(24, 900),))).gpus
    assert (gpu.vendor, gpu.profile, gpu.bandwidth_gb_s, gpu.memory_basis) == ("unknown", None, 900, "given")
    assert gpu.total_bytes == 24 * GIB


def test_an_unknown_card_without_bandwidth_is_allowed_and_noted() -> None:
    machine = describe((), Description(unnamed=(UnnamedCard(24),)))
    assert machine.gpus[0].bandwidth_gb_s is None
    assert assumed(machine)["card-bandwidth"] == (UNKNOWN_BANDWIDTH_GB_S, "--bandwidth")


@pytest.mark.parametrize(
    ("id_", "gib", "because"),
    [
        pytest.param("m3-max-40c", 48, "the least of 48, 64 and 128", id="an Apple chip"),
        pytest.param("strix-halo", 32, "the least of 32, 64, 96 and 128", id="a box"),
        pytest.param("radeon-780m", 16, "the least that is usual", id="graphics inside a processor"),
    ],
)
def test_one_memory_is_the_least_that_it_is_sold_with(id_: str, gib: int, because: str) -> None:
    machine = describe(card(id_))
    assert machine.memory.total_bytes == gib * GIB
    (size,) = (each for each in machine.assumptions if each.what == "unified")
    assert (size.figure, size.option, size.because) == (gib, "--ram", because)


@pytest.mark.parametrize("id_", ["gb10", "jetson-agx-orin-64gb", "mi300a", "m6-12c-16gb"])
def test_a_chip_of_one_size_has_it_and_nothing_is_assumed_of_it(id_: str) -> None:
    assert "unified" not in assumed(describe(card(id_)))


def test_the_size_in_a_name_is_the_memory() -> None:
    machine = describe([DescribedCard(SHEETS["m4-max-40c"], memory_gib=64)])
    assert machine.memory.total_bytes == 64 * GIB
    assert "unified" not in assumed(machine)


def test_the_memory_of_an_orin_counts_once() -> None:
    machine = describe(card("jetson-agx-orin-64gb"))
    (gpu,) = machine.gpus
    assert 0.9 * 64 * GIB < machine.memory.total_bytes < 64 * GIB
    assert gpu.unified
    assert gpu.free_bytes <= machine.memory.available_bytes < machine.memory.total_bytes


def test_gb10_is_one_memory_and_less_than_marketed() -> None:
    machine = describe([DescribedCard(SHEETS["gb10"], 1)])
    assert machine.memory.total_bytes == machine.gpus[0].total_bytes == 128_501_256_192
    assert machine.gpus[0].unified


@pytest.mark.parametrize(("ram_gib", "graphics_gib"), [(None, 24), (64, 48), (128, 96)])
def test_strix_halo_is_one_memory_of_which_its_graphics_have_three_quarters(
    ram_gib: float | None, graphics_gib: int
) -> None:
    machine = describe([DescribedCard(SHEETS["strix-halo"], 1)], with_ram(ram_gib))
    (gpu,) = machine.gpus
    assert (gpu.vendor, gpu.unified, gpu.total_bytes) == ("amd", True, graphics_gib * GIB)
    assert (machine.cpu.architecture, machine.memory.bandwidth_gb_s) == ("x86_64", 256)
    assert assumed(machine)["graphics-share"] == (graphics_gib, None)


@pytest.mark.parametrize(
    ("ids", "ram_gib", "told"),
    [
        pytest.param([("m3-max-40c", 1)], 50, "50 GiB: ", id="a size it is not sold with"),
        pytest.param([("gb10", 1)], 64, "64 GiB: ", id="gb10 of another size"),
        pytest.param([("m3-max-40c", 2)], None, "is a whole machine", id="two chips"),
        pytest.param([("gb10", 1), ("rtx-4090", 1)], None, "is a whole machine", id="a card beside it"),
        pytest.param([("rtx-4090", 1), ("gb10", 1)], None, "is a whole machine", id="it beside a card"),
    ],
)
def test_what_no_machine_can_be_is_refused(ids: list[tuple[str, int]], ram_gib: float | None, told: str) -> None:
    with pytest.raises(UsageError) as caught:
        describe([DescribedCard(SHEETS[id_], count) for id_, count in ids], with_ram(ram_gib))
    assert told in caught.value.message


@pytest.mark.parametrize(("ram_gib", "gb_s", "cores"), [(256, 51.2, 8), (257, 204.8, 16)])
def test_more_ram_than_a_desktop_takes_is_a_servers(ram_gib: float, gb_s: float, cores: int) -> None:
    machine = describe([DescribedCard(SHEETS["rtx-4090"], 1)], with_ram(ram_gib))
    assert (machine.memory.bandwidth_gb_s, machine.cpu.cores) == (gb_s, cores)


@given(st.floats(0.25, 4096), st.floats(0.25, 512))
@settings(max_examples=30, deadline=None)
def test_free_and_available_never_exceed_the_total(ram_gib: float, vram_gib: float) -> None:
    machine = describe((), Description(unnamed=(UnnamedCard(vram_gib),), host=HostFigures(ram_gib=ram_gib)))
    assert 0 < machine.memory.available_bytes < machine.memory.total_bytes
    assert 0 < machine.gpus[0].free_bytes < machine.gpus[0].total_bytes


# What was free of cards that drove a desktop, in MiB. Sources: hardware/assumed/card.py.
@pytest.mark.parametrize(
    ("id_", "free_mib"),
    [
        ("rtx-4090", 23_040),
        ("rtx-5090", 30_991),
        ("rtx-5070", 11_013),
        ("rtx-5060-ti-16gb", 15_159),
        ("rtx-3090", 23_244),
    ],
)
def test_a_card_with_a_desktop_has_no_more_free_than_such_cards_had(id_: str, free_mib: int) -> None:
    (gpu,) = describe(card(id_)).gpus
    (headless,) = describe(card(id_), HEADLESS).gpus
    assert 0.97 * free_mib <= gpu.free_bytes / MIB <= free_mib
    assert gpu.desktop_bytes == headless.free_bytes - gpu.free_bytes
    assert headless.desktop_bytes == 0


@pytest.mark.parametrize(
    ("ids", "desktops_gib"),
    [
        pytest.param(["rtx-3090", "rtx-3090", "rtx-3060-12gb"], [1.2, 0, 0], id="one card drives the screen"),
        pytest.param(["h100-sxm-80gb"], [0], id="a data centre's"),
        pytest.param(["h100-sxm-80gb", "rtx-4090"], [0, 1.2], id="the one that people have a screen on"),
        pytest.param(["rtx-a6000"], [0], id="a workstation's"),
        pytest.param(["radeon-ai-pro-r9700"], [0], id="AMD's for workstations"),
        pytest.param(["mi50-16gb"], [0], id="AMD's for data centres"),
        pytest.param(["rx-7900-xtx"], [1.2], id="AMD's"),
        pytest.param(["arc-b580"], [1.2], id="Intel's"),
        pytest.param(["arc-pro-b60-24gb"], [0], id="Intel's for workstations"),
        pytest.param(["rtx-4060-laptop"], [0.2], id="a laptop's"),
        pytest.param(["gtx-1650"], [0.6], id="a small one"),
    ],
)
def test_a_desktop_is_assumed_on_the_card_that_would_drive_it(ids: list[str], desktops_gib: list[float]) -> None:
    machine = describe(card(*ids))
    assert [round(each.desktop_bytes / GIB, 1) for each in machine.gpus] == desktops_gib
    figure, option = assumed(machine)["desktop"]
    assert (round(figure, 1), option) == (max(desktops_gib), "--vram-used")


def test_what_else_holds_memory_is_the_same_on_each_card_and_no_longer_assumed() -> None:
    free = [each.free_bytes for each in describe(card("rtx-3090", "rtx-4090"), HEADLESS).gpus]
    machine = describe(card("rtx-3090", "rtx-4090"), Description(vram_used_gib=2))
    assert [each.free_bytes for each in machine.gpus] == [each - 2 * GIB for each in free]
    assert "desktop" not in assumed(machine)


def test_what_is_said_to_be_used_of_one_memory_is_all_that_models_may_not_have() -> None:
    machine = describe([DescribedCard(SHEETS["m4-max-40c"], memory_gib=64)], Description(vram_used_gib=8))
    assert machine.memory.available_bytes == 56 * GIB
    assert set(assumed(machine)) == {"graphics-share"}


@pytest.mark.parametrize(
    ("id_", "used_gib", "limit_gib", "free_gib"),
    [("m3-pro-14c", 0, 12, 12), ("m3-pro-14c", 8, 12, 10), ("strix-halo", 0, 24, 24), ("radeon-780m", 0, 8, 8)],
)
def test_what_else_holds_memory_does_not_lift_the_limit_of_graphics(
    id_: str, used_gib: float, limit_gib: float, free_gib: float
) -> None:
    (gpu,) = describe(card(id_), Description(vram_used_gib=used_gib)).gpus
    assert (gpu.total_bytes, gpu.free_bytes) == (limit_gib * GIB, free_gib * GIB)


@pytest.mark.parametrize("used_gib", [8, 24, 500])
def test_a_card_of_which_nothing_would_be_left_is_refused(used_gib: float) -> None:
    with pytest.raises(UsageError, match=f"--vram-used {used_gib:g}: .* has 8.0 GiB, and nothing would be left"):
        describe(card("rx-7600"), Description(vram_used_gib=used_gib))


def test_cards_without_names_are_as_many_as_were_said() -> None:
    machine = describe((), Description(unnamed=(UnnamedCard(24, 936), UnnamedCard(12, 360)), vendor="nvidia"))
    assert [(each.vendor, each.bandwidth_gb_s, each.index) for each in machine.gpus] == [
        ("nvidia", 936, 0),
        ("nvidia", 360, 1),
    ]
    assert assumed(machine)["ram"] == (36, "--ram")


@pytest.mark.parametrize(("vendor", "graphics_gib"), [("amd", 96), ("nvidia", 128), ("intel", 64), (None, 96)], ids=str)
def test_one_memory_without_a_name_is_counted_once(vendor: Vendor | None, graphics_gib: int) -> None:
    machine = describe((), Description(unified_gib=128, unified_gb_s=256, vendor=vendor))
    (gpu,) = machine.gpus
    assert (gpu.unified, gpu.vendor, gpu.bandwidth_gb_s) == (True, vendor or "unknown", 256)
    assert gpu.total_bytes == graphics_gib * GIB
    assert gpu.free_bytes <= machine.memory.available_bytes
    assert machine.memory.total_bytes == 128 * GIB


EPYC = Processor(name="EPYC 9654", cores=96, bandwidth_gb_s=460.8, memory="all 12", server_channels=12, avx512=True)


def test_a_named_processor_brings_its_cores_its_bandwidth_and_a_servers_memory() -> None:
    machine = describe((), Description(host=HostFigures(processor=EPYC)))
    assert (machine.cpu.model, machine.cpu.cores, machine.cpu.avx512) == ("EPYC 9654", 96, True)
    assert (machine.memory.bandwidth_gb_s, machine.memory.bandwidth_basis) == (460.8, "data-sheet")
    assert assumed(machine) == {
        "ram": (192, "--ram"),
        "system": (2, "--ram"),
        "ram-bandwidth": (460.8, "--ram-bandwidth"),
    }


def test_what_is_said_by_hand_goes_before_a_named_processor() -> None:
    machine = describe((), Description(host=HostFigures(ram_gib=64, ram_bandwidth_gb_s=300, cores=32, processor=EPYC)))
    assert (machine.cpu.cores, machine.memory.bandwidth_gb_s, machine.memory.bandwidth_basis) == (32, 300, "given")
    assert set(assumed(machine)) == {"system"}


@pytest.mark.parametrize(("gb_s", "cores"), [(153.6, 8), (204.8, 16)])
def test_main_memory_faster_than_a_desktops_is_a_servers(gb_s: float, cores: int) -> None:
    machine = describe((), with_ram(192, gb_s))
    assert (machine.cpu.cores, assumed(machine)["cores"]) == (cores, (cores, "--cores"))


def test_the_speed_of_a_processor_is_bound_by_cores_that_were_said() -> None:
    assert describe((), with_ram(64)).cpu.model == "assumed"
    assert describe((), Description(host=HostFigures(ram_gib=64, cores=4))).cpu.model == "unnamed"


@pytest.mark.parametrize(("id_", "count"), [("rtx-4090", 33), ("rx-7900-xtx", 99)])
def test_more_cards_for_pcs_than_one_holds_are_refused(id_: str, count: int) -> None:
    describe([DescribedCard(SHEETS[id_], 32)])
    describe([DescribedCard(SHEETS["h100-sxm-80gb"], count)])
    with pytest.raises(UsageError, match=f"{count} x .*: no machine has so many"):
        describe([DescribedCard(SHEETS[id_], count)])
