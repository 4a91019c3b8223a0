"""How fast the last pull came, for the time that another may take."""

from __future__ import annotations

from contextlib import suppress
from math import isfinite
from pathlib import Path

from r1plan.files.plain import plain_bytes
from r1plan.files.private import write_private

ASSUMED_BYTES_PER_S = 12.5e6
"""100 Mbit/s, the order of a home line; nothing was measured here yet."""

_NAME = "rate"
_MOST_BYTES = 64
_LEAST_BYTES = 16_000_000  # of less, the time is that of the first answers


def measured_rate(folder: Path) -> float | None:
    """Bytes a second of the last pull that `folder` knows of; None where it knows none."""
    try:
        rate = float(plain_bytes(folder / _NAME, _MOST_BYTES))
    except (OSError, ValueError):
        return None
    return rate if isfinite(rate) and rate > 0 else None


def keep_rate(folder: Path, fetched_bytes: int, seconds: float) -> None:
    """Keep how fast `fetched_bytes` came, where they were enough to tell. What cannot be written is forgotten."""
    if fetched_bytes >= _LEAST_BYTES and seconds > 0:
        with suppress(OSError):
            write_private(folder, _NAME, f"{fetched_bytes / seconds:.0f}".encode())
