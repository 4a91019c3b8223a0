"""What a pull needs of the machine that it runs on."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import monotonic


@dataclass(frozen=True, slots=True)
class PullHost:
    """What a pull needs of the machine: to wait, how much is free below a folder, when it was started, and a clock."""

    sleep: Callable[[float], None]
    free_bytes: Callable[[Path], int]
    booted_at_s: float
    clock: Callable[[], float] = monotonic


def disk_free_bytes(folder: Path) -> int:
    """How much of the disk of `folder` this user may still fill."""
    return shutil.disk_usage(folder).free
