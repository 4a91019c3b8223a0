"""The builds that need no maker's toolkit: Vulkan for any card, SYCL where Intel's compilers are here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from r1plan.doctor.build.packages import install_command
from r1plan.doctor.build.place import BuildPlace
from r1plan.doctor.build.recipe import MissingPiece, PieceName, Recipe
from r1plan.doctor.build.rocm import device_rights
from r1plan.doctor.build.toolbox import Toolbox
from r1plan.hardware.machine import GpuDevice

_SDK = "https://vulkan.lunarg.com/sdk/home"
_ONEAPI = "/opt/intel/oneapi/setvars.sh"
# CMake's FindVulkan and find_package(SPIRV-Headers) look here without being told.
_NEEDED: tuple[tuple[PieceName, tuple[str, ...]], ...] = (
    ("vulkan", ("/usr/include/vulkan/vulkan.h", "/usr/local/include/vulkan/vulkan.h")),
    (
        "spirv-headers",
        (
            "/usr/share/cmake/SPIRV-Headers",
            "/usr/lib*/cmake/SPIRV-Headers",
            "/usr/lib*/*/cmake/SPIRV-Headers",
            "/usr/local/share/cmake/SPIRV-Headers",
            "/usr/local/lib*/cmake/SPIRV-Headers",
        ),
    ),
)
_DRIVERS = ("/usr/share/vulkan/icd.d/*.json", "/etc/vulkan/icd.d/*.json", "/usr/local/share/vulkan/icd.d/*.json")


def vulkan_recipe(cards: Sequence[GpuDevice], tools: Toolbox, place: BuildPlace) -> Recipe:
    """The build that serves cards of every maker."""
    return Recipe(
        backend="Vulkan",
        flags=("-DGGML_VULKAN=on",),
        missing=tuple(_missing(cards, tools, place)),
    )


def sycl_recipe(tools: Toolbox, place: BuildPlace) -> Recipe | None:
    """The build with Intel's oneAPI; None where that is not here."""
    if tools.system != "linux" or not tools.has(_ONEAPI):
        return None
    return Recipe(
        backend="SYCL",
        flags=("-DGGML_SYCL=on", "-DCMAKE_C_COMPILER=icx", "-DCMAKE_CXX_COMPILER=icpx"),
        before=f". {_ONEAPI}",
        missing=tuple(device_rights(tools, place, "/dev/dri/renderD*")),
    )


def _missing(cards: Sequence[GpuDevice], tools: Toolbox, place: BuildPlace) -> Iterator[MissingPiece]:
    needed: list[PieceName] = []
    # LunarG's SDK has all of it, and says so in the environment.
    if not tools.environ.get("VULKAN_SDK"):
        needed += ["glslc"] if tools.program("glslc") is None else []
        if tools.system == "linux":
            needed += [name for name, paths in _NEEDED if not tools.has(*paths)]
    if needed:
        command = install_command(place, *needed)
        yield MissingPiece(
            name=needed[0], also=tuple(needed[1:]), command=command, page=_SDK if command is None else None
        )
    if tools.system == "linux" and not tools.has(*_DRIVERS) and any(each.vendor != "nvidia" for each in cards):
        yield _driver(cards, place)
    # NVIDIA's own driver needs none of these.
    if tools.system == "linux" and any(each.vendor != "nvidia" for each in cards):
        yield from device_rights(tools, place, "/dev/dri/renderD*")


def _driver(cards: Sequence[GpuDevice], place: BuildPlace) -> MissingPiece:
    command = install_command(place, "vulkan-driver")
    if command is None and place.manager == "pacman":
        maker = "radeon" if any(each.vendor == "amd" for each in cards) else "intel"
        command = f"{'' if place.is_root else 'sudo '}pacman -S vulkan-{maker}"
    return MissingPiece(name="vulkan-driver", command=command)
