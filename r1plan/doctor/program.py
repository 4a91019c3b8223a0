"""The program itself: which Python runs it, and how it was installed."""

from __future__ import annotations

import platform
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from r1plan import __version__
from r1plan.doctor.state import State

Installed = Literal["checkout", "package"]


@dataclass(frozen=True, slots=True)
class Program:
    """`is_own`: Python is a virtual environment's. `installed`: run from a checkout of the source, or as a package."""

    version: str
    python: str
    python_path: str
    is_own: bool
    installed: Installed
    folder: Path

    @property
    def state(self) -> State:
        """It runs, or nobody would ask."""
        return "ok"


def program() -> Program:
    """The program that runs."""
    folder = Path(__file__).resolve().parent.parent
    return Program(
        version=__version__,
        python=f"{platform.python_implementation()} {platform.python_version()}",
        python_path=sys.executable,
        is_own=sys.prefix != sys.base_prefix,
        installed="checkout" if (folder.parent / "pyproject.toml").exists() else "package",
        folder=folder.parent,
    )
