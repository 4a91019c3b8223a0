"""The time zone of this computer by its IANA name, which no standard library tells."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

_FOLDER = "zoneinfo/"


def local_zone(environ: Mapping[str, str] | None = None, etc: Path = Path("/etc")) -> str:
    """The zone of TZ in `environ`, by default the process's, else what /etc says; "UTC" where neither names one."""
    env = os.environ if environ is None else environ
    if given := env.get("TZ"):
        return _known(given.removeprefix(":")) or "UTC"
    return _known(_linked(etc / "localtime")) or _known(_written(etc / "timezone")) or "UTC"


def _linked(path: Path) -> str:
    try:
        return str(path.readlink())
    except OSError:
        return ""


def _written(path: Path) -> str:
    try:
        return path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""


def _known(text: str) -> str:
    """The zone that `text`, its name or the path of its file, means; empty where nobody knows it."""
    from zoneinfo import ZoneInfo

    name = text.rpartition(_FOLDER)[2]
    try:
        return ZoneInfo(name).key if name else ""
    except (ValueError, OSError, LookupError):
        return ""
