"""All that `r1plan doctor` found, as one value."""

from __future__ import annotations

from dataclasses import dataclass

from r1plan.doctor.build.place import BuildPlace
from r1plan.doctor.catalogue import Catalogue
from r1plan.doctor.engine import InstalledEngine
from r1plan.doctor.folders import Folder, FreeDisk, Logs
from r1plan.doctor.keys import Keyring, Keys
from r1plan.doctor.measured import Measured
from r1plan.doctor.program import Program
from r1plan.doctor.slow.cause import Slowness
from r1plan.doctor.state import State
from r1plan.doctor.terminal import TerminalFacts
from r1plan.errors import R1PlanError
from r1plan.hardware.machine import Machine

# As the probes of r1plan/hardware say it.
_UNUSABLE = ("were not looked at", "no driver is here", "does not answer", "tells no memory size", "cannot be used")


@dataclass(frozen=True, slots=True)
class Unknown:
    """What could not be looked at, because of `error`."""

    topic: str
    error: R1PlanError

    @property
    def state(self) -> State:
        """What is in the way of looking is in the way of working."""
        return "broken"


@dataclass(frozen=True, slots=True)
class MachineSeen:
    """The machine, with what the probes could not find out. `place` is the system that it runs; None: nobody asked."""

    machine: Machine
    place: BuildPlace | None = None

    @property
    def state(self) -> State:
        """Broken where a probe of the cards failed; no card at all is nothing wrong.

        In WSL every computer looks as if it had NVIDIA's driver, which may be missing because there is no such card.
        """
        if not self.unseen:
            return "ok"
        return "note" if self.place is not None and self.place.is_wsl and not self.machine.gpus else "broken"

    @property
    def unseen(self) -> tuple[str, ...]:
        """What the probes say of cards that are here and that nothing can use."""
        return tuple(each for each in self.machine.notes if any(said in each for said in _UNUSABLE))


Finding = (
    Program
    | InstalledEngine
    | Slowness
    | MachineSeen
    | Keys
    | Keyring
    | Folder
    | Logs
    | Measured
    | FreeDisk
    | Catalogue
    | TerminalFacts
    | Unknown
)


@dataclass(frozen=True, slots=True)
class Health:
    """The findings, in the order in which they are told."""

    findings: tuple[Finding, ...]

    @property
    def is_broken(self) -> bool:
        """Whether anything that is there does not work."""
        return any(each.state == "broken" for each in self.findings)
