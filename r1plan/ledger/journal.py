"""Appends rows to the monthly files of the usage log.

One write a row, under a lock, synced to the disk. The lock is the kernel's own on the file itself (`files/lock.py`): it
ends with its process, however that dies, and leaves no second file behind.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from r1plan.errors import LogError
from r1plan.files.lock import sync, try_lock, unlock
from r1plan.files.system import NO_WAIT, PLAIN, read_at
from r1plan.ledger import seal
from r1plan.ledger.blocks import require_plain
from r1plan.ledger.entry import UsageEntry
from r1plan.ledger.months import month_log

WAIT_S = 2.0
"""How long `append` waits for the lock. A writer holds it for one write, so a longer wait means that it hangs."""

DECISION_WAIT_S = 10.0
"""How long a decision waits for it: many may want to decide at once, and each holds it for a few milliseconds."""

_POLL_S = 0.001
# A kill or a full disk cuts a write at a page's edge only: Linux checks for both before each page (mm/filemap.c,
# generic_perform_write), and every page size is a multiple of this one.
_PAGE_BYTES = 4096


def append(entry: UsageEntry, logs: Path, wait_s: float = WAIT_S) -> Path:
    """Write `entry` and return its file. When this returns, the row is on the disk.

    The directory is made with mode 0700, the file with 0600. A line that an earlier writer left torn is ended first, so
    that it spoils no other. Raises LogError when the row could not be written whole, or another process kept the lock
    for `wait_s`; the hint is a shell command that adds the row.
    """
    path = month_log(logs, entry.placed_at)
    try:
        with _held(path, wait_s) as descriptor:
            _append(descriptor, entry, path)
    except OSError as error:
        import shlex

        row = shlex.quote(entry.to_line().rstrip("\n"))
        raise LogError(
            f"the usage log {path} cannot be written: {_reason(error, logs)}.",
            f"when it can be, add the row: printf '%s\\n' {row} >> {shlex.quote(str(path))}",
        ) from error
    return path


def append_once_decided(
    at: datetime, decide: Callable[[int], UsageEntry], logs: Path, wait_s: float = DECISION_WAIT_S
) -> tuple[UsageEntry, Path]:
    """Write the row that `decide` makes, with no other row written to the month of `at` between its reading and this.

    `decide` gets the month's file, open and locked. What it raises goes through, and nothing is written then. Raises
    LogError.
    """
    path = month_log(logs, at)
    try:
        with _held(path, wait_s) as descriptor:
            entry = decide(descriptor)
            _append(descriptor, entry, path)
    except OSError as error:
        raise LogError(
            f"the usage log {path} cannot be read and written: {_reason(error, logs)}.",
            "the monthly budgets of budgets.yaml are kept by it; nothing was sent.",
        ) from error
    return entry, path


@contextmanager
def locked(path: Path, wait_s: float = DECISION_WAIT_S) -> Iterator[int]:
    """The monthly file `path`, open under its lock; it is made where it is not there. Raises OSError."""
    descriptor = _open(path)
    try:
        require_plain(descriptor)
        _lock(descriptor, wait_s)
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def _held(path: Path, wait_s: float) -> Iterator[int]:
    """The same, synced at the end, without the lock: the kernel syncs many writers together."""
    with locked(path, wait_s) as descriptor:
        try:
            yield descriptor
        finally:
            unlock(descriptor)
        sync(descriptor)


def _append(descriptor: int, entry: UsageEntry, path: Path) -> None:
    with seal.kept(descriptor, path):
        is_first = _write(descriptor, entry.to_line().encode("utf-8", "replace"))
    if is_first:
        _sync_folder(path.parent)


def _reason(error: OSError, logs: Path) -> object:
    in_the_way = isinstance(error, NotADirectoryError | FileExistsError)
    return f"{logs} is not a directory" if in_the_way else error.strerror or error


def _open(path: Path) -> int:
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | NO_WAIT | PLAIN
    try:
        return os.open(path, flags, 0o600)
    except FileNotFoundError:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return os.open(path, flags, 0o600)


def _lock(descriptor: int, wait_s: float) -> None:
    """Take the lock, or raise TimeoutError after `wait_s`. Waiting in the kernel could not be bounded."""
    deadline = None
    while not try_lock(descriptor):
        deadline = deadline or time.monotonic() + wait_s
        if time.monotonic() >= deadline:
            raise TimeoutError(None, f"another process has kept it locked for {wait_s:g} s")
        time.sleep(_POLL_S)


def _write(descriptor: int, line: bytes) -> bool:
    """Append `line` whole or not at all; whether it is the file's first.

    A line that would cross a page's edge starts behind it, after blanks. So a process that is killed within the write
    leaves nothing, or blanks alone: never half a row that is shorter than a page.
    """
    size = os.fstat(descriptor).st_size
    torn = size > 0 and read_at(descriptor, 1, size - 1) != b"\n"
    used = (size + torn) % _PAGE_BYTES
    blanks = _PAGE_BYTES - used if len(line) <= _PAGE_BYTES < used + len(line) else 0
    data = b"\n" * torn + b" " * blanks + line
    written = os.write(descriptor, data)
    if written != len(data):
        os.ftruncate(descriptor, size)
        raise OSError(None, f"only {written} of {len(data)} bytes could be written")
    return size == 0


def _sync_folder(folder: Path) -> None:
    """Make the name of a new file as lasting as its rows, where the file system can."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | PLAIN)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
