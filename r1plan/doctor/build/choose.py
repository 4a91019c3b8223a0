"""Which build the cards of a machine want: their maker's own where its tools serve, else Vulkan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from r1plan.doctor.build.cuda import LEAST_CAPABILITY, capability, cuda_recipe
from r1plan.doctor.build.installer import Installer
from r1plan.doctor.build.packages import install_command
from r1plan.doctor.build.place import BuildPlace
from r1plan.doctor.build.recipe import CPU_MINUTES, MissingPiece, Recipe
from r1plan.doctor.build.rocm import rocm_recipe
from r1plan.doctor.build.shell import ShellCommand
from r1plan.doctor.build.toolbox import Toolbox
from r1plan.doctor.build.vulkan import sycl_recipe, vulkan_recipe
from r1plan.hardware.machine import GpuDevice

_VISUAL_STUDIO = (
    "winget install --id Microsoft.VisualStudio.2022.BuildTools --override "
    "'--passive --add Microsoft.VisualStudio.Workload.VCTools --includeRecommended'"
)
_VSWHERE = "/Program Files (x86)/Microsoft Visual Studio/Installer/vswhere.exe"


def chosen_recipe(
    cards: Sequence[GpuDevice], tools: Toolbox, place: BuildPlace, driver_cuda: tuple[int, int] | None
) -> Recipe:
    """The build for all of `cards`; the processor's where there is none."""
    recipe = _for_cards(cards, tools, place, driver_cuda)
    if not recipe.flags and tools.environ.get("CMAKE_ARGS"):  # which would build for something else
        recipe = replace(recipe, environment={**recipe.environment, "CMAKE_ARGS": ""})
    compiler = _compiler(tools, place)
    if compiler is None or recipe.backend == "SYCL":
        return recipe
    others = tuple(each for each in recipe.missing if each.name != compiler.name)
    return replace(recipe, missing=(compiler, *others))


def build_command(recipe: Recipe, installer: Installer, *, again: bool) -> ShellCommand:
    """The command that builds `recipe` with `installer`; `again` where an engine is there already."""
    flags = {"CMAKE_ARGS": " ".join(recipe.flags)} if recipe.flags else {}
    return ShellCommand(
        words=installer.words(again=again), environment={**recipe.environment, **flags}, before=recipe.before
    )


def _for_cards(
    cards: Sequence[GpuDevice], tools: Toolbox, place: BuildPlace, driver_cuda: tuple[int, int] | None
) -> Recipe:
    makers = {each.vendor for each in cards}
    if makers == {"nvidia"} and not all((capability(each) or LEAST_CAPABILITY) < LEAST_CAPABILITY for each in cards):
        return cuda_recipe(cards, tools, place, driver_cuda)
    if makers == {"amd"} and (rocm := rocm_recipe(cards, tools, place)) is not None:
        return rocm
    if makers == {"intel"} and (sycl := sycl_recipe(tools, place)) is not None:
        return sycl
    if makers == {"apple"}:
        return Recipe(backend="Metal", flags=("-DGGML_METAL=on",))
    if cards:  # of several makers: one build that serves all
        return vulkan_recipe(cards, tools, place)
    return Recipe(backend="CPU", processor_minutes=CPU_MINUTES)


def _compiler(tools: Toolbox, place: BuildPlace) -> MissingPiece | None:
    """What is missing to compile C++ at all; CMake and Ninja come along with the build."""
    if place.is_windows:
        return None if tools.has(_VSWHERE) else MissingPiece(name="visual-studio", command=_VISUAL_STUDIO)
    if place.system == "darwin":
        selected = tools.run(["xcode-select", "-p"])
        is_here = selected is not None and selected.status == 0
        return None if is_here else MissingPiece(name="command-line-tools", command="xcode-select --install")
    chosen = tools.environ.get("CXX")
    known = (chosen.split()[0] if chosen and chosen.split() else "c++", "g++", "clang++")
    if any(tools.program(each) for each in known):
        return None
    return MissingPiece(name="compiler", command=install_command(place, "compiler"))
