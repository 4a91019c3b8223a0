"""How the doctor says it: whole lines, a command on one line of its own, and each cause with what to do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest

from r1plan.doctor.build.offer import BuildOffer
from r1plan.doctor.build.place import BuildPlace
from r1plan.doctor.build.recipe import MissingPiece, PieceName, Recipe
from r1plan.doctor.engine import InstalledEngine
from r1plan.doctor.report import Health, MachineSeen
from r1plan.doctor.slow.cause import (
    CardIdle,
    FewCores,
    HeldMemory,
    LittleMemory,
    LowClocks,
    LowPower,
    MigSlice,
    NarrowLink,
    OnBattery,
    PlainBuild,
    RemoteFolder,
    SlowCause,
    Slowness,
    Swapping,
    Throttled,
    TranslatedPython,
)
from r1plan.engine.local.build import LlamaBuild
from r1plan.hardware.machine import Cpu, GpuProcess, HostMemory, Machine
from r1plan.render.doctor.build_words import build_steps
from r1plan.render.doctor.document import health_document
from r1plan.render.doctor.slow_words import slow_step
from r1plan.render.doctor.terminal import health_lines
from r1plan.render.doctor.words import told
from r1plan.units import GIB, MIB
from tests.doctor.system import card

COMMAND = (
    'CMAKE_ARGS="-DGGML_CUDA=on -DCMAKE_CUDA_ARCHITECTURES=89" /home/ann/.venv/bin/python -m pip install '
    "--force-reinstall --no-deps --no-cache-dir --no-binary llama-cpp-python llama-cpp-python==0.3.36"
)
RECIPE = Recipe(backend="CUDA", flags=("-DGGML_CUDA=on",), processor_minutes=59.0)
TOOLKIT = MissingPiece(
    name="cuda-other",
    found="12.0",
    needed="12.8 or newer",
    command="sudo apt install cuda-toolkit-13",
    page="https://developer.nvidia.com/cuda-downloads",
)


def offered(recipe: Recipe) -> BuildOffer:
    return BuildOffer(recipe=recipe, command=COMMAND, cores=16, minutes=recipe.minutes(16))


def engine(recipe: Recipe) -> InstalledEngine:
    build = LlamaBuild("loads", "0.3.36", ("CPU",))
    return InstalledEngine(build, (card("nvidia", "NVIDIA GeForce RTX 4090"),), offered(recipe))


def test_the_build_is_told_step_by_step_with_each_command_whole() -> None:
    recipe = replace(RECIPE, missing=(TOOLKIT,), left_out=(card("nvidia", "NVIDIA GeForce GTX 780"),))
    assert health_lines(Health((engine(recipe),)), 80) == [
        "Nothing is broken. 1 thing could be better.",
        "",
        "engine     note: llama-cpp-python 0.3.36, built for CPU, which cannot use the",
        "           RTX 4090 here.",
        "           -> First, the CUDA toolkit here, 12.0, does not serve this card and",
        "              driver; 12.8 or newer does:",
        "              sudo apt install cuda-toolkit-13",
        "           -> Then build it for CUDA, about 3.7 minutes on 16 cores:",
        f"              {COMMAND}",
        "           -> The GTX 780 stays unused: this build is not for it.",
    ]


def test_a_program_reads_the_same_steps() -> None:
    (check,) = health_document(Health((engine(RECIPE),)))["checks"]
    assert (check["check"], check["state"], check["mend"]) == ("engine", "note", COMMAND)
    assert check["steps"] == [{"text": "Build it for CUDA, about 3.7 minutes on 16 cores:", "command": COMMAND}]
    assert check["build"] == {"backend": "CUDA", "command": COMMAND, "minutes": 3.7, "missing": []}


def test_a_program_reads_the_figures_of_what_is_slow() -> None:
    folder = RemoteFolder(path=Path("/models"), file_system="nfs4", is_windows_drive=False)
    (check,) = health_document(Health((Slowness((folder, OnBattery())),)))["checks"]
    assert check["causes"] == [
        {"cause": "remote-folder", "path": "/models", "file_system": "nfs4", "is_windows_drive": False},
        {"cause": "on-battery"},
    ]


def test_an_engine_that_is_well_is_one_line_with_its_build_for_programs() -> None:
    build = LlamaBuild("loads", "0.3.36", ("CUDA", "CPU"))
    well = InstalledEngine(build, (card("nvidia", "RTX 4090", "8.9"),), offered(RECIPE))
    assert health_lines(Health((well,)), 80)[2:] == ["engine     llama-cpp-python 0.3.36, built for CUDA, CPU."]
    (check,) = health_document(Health((well,)))["checks"]
    assert (check["mend"], check["steps"], check["build"]["command"]) == (None, [], COMMAND)


def test_what_a_card_needs_at_run_time_comes_after_the_build() -> None:
    rocm = Recipe(backend="ROCm", at_run={"HSA_OVERRIDE_GFX_VERSION": "10.3.0"}, before=". /opt/x/setvars.sh")
    steps = list(build_steps(offered(rocm)))
    assert [each.command for each in steps] == [
        COMMAND,
        "export HSA_OVERRIDE_GFX_VERSION=10.3.0",
        ". /opt/x/setvars.sh",
    ]
    assert steps[0].text == "Build it for ROCm:"


@pytest.mark.parametrize("name", get_args(PieceName))
@pytest.mark.parametrize("command", ["sudo install it", None])
def test_every_piece_is_one_sentence(name: PieceName, command: str | None) -> None:
    piece = MissingPiece(name=name, found="12.0", needed="12.8 or newer", command=command, page="https://x.test")
    (first, _build) = build_steps(offered(Recipe(backend="CPU", missing=(piece,))))
    assert first.command == command
    assert first.text.startswith("First, ")
    assert first.text.endswith("https://x.test has it." if command is None else ":")
    assert "None" not in first.text
    (bare, _build) = build_steps(offered(Recipe(backend="CPU", missing=(MissingPiece(name=name),))))
    assert bare.text.endswith(".")


def test_pieces_of_one_command_are_told_together() -> None:
    piece = MissingPiece(name="glslc", also=("vulkan", "spirv-headers"), command="sudo apt install x")
    (first, _build) = build_steps(offered(Recipe(backend="Vulkan", missing=(piece,))))
    assert first.text == (
        "First, glslc, which compiles Vulkan's shaders, Vulkan's headers and loader and SPIR-V's headers are missing:"
    )


def test_a_build_that_finds_no_card_says_what_its_driver_runs() -> None:
    build = LlamaBuild("loads", "0.3.36", ("CUDA", "CPU"), offloads=True, cards=0)
    found = InstalledEngine(build, (card("nvidia", "RTX 4090", "8.9"),), offered(RECIPE), driver_cuda=(12, 4))
    assert told(found).found == (
        "llama-cpp-python 0.3.36, built for CUDA, CPU, which finds none of the cards here; their driver runs CUDA 12.4 "
        "at most."
    )
    assert told(found).mend == COMMAND


def test_a_library_that_lies_elsewhere_comes_before_another_build() -> None:
    build = LlamaBuild("fails", fault="libcudart.so.12: cannot open shared object file")
    found = told(InstalledEngine(build, (), offered(RECIPE), library=("/opt/a b/lib", "libcudart.so.12")))
    assert [each.command for each in found.steps] == ["export LD_LIBRARY_PATH='/opt/a b/lib'", COMMAND]
    assert found.mend == found.steps[0].command


def test_another_processors_build_is_called_that() -> None:
    found = told(InstalledEngine(LlamaBuild("fails", fault="it was ended by signal 4"), (), offered(RECIPE)))
    assert found.found.endswith("it was ended by signal 4, for it was built for another processor.")


def test_powershell_is_named_where_the_line_is_its_own() -> None:
    (step,) = build_steps(replace(offered(RECIPE), is_powershell=True))
    assert step.text == "Build it for CUDA in PowerShell, about 3.7 minutes on 16 cores:"


HOLDERS = (GpuProcess(pid=4242, name="python3", used_bytes=9 * GIB), GpuProcess(pid=5, name=None, used_bytes=300 * MIB))


@pytest.mark.parametrize(
    ("cause", "words", "command"),
    [
        (
            CardIdle(name="NVIDIA GeForce RTX 4090", card_gb_s=1008, memory_gb_s=64),
            "64 GB/s from main memory, and the card reads 1,008 GB/s",
            None,
        ),
        (PlainBuild(), "AVX2", None),
        (
            LowPower(index=1, name="NVIDIA GeForce RTX 4090", limit_w=300, default_w=450),
            "may take 300 W of its usual 450 W",
            "sudo nvidia-smi -i 1 -pl 450",
        ),
        (
            LowPower(index=1, name="Radeon", limit_w=250, default_w=339, cap_file="/sys/x/power1_cap"),
            "250 W",
            "echo 339000000 | sudo tee /sys/x/power1_cap",
        ),
        (LowClocks(name="Radeon", level_file="/sys/x/level"), "low clocks", "echo auto | sudo tee /sys/x/level"),
        (
            Throttled(index=0, name="A100", reasons=("heat", "power-brake")),
            "it is too hot and the power supply tells it to",
            "nvidia-smi -i 0 -q -d PERFORMANCE,TEMPERATURE,POWER",
        ),
        (
            NarrowLink(name="RTX 3090", generation=4, lanes=4, best_generation=4, best_lanes=16),
            "PCIe 4 x4 (7.9 GB/s), and could be on 4 x16 (31.5 GB/s)",
            None,
        ),
        (
            HeldMemory(index=0, name="NVIDIA GeForce RTX 4090", processes=HOLDERS),
            "hold 9.3 GiB of the RTX 4090: python3 (4242) 9.0 GiB, a process (5) 300 MiB",
            "kill 4242",
        ),
        (
            HeldMemory(index=0, name="x", processes=(GpuProcess(pid=3, name="ollama_llama_se", used_bytes=GIB),)),
            "Ollama lets go",
            "ollama ps",
        ),
        (MigSlice(name="A100"), "one slice", None),
        (Swapping(used_bytes=2 * GIB, stalled_percent=12.5), "in 12 % of the last minute. 2.0 GiB are swapped", None),
        (FewCores(usable=8, present=64, is_container=True), "8 of 64 cores; start it with more: --cpus 64", None),
        (FewCores(usable=8, present=64, is_container=False), "8 of 64 cores, by its affinity or quota", None),
        (LittleMemory(limit_bytes=8 * GIB, total_bytes=64 * GIB), "8.0 of 64.0 GiB", None),
        (RemoteFolder(path=Path("/m"), file_system="nfs4", is_windows_drive=False), "behind a network (nfs4)", None),
        (RemoteFolder(path=Path("/mnt/c/m"), file_system="9p", is_windows_drive=True), "Windows drive", None),
        (TranslatedPython(), "Rosetta", None),
        (OnBattery(), "battery", None),
    ],
)
def test_each_cause_says_what_it_is_and_what_to_do(cause: SlowCause, words: str, command: str | None) -> None:
    said = slow_step(cause)
    assert words in said.text
    assert said.command == command
    assert said.text.endswith(":" if command else ".")


def test_every_kind_of_cause_has_words() -> None:
    assert {type(each) for each in get_args(SlowCause)} == {type}
    assert all(each in slow_step.registry for each in get_args(SlowCause))


def test_slow_is_a_note_with_a_step_for_each_cause() -> None:
    calm = told(Slowness(()))
    assert (calm.topic, calm.mend, calm.steps, Slowness(()).state) == ("speed", None, (), "ok")
    slow = Slowness((OnBattery(), LowClocks(name="x", level_file="/l")))
    assert (told(slow).found, told(slow).mend, slow.state) == (
        "2 things slow models down here.",
        "echo auto | sudo tee /l",
        "note",
    )


NO_DRIVER = "1 NVIDIA card is on the PCI bus, but no driver is here: install it, or start the container with the GPUs."
NO_LIBRARY = "NVIDIA cards were not looked at: the driver's library libnvidia-ml is not installed."
UPDATED = (
    "NVIDIA cards were not looked at: the driver was updated and the old one is still running; a restart mends that."
)


@pytest.mark.parametrize(
    ("place", "note", "state", "mend"),
    [
        (BuildPlace(system="linux", distribution="ubuntu"), NO_DRIVER, "broken", "sudo ubuntu-drivers install"),
        (BuildPlace(system="linux", is_container=True), NO_DRIVER, "broken", "docker run --gpus all"),
        (BuildPlace(system="linux", distribution="fedora"), NO_DRIVER, "broken", "https://www.nvidia.com/drivers"),
        (BuildPlace(system="linux", is_wsl=True), NO_LIBRARY, "note", "in Windows, and none in WSL"),
        (BuildPlace(system="linux"), UPDATED, "broken", "r1plan detect"),
        (None, NO_DRIVER, "broken", "r1plan detect"),
    ],
)
def test_a_card_that_nothing_can_use_is_brought_into_sight(
    place: BuildPlace | None, note: str, state: str, mend: str
) -> None:
    machine = Machine(
        origin="detected",
        system="linux",
        cpu=Cpu(model="x", cores=2, architecture="x86_64"),
        memory=HostMemory(total_bytes=GIB, available_bytes=GIB),
        notes=(note,),
    )
    seen = MachineSeen(machine, place)
    assert seen.state == state
    assert mend in (told(seen).mend or "")
