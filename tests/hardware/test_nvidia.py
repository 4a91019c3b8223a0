from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from r1plan.hardware import nvidia
from r1plan.hardware.found import ProbeResult
from r1plan.hardware.machine import HostMemory
from r1plan.units import GIB, MIB
from tests.machines.replay import ReplayedNvml, tree

MEMORY = HostMemory(total_bytes=120 * GIB, available_bytes=100 * GIB)


def look(name: str, environ: dict[str, str] | None = None, root: Path = Path("/nowhere")) -> ProbeResult:
    return nvidia.probe(ReplayedNvml.of(name), MEMORY, environ or {}, root)


def test_what_the_driver_reserves_is_not_free() -> None:
    (found,) = look("desktop-rtx-4090").gpus
    assert found.device.total_bytes == 24_564 * MIB
    assert found.device.free_bytes == (24_564 - 357 - 470) * MIB


def test_a_card_is_told_with_its_driver_and_connection() -> None:
    device = look("desktop-rtx-4090").gpus[0].device
    assert (device.vendor, device.name, device.driver) == ("nvidia", "NVIDIA GeForce RTX 4090", "550.163.01")
    assert (device.compute_capability, device.pcie_generation, device.pcie_lanes) == ("8.9", 4, 16)
    assert (device.power_limit_w, device.mig, device.unified) == (450.0, False, False)


def test_a_process_that_computes_and_draws_is_counted_once_and_the_largest_comes_first() -> None:
    processes = look("desktop-rtx-4090").gpus[0].device.processes
    assert [(each.pid, each.name, each.used_bytes) for each in processes] == [
        (1650, "Xorg", 310 * MIB),
        (4242, "python3", 120 * MIB),
        (77, None, None),
    ]


def test_a_process_that_nvml_cannot_name_is_named_by_proc(tmp_path: Path) -> None:
    tree(tmp_path, {"proc/77/comm": "ollama\n"})
    assert look("desktop-rtx-4090", root=tmp_path).gpus[0].device.processes[-1].name == "ollama"


def test_slices_stand_for_the_card_that_is_cut() -> None:
    found = look("a100-mig")
    assert [each.device.mig for each in found.gpus] == [True, True]
    first = found.gpus[0]
    assert first.device.total_bytes == 40_192 * MIB
    assert (first.sheet_name, first.sheet_bytes) == ("NVIDIA A100-SXM4-80GB", 81_920 * MIB)
    assert first.memory_share == pytest.approx(0.49, abs=0.001)
    assert first.compute_share == pytest.approx(3 / 7)
    assert first.device.compute_capability == "8.0"
    assert found.notes == ("NVIDIA card 0 has 2 MIG slices; a process can use only one of them.",)


def test_a_card_in_mig_mode_without_slices_is_no_device() -> None:
    nvml = ReplayedNvml.of("a100-mig")
    nvml.recording["devices"][0]["slices"] = [None] * 7
    found = nvidia.probe(nvml, MEMORY, {})
    assert found.gpus == ()
    assert "has no slice" in found.notes[0]


def test_memory_that_nvml_does_not_support_is_the_hosts() -> None:
    found = look("dgx-spark-gb10")
    device = found.gpus[0].device
    assert (device.unified, device.total_bytes, device.free_bytes) == (True, 120 * GIB, 100 * GIB)
    assert (device.pcie_generation, device.power_limit_w) == (None, None)
    assert "shares the host's memory" in found.notes[0]


def test_a_lost_card_is_left_out_and_the_others_stay() -> None:
    found = look("mixed-3090-and-lost")
    assert [each.device.name for each in found.gpus] == ["NVIDIA GeForce RTX 3090", "Tesla T4"]
    assert found.notes == ("NVIDIA card 1 does not answer (NVML error 15); it is left out.",)


def test_a_driver_that_knows_only_the_first_version_of_a_call_is_asked_for_that() -> None:
    assert look("mixed-3090-and-lost").gpus[1].device.total_bytes == 15_360 * MIB


@pytest.mark.parametrize(
    ("code", "told"),
    [
        pytest.param(9, "the NVIDIA driver is not loaded", id="driver-not-loaded"),
        pytest.param(12, "libnvidia-ml is not installed", id="library-missing"),
        pytest.param(15, "fell off the bus", id="gpu-lost"),
        pytest.param(18, "the driver was updated and the old one is still running", id="mismatch"),
        pytest.param(999, "NVML error 999", id="unknown"),
    ],
)
def test_an_nvml_that_does_not_start_becomes_a_note(code: int, told: str) -> None:
    found = nvidia.probe(ReplayedNvml({"init": {"error": code}}), MEMORY, {})
    assert found.gpus == ()
    assert told in found.notes[0]


def test_a_missing_binding_becomes_a_note() -> None:
    assert "nvidia-ml-py is not installed" in nvidia.probe(None, MEMORY, {}).notes[0]


FIRST, LAST = "GPU-22222222-aaaa-bbbb-cccc-000000000000", "GPU-22222222-aaaa-bbbb-cccc-000000000007"


