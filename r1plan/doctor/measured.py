"""The measurements of this machine: how many there are, and the files among them that hold none."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from r1plan.doctor.state import State
from r1plan.measurements.stored import stored


@dataclass(frozen=True, slots=True)
class Measured:
    """`damaged` are files that are left out of every plan, each with why."""

    folder: Path
    number: int
    damaged: tuple[tuple[str, str], ...] = ()

    @property
    def state(self) -> State:
        """Plans do without a damaged file, and are less exact."""
        return "note" if self.damaged else "ok"


def measured(folder: Path) -> tuple[Measured, ...]:
    """What `folder` holds; nothing where nothing was ever measured."""
    found = stored(folder)
    if not (found.found or found.damaged):
        return ()
    return (Measured(folder, len(found.found), found.damaged),)
