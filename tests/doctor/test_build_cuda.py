"""The build for NVIDIA's cards, by the toolkits, the compilers and the driver that are here."""

from __future__ import annotations

from pathlib import Path

import pytest

from r1plan.doctor.build.choose import chosen_recipe
from r1plan.doctor.build.cuda_toolkits import toolkits, trial
from r1plan.doctor.build.place import build_place
from r1plan.doctor.build.recipe import Recipe
from r1plan.doctor.build.toolbox import Toolbox
from tests.doctor.system import ARCH, DEBIAN, FEDORA, SUDO, UBUNTU, FakeSystem, card, linux

CODES_118 = "35 37 50 52 53 60 61 62 70 72 75 80 86 87 89 90"
CODES_120 = "50 52 53 60 61 62 70 72 75 80 86 87 89 90"
CODES_128 = "50 52 53 60 61 62 70 72 75 80 86 87 89 90 100 101 120"
CODES_130 = "75 80 86 87 88 89 90 100 110 103 120 121"
GNU = 'echo "host_config.h: error: unsupported GNU version! gcc versions later than {} are not supported!" >&2; exit 1'


def recipe(system: FakeSystem, *capabilities: str, driver: tuple[int, int] | None = (13, 0)) -> Recipe:
    cards = [card("nvidia", f"card {each}", each) for each in capabilities]
    return chosen_recipe(cards, system.tools, build_place(system.tools), driver)


@pytest.mark.parametrize(
    ("version", "codes", "capabilities", "architectures", "left_out"),
    [
        pytest.param("13.0", CODES_130, ["8.9"], "89", [], id="ada"),
        pytest.param("13.0", CODES_130, ["8.9", "8.6", "8.9"], "86;89", [], id="two-kinds-each-once"),
        pytest.param("12.8", CODES_128, ["12.0", "6.1"], "61;120", [], id="old-and-new-in-12.8"),
        pytest.param("13.0", CODES_130, ["12.1"], "121", [], id="gb10"),
        pytest.param("13.0", CODES_130, ["11.0"], "110", [], id="thor"),
        pytest.param("11.8", CODES_118, ["8.7"], "87", [], id="orin"),
        pytest.param("12.0", CODES_120, ["5.0"], "50", [], id="the-oldest-that-it-takes"),
        pytest.param("13.0", CODES_130, ["8.6", "3.5"], "86", ["card 3.5"], id="one-that-no-cuda-build-takes"),
        pytest.param("12.0", "", ["8.9"], "89", [], id="a-toolkit-that-lists-nothing"),
    ],
)
def test_a_toolkit_that_knows_the_cards_builds_for_them_alone(
    tmp_path: Path, version: str, codes: str, capabilities: list[str], architectures: str, left_out: list[str]
) -> None:
    found = recipe(linux(tmp_path).nvcc(version, codes), *capabilities)
    assert found.flags == ("-DGGML_CUDA=on", f"-DCMAKE_CUDA_ARCHITECTURES={architectures}")
    assert ([each.name for each in found.left_out], found.missing, found.environment) == (left_out, (), {})
    assert found.processor_minutes == 8 + 51 * len(architectures.split(";"))


def test_a_card_whose_capability_nobody_knows_is_left_to_cmake(tmp_path: Path) -> None:
    system = linux(tmp_path).nvcc("13.0", CODES_130)
    found = chosen_recipe([card("nvidia")], system.tools, build_place(system.tools), None)
    assert (found.flags, found.missing) == (("-DGGML_CUDA=on",), ())


