from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from r1plan.catalog.hardware import Hardware
from r1plan.catalog.load import load_hardware
from r1plan.hardware.detect import Probes, board, detect
from r1plan.hardware.machine import Machine
from r1plan.units import GIB
from tests.hardware import test_amd, test_apple
from tests.machines.replay import ReplayedNvml, tree

HOST = {
    "proc/meminfo": "MemTotal:       127600748 kB\nMemFree: 1 kB\nMemAvailable:   118566368 kB\n",
    "proc/cpuinfo": "model name\t: AMD Ryzen 9 7950X 16-Core Processor\nphysical id\t: 0\ncore id\t\t: 0\n",
}


def no_sheets() -> Hardware:
    raise AssertionError("no card, no data sheet needed")


def no_library() -> Any:
    raise AssertionError("no driver, no library needed")


def detected(root: Path, nvml: str | None = None, **environ: str) -> Machine:
    """The machine recorded under `root`, with the NVML recording of that name where a driver is."""
    tree(root, HOST | ({"dev/nvidiactl": ""} if nvml else {}))
    return detect(
        load_hardware,
        root,
        Probes(
            root=root,
            environ=environ,
            nvml=(lambda: ReplayedNvml.of(nvml)) if nvml else no_library,
            system="linux",
            architecture="x86_64",
            affinity=32,
        ),
    )


def test_a_machine_without_a_card_needs_neither_nvml_nor_data_sheets(tmp_path: Path) -> None:
    tree(tmp_path, HOST)
    machine = detect(
        no_sheets, tmp_path, Probes(root=tmp_path, environ={}, nvml=no_library, system="linux", affinity=32)
    )
    assert (machine.origin, machine.gpus) == ("detected", ())
    assert (machine.memory.bandwidth_gb_s, machine.memory.bandwidth_basis) == (76.8, "assumed")
    assert "Memory bandwidth is assumed, 76.8 GB/s (ddr5-4800-2ch)" in machine.notes[0]
    assert machine.disk is not None


@pytest.mark.parametrize(
    ("recording", "profiles"),
    [
        pytest.param("desktop-rtx-4090", ["rtx-4090"], id="rtx-4090"),
        pytest.param("server-8x-h100", ["h100-sxm-80gb"] * 8, id="8 x h100"),
        pytest.param("h200", ["h200-sxm-141gb"], id="h200, recorded on the card"),
        pytest.param("a100-mig", ["a100-sxm-80gb"] * 2, id="mig"),
        pytest.param("dgx-spark-gb10", ["gb10"], id="gb10"),
        pytest.param("mixed-3090-and-lost", ["rtx-3090", "t4"], id="mixed"),
    ],
)
def test_cards_find_their_data_sheets_and_are_numbered_anew(
    tmp_path: Path, recording: str, profiles: list[str]
) -> None:
    machine = detected(tmp_path, recording)
    assert [each.profile for each in machine.gpus] == profiles
    assert [each.index for each in machine.gpus] == list(range(len(profiles)))


def test_a_data_sheet_gives_speed_and_class(tmp_path: Path) -> None:
    (gpu,) = detected(tmp_path, "desktop-rtx-4090").gpus
    assert (gpu.bandwidth_gb_s, gpu.gpu_class) == (1008.0, "nvidia-consumer")
    assert gpu.fp16_tensor_tflops == pytest.approx(165.2)


def test_a_slice_gets_its_share_of_the_cards_speed(tmp_path: Path) -> None:
    card = load_hardware().gpus["a100-sxm-80gb"]
    assert card.bandwidth_gb_s is not None
    for each in detected(tmp_path, "a100-mig").gpus:
        assert each.bandwidth_gb_s == pytest.approx(card.bandwidth_gb_s * 40_192 / 81_920)
        assert card.fp16_tensor_tflops is not None
        assert each.fp16_tensor_tflops == pytest.approx(card.fp16_tensor_tflops * 3 / 7)


