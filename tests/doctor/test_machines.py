"""Recorded machines, each with the toolkits that could be on it: the whole line that builds the engine there."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import pytest

from r1plan.doctor.build.installer import Environment
from r1plan.doctor.build.offer import BuildOffer, build_offer
from r1plan.doctor.engine import InstalledEngine
from r1plan.doctor.report import Health
from r1plan.doctor.slow.cards import nvidia_readings, slow_cards
from r1plan.doctor.slow.cause import Slowness
from r1plan.doctor.slow.engine import slow_engine
from r1plan.engine.local.build import LlamaBuild
from r1plan.hardware.machine import Machine
from r1plan.render.doctor.terminal import health_lines
from tests.doctor.system import SUDO, FakeSystem, linux
from tests.doctor.test_build_cuda import CODES_118, CODES_120, CODES_128, CODES_130
from tests.hardware.test_detect import detected
from tests.machines.replay import ReplayedNvml

PYTHON = "/home/ann/r1/bin/python"
PIP = (
    f"{PYTHON} -m pip install --force-reinstall --no-deps --no-cache-dir --no-binary llama-cpp-python "
    "llama-cpp-python==0.3.36"
)


def offer(machine: Machine, system: FakeSystem) -> BuildOffer:
    own = Environment(python=PYTHON, prefix=Path("/home/ann/r1"))
    return build_offer(machine.gpus, machine.cpu.cores, system.tools, own, checkout=Path(), again=True)


@pytest.mark.parametrize(
    ("recording", "version", "codes", "flags"),
    [
        ("desktop-rtx-4090", "11.8", CODES_118, "-DCMAKE_CUDA_ARCHITECTURES=89"),
        ("desktop-rtx-4090", "13.0", CODES_130, "-DCMAKE_CUDA_ARCHITECTURES=89"),
        ("server-8x-h100", "12.8", CODES_128, "-DCMAKE_CUDA_ARCHITECTURES=90"),
        ("h200", "13.0", CODES_130, "-DCMAKE_CUDA_ARCHITECTURES=90"),
        ("a100-mig", "12.0", CODES_120, "-DCMAKE_CUDA_ARCHITECTURES=80"),
        ("dgx-spark-gb10", "13.0", CODES_130, "-DCMAKE_CUDA_ARCHITECTURES=121"),
        ("mixed-3090-and-lost", "13.0", CODES_130, "-DCMAKE_CUDA_ARCHITECTURES=75;86"),
    ],
)
def test_the_line_builds_for_the_cards_that_are_there(
    tmp_path: Path, recording: str, version: str, codes: str, flags: str
) -> None:
    found = offer(detected(tmp_path, recording), linux(tmp_path).nvcc(version, codes))
    assert found.recipe.missing == ()
    assert found.command == f'CMAKE_ARGS="-DGGML_CUDA=on {flags}" {PIP}'
    assert shlex.split(found.command)[0] == f"CMAKE_ARGS=-DGGML_CUDA=on {flags}"
    assert subprocess.run(["bash", "-n", "-c", found.command], check=False).returncode == 0


@pytest.mark.parametrize(
    ("recording", "version", "codes", "needed"),
    [
        ("dgx-spark-gb10", "12.8", CODES_128, "12.9 or newer"),
        ("h200", "11.5", "35 37 50 52 53 60 61 62 70 72 75 80 86 87", "11.8 or newer"),
    ],
)
def test_a_toolkit_older_than_the_card_is_told_and_the_line_stays_the_same(
    tmp_path: Path, recording: str, version: str, codes: str, needed: str
) -> None:
    found = offer(detected(tmp_path, recording), linux(tmp_path).nvcc(version, codes))
    assert [(each.name, each.needed) for each in found.recipe.missing] == [("cuda-other", needed)]
    assert "-DCMAKE_CUDA_ARCHITECTURES=" in found.command


def test_a_processors_build_beside_a_card_is_told_with_all_that_mends_it(tmp_path: Path) -> None:
    machine = detected(tmp_path, "desktop-rtx-4090")
    build = LlamaBuild("loads", "0.3.36", ("CPU",), features="CPU : AVX2 = 1 | ")
    engine = InstalledEngine(build, machine.gpus, offer(machine, linux(tmp_path)))
    now = nvidia_readings(ReplayedNvml.of("desktop-rtx-4090"))
    slow = Slowness((*slow_engine(engine, machine, has_avx2=True), *slow_cards(now.cards, machine.gpus, 1)))
    assert health_lines(Health((engine, slow)), 100) == [
        "Nothing is broken. 2 things could be better.",
        "",
        "engine     note: llama-cpp-python 0.3.36, built for CPU, which cannot use the RTX 4090 here.",
        "           -> First, the CUDA toolkit is missing, 11.8 or newer:",
        f"              {SUDO}apt install nvidia-cuda-toolkit",
        "           -> Then build it for CUDA, about 1.8 minutes on 32 cores:",
        f'              CMAKE_ARGS="-DGGML_CUDA=on -DCMAKE_CUDA_ARCHITECTURES=89" {PIP}',
        "speed      note: 1 thing slows models down here.",
        "           -> The engine does not use the RTX 4090: weights are read at 77 GB/s from main memory,",
        "              and the card reads 1,008 GB/s. The build above mends it.",
    ]