@pytest.mark.parametrize(
    ("release", "capability", "driver", "needed", "command"),
    [
        pytest.param(UBUNTU, "8.9", (13, 0), "11.8 or newer", f"{SUDO}apt install nvidia-cuda-toolkit", id="ubuntu"),
        pytest.param(UBUNTU, "8.9", (12, 4), "11.8 to 12.9", f"{SUDO}apt install nvidia-cuda-toolkit", id="driver-12"),
        pytest.param(UBUNTU, "12.0", (13, 0), "12.8 or newer", None, id="ubuntu-has-too-old-a-one"),
        pytest.param(UBUNTU, "6.1", (13, 0), "11.0 to 12.9", f"{SUDO}apt install nvidia-cuda-toolkit", id="pascal"),
        pytest.param(DEBIAN, "8.9", (13, 0), "11.8 or newer", f"{SUDO}apt install nvidia-cuda-toolkit", id="debian"),
        pytest.param(DEBIAN, "10.0", (13, 0), "12.8 or newer", None, id="debian-has-too-old-a-one"),
        pytest.param(ARCH, "8.9", (13, 0), "11.8 or newer", f"{SUDO}pacman -S cuda", id="arch"),
        pytest.param(ARCH, "7.0", (13, 0), "11.0 to 12.9", None, id="arch-has-too-new-a-one"),
        pytest.param(ARCH, "8.9", (12, 4), "11.8 to 12.9", None, id="arch-has-one-beyond-the-driver"),
        pytest.param(FEDORA, "8.9", (13, 0), "11.8 or newer", None, id="fedora-has-none"),
        pytest.param("ID=nixos\n", "8.9", (13, 0), "11.8 or newer", None, id="nixos"),
        pytest.param(UBUNTU, "13.7", (13, 0), "13.0 or newer", None, id="a-card-of-the-future"),
    ],
)
def test_without_a_toolkit_the_one_that_serves_is_named_with_its_command(
    tmp_path: Path, release: str, capability: str, driver: tuple[int, int], needed: str, command: str | None
) -> None:
    found = recipe(linux(tmp_path, release), capability, driver=driver)
    (piece,) = found.missing
    assert (piece.name, piece.needed, piece.command) == ("cuda", needed, command)
    assert piece.page is not None
    assert found.flags[1] == f"-DCMAKE_CUDA_ARCHITECTURES={capability.replace('.', '')}"


@pytest.mark.parametrize(
    ("sources", "release", "capability", "driver", "command"),
    [
        ("/etc/apt/sources.list.d/cuda-ubuntu2404-x86_64.list", UBUNTU, "12.0", (13, 0), "apt install cuda-toolkit-13"),
        ("/etc/apt/sources.list.d/cuda-ubuntu2404-x86_64.list", UBUNTU, "12.0", (12, 8), "apt install cuda-toolkit-12"),
        ("/etc/apt/sources.list.d/cuda-wsl-ubuntu.list", UBUNTU, "6.1", (13, 0), "apt install cuda-toolkit-12"),
        ("/etc/yum.repos.d/cuda-fedora42.repo", FEDORA, "8.9", (13, 0), "dnf install cuda-toolkit-13"),
        ("/etc/nv_tegra_release", UBUNTU, "8.7", (12, 6), "apt install nvidia-jetpack"),
    ],
)
def test_where_nvidias_own_packages_are_known_they_come_first(
    tmp_path: Path, sources: str, release: str, capability: str, driver: tuple[int, int], command: str
) -> None:
    found = recipe(linux(tmp_path, release).file(sources), capability, driver=driver)
    assert found.missing[0].command == f"{SUDO}{command}"


def test_a_toolkit_beside_path_is_named_to_the_build(tmp_path: Path) -> None:
    system = linux(tmp_path).nvcc("12.8", CODES_128, at="/usr/local/cuda-12.8/bin/nvcc")
    found = recipe(system, "12.0", driver=(12, 8))
    assert {name: system.plain(value) for name, value in found.environment.items()} == {
        "CUDACXX": "/usr/local/cuda-12.8/bin/nvcc",
        "CUDAToolkit_ROOT": "/usr/local/cuda-12.8",
    }


def test_of_two_toolkits_the_one_that_knows_the_card_is_taken(tmp_path: Path) -> None:
    system = linux(tmp_path).nvcc("13.0", CODES_130).nvcc("12.8", CODES_128, at="/usr/local/cuda-12.8/bin/nvcc")
    assert system.plain(recipe(system, "6.1").environment["CUDACXX"]) == "/usr/local/cuda-12.8/bin/nvcc"
    assert recipe(system, "8.9").environment == {}
    # The driver of 12.x runs nothing of 13.
    assert "cuda-12.8" in recipe(system, "8.9", driver=(12, 4)).environment["CUDACXX"]


