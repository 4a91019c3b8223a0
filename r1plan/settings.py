"""Where things are: the user's directories, the catalogue's folders, and addresses set in the environment.

`R1PLAN_HOME`, when set, holds everything; otherwise the XDG directories do, on every system.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from r1plan.errors import UsageError

_PACKAGE = Path(__file__).resolve().parent


class Directories(NamedTuple):
    """The user's own directories. None of them need exist."""

    config: Path
    data: Path
    cache: Path

    @property
    def logs(self) -> Path:
        """Holds one usage log a month, `YYYY-MM.jsonl`."""
        return self.data / "logs"

    @property
    def conversations(self) -> Path:
        """Holds one file a saved conversation."""
        return self.data / "conversations"

    @property
    def questions(self) -> Path:
        """What was typed into conversations, for the arrow keys."""
        return self.data / "questions"


def directories(environ: Mapping[str, str] | None = None) -> Directories:
    """The directories that `environ` asks for, by default the process's own. Raises UsageError where there are none."""
    env = os.environ if environ is None else environ
    if home := env.get("R1PLAN_HOME"):
        root = _expanded(Path(home), f"R1PLAN_HOME is '{home}', and there is no such user.")
        return Directories(config=root / "config", data=root / "data", cache=root / "cache")
    home_dir = Path(env.get("HOME") or _expanded(Path("~"), "this user has no home directory."))

    def xdg(variable: str, default: str) -> Path:
        # The XDG specification says that a relative path is to be ignored.
        value = env.get(variable, "")
        return (Path(value) if Path(value).is_absolute() else home_dir / default) / "r1plan"

    return Directories(
        config=xdg("XDG_CONFIG_HOME", ".config"),
        data=xdg("XDG_DATA_HOME", ".local/share"),
        cache=xdg("XDG_CACHE_HOME", ".cache"),
    )


def expanded(path: Path) -> Path:
    """`path` with the home of "~" or "~NAME"; as it is where there is no such user."""
    try:
        return path.expanduser()
    except RuntimeError:
        return path


def _expanded(path: Path, problem: str) -> Path:
    try:
        return path.expanduser()
    except RuntimeError as error:
        raise UsageError(problem, "set R1PLAN_HOME to a folder of your own.") from error


def catalog_folders(kind: str) -> tuple[Path, ...]:
    """Folders that hold `kind` ("profiles" or "pricing"), weakest first: ours, then the user's.

    A checkout's own folder wins over the copy inside the wheel.
    """
    checkout = _PACKAGE.parent / kind
    ours = checkout if checkout.is_dir() else _PACKAGE / "_data" / kind
    return (ours, directories().config / kind)
