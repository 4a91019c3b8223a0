"""A build that this machine can use, with the one line that makes it and how long that takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from r1plan.doctor.build.choose import build_command, chosen_recipe
from r1plan.doctor.build.installer import Environment, engine_requirement, installer
from r1plan.doctor.build.place import build_place
from r1plan.doctor.build.recipe import MissingPiece, Recipe
from r1plan.doctor.build.shell import ShellCommand
from r1plan.doctor.build.toolbox import Toolbox
from r1plan.hardware.machine import GpuDevice


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildOffer:
    """A recipe, and the command that makes it here. `minutes` None: nobody measured it.

    `is_powershell`: the command is for PowerShell, and else for any shell of POSIX.
    """

    recipe: Recipe
    command: str
    cores: int
    minutes: float | None
    is_powershell: bool = False


def build_offer(
    cards: Sequence[GpuDevice],
    cores: int,
    tools: Toolbox,
    environment: Environment,
    *,
    checkout: Path,
    driver_cuda: tuple[int, int] | None = None,
    again: bool,
) -> BuildOffer:
    """The build for `cards`; `again` where an engine is there already. Compilers are asked what they are."""
    place = build_place(tools)
    chosen = installer(environment, engine_requirement(checkout))
    recipe = chosen_recipe(cards, tools, place, driver_cuda)
    if chosen.kind == "pip" and not chosen.has_pip:
        ensured = ShellCommand(words=(chosen.python, "-m", "ensurepip")).text(is_windows=place.is_windows)
        recipe = replace(recipe, missing=(*recipe.missing, MissingPiece(name="pip", command=ensured)))
    return BuildOffer(
        recipe=recipe,
        command=build_command(recipe, chosen, again=again).text(is_windows=place.is_windows),
        cores=cores,
        minutes=recipe.minutes(cores),
        is_powershell=place.is_windows,
    )
