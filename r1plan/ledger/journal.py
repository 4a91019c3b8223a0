"""Appends rows to the monthly usage log, `YYYY-MM.jsonl`.

One write a row, under a lock, synced to the disk. The lock is the kernel's own on the file itself (flock): it ends with
its process, however that dies, and leaves no second file behind.
"""

from __future__ import annotations

import fcntl
import os
from datetime import UTC
from pathlib import Path

from r1plan.errors import LogError
from r1plan.ledger.entry import UsageEntry


def log_path(entry: UsageEntry, logs: Path) -> Path:
    """The file that `entry` belongs in: the UTC month in which the request ended."""
    return logs / f"{entry.ended_at.astimezone(UTC):%Y-%m}.jsonl"


def append(entry: UsageEntry, logs: Path) -> Path:
    """Write `entry` and return its file. When this returns, the row is on the disk.

    The directory is made with mode 0700, the file with 0600. A line that an earlier writer left torn is ended first, so
    that it spoils no other. Raises LogError when the row could not be written whole; nothing of it is then left.
    """
    path = log_path(entry, logs)
    try:
        logs.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            _append(descriptor, entry.to_line().encode("utf-8", "replace"))
        finally:
            os.close(descriptor)
    except OSError as error:
        raise LogError(
            f"the usage log {path} cannot be written: {error.strerror or error}.",
            f"add this row to it as one line: {entry.to_line().rstrip()}",
        ) from error
    return path


def _append(descriptor: int, line: bytes) -> None:
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    size = os.fstat(descriptor).st_size
    torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
    data = b"\n" + line if torn else line
    written = os.write(descriptor, data)
    if written != len(data):
        os.ftruncate(descriptor, size)
        raise OSError(None, f"only {written} of {len(data)} bytes could be written")
    os.fsync(descriptor)
