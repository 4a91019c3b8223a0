"""Which build the cards of a machine want, and what is missing for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from r1plan.doctor.build.choose import chosen_recipe
from r1plan.doctor.build.place import build_place
from r1plan.doctor.build.recipe import Recipe
from r1plan.doctor.build.toolbox import Ran
from r1plan.hardware.machine import GpuDevice
from tests.doctor.system import ARCH, DEBIAN, FEDORA, SUDO, SUSE, UBUNTU, FakeSystem, card, linux

ROCM = {
    "/opt/rocm/.info/version": "6.4.1-83",
    "/opt/rocm/lib/llvm/bin/clang++": "",
    "/opt/rocm/lib/cmake/hipblas/hipblas-config.cmake": "",
    "/opt/rocm/lib/rocblas/library/TensileLibrary_Type_HH_gfx1100.co": "",
    "/opt/rocm/lib/rocblas/library/Kernels.so-000-gfx1030.hsaco": "",
    "/opt/rocm/lib/rocblas/library/TensileLibrary_gfx90a.dat": "",
}
VULKAN = {
    "/usr/include/vulkan/vulkan.h": "",
    "/usr/share/cmake/SPIRV-Headers/SPIRV-HeadersConfig.cmake": "",
    "/usr/share/vulkan/icd.d/radeon_icd.json": "",
}
GPU_TARGETS = "-DGPU_TARGETS="


def recipe(system: FakeSystem, *cards: GpuDevice) -> Recipe:
    return chosen_recipe(cards, system.tools, build_place(system.tools), None)


def with_files(system: FakeSystem, files: dict[str, str]) -> FakeSystem:
    for path, text in files.items():
        system.file(path, text)
    return system


def with_vulkan(system: FakeSystem) -> FakeSystem:
    return with_files(system.program("/usr/bin/glslc"), VULKAN)


@pytest.mark.parametrize(
    ("gfx", "flags", "at_run"),
    [
        (("gfx1100",), f"{GPU_TARGETS}gfx1100", {}),
        (("gfx90a",), f"{GPU_TARGETS}gfx90a", {}),
        (("gfx1100", "gfx1030"), f"{GPU_TARGETS}gfx1030;gfx1100", {}),
        (("gfx1032",), f"{GPU_TARGETS}gfx1030", {"HSA_OVERRIDE_GFX_VERSION": "10.3.0"}),
        (("gfx1101",), f"{GPU_TARGETS}gfx1100", {"HSA_OVERRIDE_GFX_VERSION": "11.0.0"}),
    ],
)
def test_rocm_builds_for_the_cards_that_it_has_kernels_for(
    tmp_path: Path, gfx: tuple[str, ...], flags: str, at_run: dict[str, str]
) -> None:
    found = recipe(with_files(linux(tmp_path), ROCM), *(card("amd", gfx=each) for each in gfx))
    assert (found.backend, found.flags, found.at_run) == ("ROCm", ("-DGGML_HIP=on", flags), at_run)
    assert found.environment == {"HIPCXX": "/opt/rocm/lib/llvm/bin/clang++", "HIP_PATH": "/opt/rocm"}


def test_a_card_without_a_data_sheet_is_known_by_the_kernel(tmp_path: Path) -> None:
    node = {"/sys/class/kfd/kfd/topology/nodes/1/properties": "simd_count 96\ngfx_target_version 110000\n"}
    cpu = {"/sys/class/kfd/kfd/topology/nodes/0/properties": "simd_count 0\ngfx_target_version 0\n"}
    system = with_files(linux(tmp_path), {**ROCM, **node, **cpu})
    assert recipe(system, card("amd")).flags[1] == f"{GPU_TARGETS}gfx1100"


@pytest.mark.parametrize(
    ("files", "gfx"),
    [
        pytest.param({}, "gfx1100", id="no-rocm"),
        pytest.param({**ROCM, "/opt/rocm/.info/version": "5.7.1"}, "gfx1100", id="a-rocm-that-is-too-old"),
        pytest.param(ROCM, "gfx803", id="a-card-without-kernels"),
        pytest.param(ROCM, None, id="a-card-that-nobody-knows"),
        pytest.param({key: "" for key in ROCM if "hipblas" not in key}, "gfx1100", id="rocm-without-its-libraries"),
    ],
)
def test_vulkan_serves_amd_where_rocm_does_not(tmp_path: Path, files: dict[str, str], gfx: str | None) -> None:
    found = recipe(with_vulkan(with_files(linux(tmp_path), files)), card("amd", gfx=gfx))
    assert (found.backend, found.flags, found.missing) == ("Vulkan", ("-DGGML_VULKAN=on",), ())


@pytest.mark.parametrize(
    ("release", "command"),
    [
        (UBUNTU, f"{SUDO}apt install glslc libvulkan-dev spirv-headers"),
        (DEBIAN, f"{SUDO}apt install glslc libvulkan-dev spirv-headers"),
        (FEDORA, f"{SUDO}dnf install glslc vulkan-headers vulkan-loader-devel spirv-headers-devel"),
        (ARCH, f"{SUDO}pacman -S shaderc vulkan-headers vulkan-icd-loader spirv-headers"),
        (SUSE, f"{SUDO}zypper install shaderc vulkan-devel spirv-headers-devel"),
        ('ID=fedora\nVARIANT_ID="silverblue"\n', None),
        ("ID=void\n", None),
    ],
)
def test_all_that_vulkan_needs_is_one_command(tmp_path: Path, release: str, command: str | None) -> None:
    found = recipe(linux(tmp_path, release), card("nvidia", "Tesla K80", "3.7"))
    assert [(each.name, *each.also) for each in found.missing] == [("glslc", "vulkan", "spirv-headers")]
    assert found.missing[0].command == command
    assert (found.missing[0].page is None) == (command is not None)


def test_vulkans_own_kit_has_all_of_it(tmp_path: Path) -> None:
    system = linux(tmp_path, environ={"VULKAN_SDK": "/home/ann/sdk"})
    assert recipe(system, card("nvidia", capability="3.5")).missing == ()


@pytest.mark.parametrize(
    ("release", "vendor", "command"),
    [
        (UBUNTU, "amd", f"{SUDO}apt install mesa-vulkan-drivers"),
        (ARCH, "amd", f"{SUDO}pacman -S vulkan-radeon"),
        (ARCH, "intel", f"{SUDO}pacman -S vulkan-intel"),
    ],
)
def test_a_card_needs_a_vulkan_driver(tmp_path: Path, release: str, vendor: str, command: str) -> None:
    system = with_files(linux(tmp_path, release).program("/usr/bin/glslc"), dict(list(VULKAN.items())[:2]))
    (piece,) = recipe(system, card("amd" if vendor == "amd" else "intel")).missing
    assert (piece.name, piece.command) == ("vulkan-driver", command)


def test_intels_own_compilers_are_used_where_they_are(tmp_path: Path) -> None:
    assert recipe(with_vulkan(linux(tmp_path)), card("intel")).backend == "Vulkan"
    found = recipe(linux(tmp_path, compiler=False).file("/opt/intel/oneapi/setvars.sh"), card("intel"))
    assert (found.backend, found.before) == ("SYCL", ". /opt/intel/oneapi/setvars.sh")


def test_cards_of_two_makers_share_one_build(tmp_path: Path) -> None:
    system = with_vulkan(with_files(linux(tmp_path), ROCM)).nvcc("13.0", "89")
    assert recipe(system, card("nvidia", capability="8.9"), card("amd", gfx="gfx1100")).backend == "Vulkan"


def test_a_container_without_the_cards_device_is_told_how_it_gets_it(tmp_path: Path) -> None:
    found = recipe(with_files(linux(tmp_path), ROCM).file("/.dockerenv"), card("amd", gfx="gfx1100"))
    assert [(each.name, each.found) for each in found.missing] == [
        ("device-absent", "/dev/kfd"),
        ("device-absent", "/dev/dri"),
    ]


@pytest.mark.parametrize(
    ("release", "command"),
    [
        (UBUNTU, f"{SUDO}apt install build-essential"),
        (FEDORA, f"{SUDO}dnf install gcc-c++"),
        (ARCH, f"{SUDO}pacman -S base-devel"),
        ("ID=alpine\n", f"{SUDO}apk add build-base linux-headers"),
        ("ID=rocky\nID_LIKE='rhel centos fedora'\n", f"{SUDO}dnf install gcc-c++"),
        ("ID=pop\nID_LIKE='ubuntu debian'\n", f"{SUDO}apt install build-essential"),
        ("", None),
    ],
)
def test_a_compiler_comes_before_everything(tmp_path: Path, release: str, command: str | None) -> None:
    found = recipe(linux(tmp_path, release, compiler=False), card("nvidia", capability="8.9"))
    assert [each.name for each in found.missing] == ["compiler", "cuda"]
    assert found.missing[0].command == command


def test_any_compiler_of_cpp_will_do(tmp_path: Path) -> None:
    for name in ("c++", "clang++"):
        assert recipe(linux(tmp_path / name, compiler=False).program(f"/usr/bin/{name}")).missing == ()
    chosen = linux(tmp_path / "own", compiler=False, environ={"CXX": "g++-14 -m64"}).program("/usr/bin/g++-14")
    assert recipe(chosen).missing == ()


def test_a_mac_needs_its_command_line_tools(tmp_path: Path) -> None:
    found = recipe(FakeSystem(tmp_path, system="darwin"), card("apple"))
    assert (found.backend, found.flags) == ("Metal", ("-DGGML_METAL=on",))
    assert [(each.name, each.command) for each in found.missing] == [("command-line-tools", "xcode-select --install")]
    ready = FakeSystem(tmp_path, system="darwin", answers={"xcode-select -p": Ran(0, "/Library/Developer\n")})
    assert recipe(ready, card("apple")).missing == ()


def test_windows_needs_microsofts_compiler_and_nvidias_toolkit(tmp_path: Path) -> None:
    system = FakeSystem(tmp_path, system="win32")
    found = recipe(system, card("nvidia", capability="8.9"))
    assert [each.name for each in found.missing] == ["visual-studio", "cuda"]
    assert found.missing[1].command == "winget install --id Nvidia.CUDA"
    system.file("/Program Files (x86)/Microsoft Visual Studio/Installer/vswhere.exe")
    assert [each.name for each in recipe(system, card("nvidia", capability="8.9")).missing] == ["cuda"]


def test_without_a_card_it_is_built_for_the_processor(tmp_path: Path) -> None:
    found = recipe(linux(tmp_path))
    assert (found.backend, found.flags, found.missing, found.minutes(2)) == ("CPU", (), (), 4)


def test_flags_of_another_build_do_not_reach_the_processors(tmp_path: Path) -> None:
    found = recipe(linux(tmp_path, environ={"CMAKE_ARGS": "-DGGML_CUDA=on"}))
    assert found.environment == {"CMAKE_ARGS": ""}


def test_of_several_rocms_without_a_main_one_the_newest_is_taken(tmp_path: Path) -> None:
    system = linux(tmp_path)
    for version in ("6.2.0", "6.4.1"):
        with_files(system, {each.replace("/opt/rocm", f"/opt/rocm-{version}"): text for each, text in ROCM.items()})
    assert recipe(system, card("amd", gfx="gfx1100")).environment["HIP_PATH"] == "/opt/rocm-6.4.1"


def test_windows_has_one_kit_for_vulkan(tmp_path: Path) -> None:
    found = recipe(FakeSystem(tmp_path, system="win32"), card("intel"))
    assert found.missing[1].command == "winget install --id KhronosGroup.VulkanSDK"


@pytest.mark.parametrize(("cores", "minutes"), [(0, 59), (1, 59), (2, 29.5), (16, 59 / 16)])
def test_a_build_takes_less_on_more_cores(tmp_path: Path, cores: int, minutes: float) -> None:
    assert recipe(linux(tmp_path).nvcc("13.0", "89"), card("nvidia", capability="8.9")).minutes(cores) == minutes


@pytest.mark.parametrize(
    ("files", "environ", "container", "wsl"),
    [
        ({}, {}, False, False),
        ({"/.dockerenv": ""}, {}, True, False),
        ({"/run/.containerenv": ""}, {}, True, False),
        ({}, {"container": "podman"}, True, False),
        ({"/dev/dxg": ""}, {}, False, True),
        ({}, {"WSL_DISTRO_NAME": "Ubuntu"}, False, True),
    ],
)
def test_containers_and_wsl_are_known(
    tmp_path: Path, files: dict[str, str], environ: dict[str, str], container: bool, wsl: bool
) -> None:
    found = build_place(with_files(linux(tmp_path, environ=environ), files).tools)
    assert (found.is_container, found.is_wsl) == (container, wsl)