def test_unified_memory_gives_the_host_its_bandwidth(tmp_path: Path) -> None:
    memory = detected(tmp_path, "dgx-spark-gb10").memory
    assert (memory.bandwidth_gb_s, memory.bandwidth_basis) == (273.2, "data-sheet")


def test_what_cuda_hides_is_not_there(tmp_path: Path) -> None:
    machine = detected(tmp_path, "server-8x-h100", CUDA_VISIBLE_DEVICES="6,7")
    assert [each.index for each in machine.gpus] == [0, 1]
    assert "CUDA_VISIBLE_DEVICES='6,7' hides 6 of 8 NVIDIA devices." in machine.notes


def test_nvidia_and_amd_cards_stand_side_by_side(tmp_path: Path) -> None:
    tree(tmp_path, test_amd.XTX)
    machine = detected(tmp_path, "desktop-rtx-4090")
    assert [(each.index, each.profile) for each in machine.gpus] == [(0, "rtx-4090"), (1, "rx-7900-xtx")]


@pytest.mark.parametrize(("gib", "profile"), [(16, "mi50-16gb"), (32, "mi60")])
def test_memory_tells_cards_of_one_name_apart(tmp_path: Path, gib: int, profile: str) -> None:
    tree(tmp_path, test_amd.card(0, "0x66a1", "0x02", gib * GIB))
    assert detected(tmp_path).gpus[0].profile == profile


def test_what_a_name_leaves_open_is_said(tmp_path: Path) -> None:
    tree(tmp_path, test_amd.card(0, "0x66a1", "0x02", 32 * GIB))
    note = "AMD Instinct MI60 / MI50 is what the driver calls mi50-32gb too; the figures are those of mi60."
    assert note in detected(tmp_path).notes


@pytest.mark.parametrize(
    ("files", "name"),
    [
        ({"proc/device-tree/model": "NVIDIA Jetson AGX Orin Developer Kit\0"}, "NVIDIA Jetson AGX Orin Developer Kit"),
        ({"proc/device-tree/model": "\0"}, None),
        ({}, None),
    ],
    ids=["jetson", "empty", "none"],
)
def test_a_board_is_named_by_its_firmware(tmp_path: Path, files: dict[str, str], name: str | None) -> None:
    tree(tmp_path, files)
    assert board(tmp_path) == name


def test_a_card_without_a_data_sheet_says_which_figures_are_guessed_and_from_what(tmp_path: Path) -> None:
    tree(tmp_path, test_amd.card(0, "0x7fff", "0x00", 16 * GIB))
    machine = detected(tmp_path)
    (gpu,) = machine.gpus
    assert (gpu.profile, gpu.bandwidth_gb_s, gpu.gpu_class, gpu.gfx) == (None, 288.0, "amd", None)
    assert (
        "No data sheet is known for AMD GPU 1002:7fff: its bandwidth, 288 GB/s, and what it calculates are guessed "
        "from rx-7600-xt, the slowest of its maker with as much memory."
    ) in machine.notes


def test_a_mac_is_told_by_its_chip(tmp_path: Path) -> None:
    machine = detect(
        load_hardware,
        tmp_path,
        Probes(runner=test_apple.mac(test_apple.sysctl()), system="darwin", architecture="arm64"),
    )
    (gpu,) = machine.gpus
    assert (gpu.profile, gpu.bandwidth_gb_s, gpu.unified) == ("m3-max-40c", 400.0, True)
    assert machine.cpu.model == "Apple M3 Max"


def test_a_probe_that_trips_costs_only_its_own_cards(tmp_path: Path) -> None:
    tree(tmp_path, {**HOST, **test_amd.XTX, "dev/nvidiactl": ""})

    def broken() -> Any:
        raise RuntimeError("nobody has met this driver")

    machine = detect(
        load_hardware, tmp_path, Probes(root=tmp_path, environ={}, nvml=broken, system="linux", affinity=1)
    )
    assert [each.vendor for each in machine.gpus] == ["amd"]
    assert "NVIDIA cards were not looked at: RuntimeError: nobody has met this driver." in machine.notes
