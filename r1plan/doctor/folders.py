"""Where things are kept: whether each folder can be used, the usage logs in it, and the room on the disk."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from r1plan.doctor.state import State
from r1plan.ledger.months import month_logs
from r1plan.ledger.sum_file import unlocked_sum
from r1plan.units import GB

_LITTLE_BYTES = GB


@dataclass(frozen=True, slots=True)
class Folder:
    """`fault` says why it cannot be used; None: it can, or it can be made."""

    name: str
    path: Path
    exists: bool
    fault: str | None = None

    @property
    def state(self) -> State:
        """Broken where it cannot be written to."""
        return "ok" if self.fault is None else "broken"


@dataclass(frozen=True, slots=True)
class Logs:
    """The monthly files. `unreadable` are the lines that are no rows, `faults` files that cannot be read, and why."""

    folder: Path
    files: int
    size_bytes: int
    unreadable: int
    faults: tuple[str, ...] = ()

    @property
    def state(self) -> State:
        """Damaged lines are left out of every report."""
        return "broken" if self.unreadable or self.faults else "ok"


@dataclass(frozen=True, slots=True)
class FreeDisk:
    """`free_bytes` None: the system does not say."""

    path: Path
    free_bytes: int | None

    @property
    def state(self) -> State:
        """Broken where not even a log can grow for long."""
        return "broken" if self.free_bytes is not None and self.free_bytes < _LITTLE_BYTES else "ok"


def folder(name: str, path: Path) -> Folder:
    """Whether `path` can be written to, or made. Nothing is written."""
    existing = next(each for each in (path, *path.parents) if os.path.lexists(each) or each == each.parent)
    if not existing.is_dir():
        return Folder(name, path, exists=False, fault=f"{existing} is no folder")
    if not os.access(existing, os.W_OK | os.X_OK):
        return Folder(name, path, exists=path.is_dir(), fault=f"{existing} cannot be written to")
    return Folder(name, path, exists=path.is_dir())


def logs(path: Path) -> Logs:
    """The usage logs in `path`, each read as budgets read it."""
    size = unreadable = 0
    faults = []
    files = month_logs(path)
    for file in files:
        try:
            size += file.stat().st_size
            found = unlocked_sum(file)
            unreadable += found.unreadable if found is not None else 0
        except OSError as error:
            faults.append(f"{file}: {error.strerror or error}")
    return Logs(path, len(files), size, unreadable, tuple(faults))