@pytest.mark.parametrize(
    ("version", "codes", "capability", "driver", "found", "needed"),
    [
        ("12.0", CODES_120, "12.0", (13, 0), "12.0", "12.8 or newer"),
        ("13.0", CODES_130, "7.0", (13, 0), "13.0", "11.0 to 12.9"),
        ("13.0", CODES_130, "8.9", (12, 4), "13.0", "11.8 to 12.9"),
    ],
)
def test_a_toolkit_that_does_not_serve_is_told_with_the_one_that_does(
    tmp_path: Path, version: str, codes: str, capability: str, driver: tuple[int, int], found: str, needed: str
) -> None:
    (piece,) = recipe(linux(tmp_path, FEDORA).nvcc(version, codes), capability, driver=driver).missing
    assert (piece.name, piece.found, piece.needed) == ("cuda-other", found, needed)


def test_a_driver_that_no_toolkit_of_this_card_runs_on_comes_first(tmp_path: Path) -> None:
    (piece,) = recipe(linux(tmp_path), "11.0", driver=(12, 8)).missing
    assert (piece.name, piece.found, piece.needed) == ("driver", "12.8", "580")


@pytest.mark.parametrize(
    ("said", "name", "needed"),
    [
        pytest.param(GNU.format(12), "cuda-host-compiler", "12", id="gcc-too-new"),
        pytest.param(
            "echo 'mathcalls.h(79): error: exception specification is incompatible with that of previous function "
            '"cospi"\'; exit 1',
            "cuda-c-library",
            None,
            id="glibc",
        ),
        pytest.param(
            "echo 'trial.cu:3:10: fatal error: cublas_v2.h: No such file or directory'; exit 1",
            "cublas",
            None,
            id="cublas",
        ),
        pytest.param("echo 'sh: 1: cc1plus: not found'; exit 1", "compiler", None, id="no-compiler-behind-it"),
        pytest.param("echo 'nvcc error: out of luck'; exit 3", "cuda-fails", "nvcc error: out of luck", id="else"),
    ],
)
def test_what_a_trial_finds_in_the_way_is_told(tmp_path: Path, said: str, name: str, needed: str | None) -> None:
    (piece,) = recipe(linux(tmp_path).nvcc("12.0", CODES_120, trial=said), "8.9").missing
    assert (piece.name, piece.needed) == (name, needed)


def test_an_older_gcc_that_is_here_is_taken(tmp_path: Path) -> None:
    refuses = f'case "$*" in *g++-12*) exit 0 ;; *) {GNU.format(12)} ;; esac'
    system = (
        linux(tmp_path).program("/usr/bin/g++-12").program("/usr/bin/g++-14").nvcc("12.0", CODES_120, trial=refuses)
    )
    found = recipe(system, "8.9")
    assert (found.missing, system.plain(found.environment["CUDAHOSTCXX"])) == ((), "/usr/bin/g++-12")


def test_a_gcc_is_installed_where_none_that_it_takes_is_here(tmp_path: Path) -> None:
    system = linux(tmp_path).program("/usr/bin/g++-14").nvcc("12.0", CODES_120, trial=GNU.format(12))
    (piece,) = recipe(system, "8.9").missing
    assert piece.command == f"{SUDO}apt install g++-12"


def test_toolkits_that_hang_or_lie_are_passed_over(tmp_path: Path) -> None:
    system = linux(tmp_path).program("/usr/bin/nvcc", "exit 1").program("/usr/local/cuda/bin/nvcc", "echo hello")
    assert toolkits(system.tools) == ()


def test_the_toolkit_of_this_computer_says_what_it_compiles_for() -> None:
    here = toolkits(Toolbox())
    if not here:
        pytest.skip("no CUDA toolkit is here")
    assert 90 in here[0].codes
    # A toolkit without its libraries is seen as that.
    assert trial(Toolbox(), here[0], 90).outcome in ("compiles", "cublas")
