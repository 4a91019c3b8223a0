"""What this machine says of where stores are."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from r1plan.files.plain import plain_bytes
from r1plan.models.store.places import StoreHost
from r1plan.settings import directories, expanded

_MOST_SETTINGS_BYTES = 1 << 20


def this_host(environ: Mapping[str, str]) -> StoreHost:
    """The machine as it is, with the variables of `environ`."""
    home = Path(environ.get("HOME") or expanded(Path("~")))
    return StoreHost(environ, home, directories().data, sys.platform, _text)


def _text(path: Path) -> str | None:
    try:
        return plain_bytes(path, _MOST_SETTINGS_BYTES).decode("utf-8", "replace")
    except OSError:
        return None
