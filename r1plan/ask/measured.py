"""What was measured of this machine and stored, for whoever plans for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from r1plan.plan.llamacpp.speed.learned import NOTHING_LEARNED, LearnedRates

if TYPE_CHECKING:
    from r1plan.hardware.machine import Machine
    from r1plan.plan.llamacpp.speed.measured import LearnedHere


def measured_here(machine: Machine) -> LearnedHere | None:
    """What the user's measurements teach of `machine`; None where there are none, or where it is not this computer."""
    if machine.origin != "detected":
        return None
    from r1plan.measurements.stored import FOLDER, stored
    from r1plan.settings import directories

    folder = directories().data / FOLDER
    if not folder.is_dir():
        return None
    found = stored(folder)
    if not (found.found or found.damaged):
        return None
    from r1plan.engine.local.installed import installed_version
    from r1plan.plan.llamacpp.speed.measured import learned_here

    return learned_here(machine, found.found, installed_version(), found.damaged)


def learned_of(machine: Machine) -> LearnedRates:
    """The rates alone."""
    here = measured_here(machine)
    return NOTHING_LEARNED if here is None else here.rates