@pytest.mark.parametrize(
    ("wanted", "left"),
    [
        pytest.param("0", 1, id="a number"),
        pytest.param("3,1", 2, id="two numbers"),
        pytest.param(f"{FIRST},{LAST}", 2, id="uuids"),
        pytest.param(" 2 , 3 ", 2, id="blanks"),
        pytest.param("GPU-2222", 1, id="the start of a uuid"),
        pytest.param("", 0, id="empty hides all"),
        pytest.param("-1", 0, id="minus one hides all"),
        pytest.param("0,8,1", 1, id="ends at the first wrong entry"),
        pytest.param("0,nonsense", 1, id="ends at nonsense"),
        pytest.param("1,1", 0, id="twice leaves none"),
        pytest.param(f"0,{FIRST}", 0, id="twice by two names leaves none"),
        pytest.param("0,1,2,3,4,5,6,7", 8, id="all"),
    ],
)
def test_cuda_visible_devices_leaves_what_cuda_would(wanted: str, left: int) -> None:
    found = look("server-8x-h100", {"CUDA_VISIBLE_DEVICES": wanted})
    assert len(found.gpus) == left
    hidden = f"CUDA_VISIBLE_DEVICES='{wanted}' hides {8 - left} of 8 NVIDIA devices."
    assert found.notes == (() if left == 8 else (hidden,))


def test_cuda_visible_devices_also_orders() -> None:
    assert [each.device.index for each in look("server-8x-h100", {"CUDA_VISIBLE_DEVICES": "3,1"}).gpus] == [3, 1]


def test_cuda_visible_devices_can_name_a_slice() -> None:
    found = look("a100-mig", {"CUDA_VISIBLE_DEVICES": "MIG-33333333-aaaa-bbbb-cccc-000000000002"})
    assert len(found.gpus) == 1


@pytest.mark.parametrize(
    ("environ", "warned"),
    [
        pytest.param({"CUDA_VISIBLE_DEVICES": "0,2"}, True, id="numbers"),
        pytest.param({"CUDA_VISIBLE_DEVICES": "0,2", "CUDA_DEVICE_ORDER": "PCI_BUS_ID"}, False, id="ordered by slot"),
        pytest.param({"CUDA_VISIBLE_DEVICES": "GPU-5,GPU-6"}, False, id="uuids"),
    ],
)
def test_numbers_among_different_cards_are_said_to_be_unsure(environ: dict[str, str], warned: bool) -> None:
    notes = look("mixed-3090-and-lost", environ).notes
    assert any("fastest first" in each for each in notes) == warned


def test_a_lost_card_keeps_its_number() -> None:
    found = look("mixed-3090-and-lost", {"CUDA_VISIBLE_DEVICES": "2"})
    assert [each.device.name for each in found.gpus] == ["Tesla T4"]


@pytest.mark.parametrize(
    ("files", "note"),
    [
        pytest.param({}, None, id="no card"),
        pytest.param(
            {
                "sys/bus/pci/devices/0000:01:00.0/vendor": "0x10de\n",
                "sys/bus/pci/devices/0000:01:00.0/class": "0x030000\n",
            },
            "1 NVIDIA card is on the PCI bus",
            id="a card",
        ),
        pytest.param(
            {
                "sys/bus/pci/devices/0000:01:00.1/vendor": "0x10de\n",
                "sys/bus/pci/devices/0000:01:00.1/class": "0x040300\n",
            },
            None,
            id="its audio function alone",
        ),
    ],
)
def test_a_card_without_a_driver_is_worth_a_note(tmp_path: Path, files: dict[str, str], note: str | None) -> None:
    found = nvidia.probe_without_driver(tree(tmp_path, files))
    assert found.gpus == ()
    assert [each.partition(", ")[0] for each in found.notes] == ([note] if note else [])


@pytest.mark.gpu
def test_the_real_library_answers_like_the_replayed_one() -> None:
    if not nvidia.driver_present():
        pytest.skip("no NVIDIA driver here")
    library: Any = nvidia.library()
    assert all(each.device.total_bytes > 0 for each in nvidia.probe(library, MEMORY, {}).gpus)


def free(name: str) -> list[tuple[str, int]]:
    """The UUID and the free bytes of each card of a recording, in CUDA's order by slot."""
    nvml = ReplayedNvml.of(name)
    cards = nvidia._Probe(nvml, MEMORY, {}, Path("/nowhere")).cards()
    return [(uuid, found.device.free_bytes) for card in cards for uuid, found in card.devices]


def test_cards_with_room_stay_as_they_are() -> None:
    for name in ("desktop-rtx-4090", "server-8x-h100", "dgx-spark-gb10", "a100-mig"):
        assert nvidia.visible_with_room(ReplayedNvml.of(name), {}, lambda _gpu: 1) is None


def test_a_card_without_room_to_begin_is_hidden() -> None:
    nvml = ReplayedNvml.of("desktop-rtx-4090")
    assert nvidia.visible_with_room(nvml, {}, lambda gpu: gpu.total_bytes) == nvidia.NO_CARD


def test_only_the_full_ones_of_several_are_hidden_and_the_others_keep_their_order() -> None:
    cards = free("server-8x-h100")
    full = cards[2][0]
    needed = {index: 1 if uuid != full else 1 << 60 for index, (uuid, _) in enumerate(cards)}
    seen = nvidia.visible_with_room(ReplayedNvml.of("server-8x-h100"), {}, lambda gpu: needed[gpu.index])
    assert seen == ",".join(uuid for uuid, _ in cards if uuid != full)
    environ = {"CUDA_VISIBLE_DEVICES": f"{cards[4][0]},{full}"}
    assert (
        nvidia.visible_with_room(ReplayedNvml.of("server-8x-h100"), environ, lambda gpu: needed[gpu.index])
        == cards[4][0]
    )


def test_memory_that_is_the_hosts_is_never_hidden() -> None:
    assert nvidia.visible_with_room(ReplayedNvml.of("dgx-spark-gb10"), {}, lambda _gpu: 1 << 60) is None


def test_without_nvml_nothing_is_hidden() -> None:
    assert nvidia.visible_with_room(None, {}, lambda _gpu: 1) is None
