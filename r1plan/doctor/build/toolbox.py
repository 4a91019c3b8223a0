"""What is asked of the system that a build would run on. Every question is bounded, and none raises."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_PROGRAM_S = 10.0


@dataclass(frozen=True, slots=True)
class Ran:
    """A program that ended: its exit status, and what it wrote to both streams."""

    status: int
    output: str


Run = Callable[[Sequence[str]], Ran | None]
"""Runs a program to its end; None: it is not there, or it took too long."""


def run(command: Sequence[str]) -> Ran | None:
    """Run a program without a shell, for ten seconds at most."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=_PROGRAM_S,
            check=False,
        )
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None
    return Ran(done.returncode, done.stdout.decode("utf-8", "replace"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Toolbox:
    """Where tools are looked for. `root` is where the file system begins, `environ` says where programs are."""

    system: str = sys.platform
    root: Path = Path("/")
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    run: Run = run

    def program(self, name: str) -> str | None:
        """The whole path of a program that PATH leads to."""
        return shutil.which(name, path=self.environ.get("PATH", os.defpath))

    def at(self, path: str) -> Path:
        """An absolute path of the system, under `root`."""
        return self.root / path.lstrip("/")

    def has(self, *paths: str) -> bool:
        """Whether any of these absolute paths, which may hold wildcards, is there."""
        return any(self.found(each) for each in paths)

    def found(self, pattern: str) -> list[Path]:
        """What is at an absolute path with wildcards, by name."""
        try:
            return sorted(self.root.glob(pattern.lstrip("/")))
        except (OSError, ValueError):
            return []
