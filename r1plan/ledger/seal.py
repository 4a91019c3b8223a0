"""Whether anybody else has touched a monthly file since r1plan wrote to it last.

Beside a file whose sum is kept (`sum_file`) stands a seal: what the system says of the file after our last write to it.
Every writer of ours renews it under the file's lock, if it was whole before. So whatever else is done to the file, by
an editor, another program or a writer that was killed, leaves a broken seal, and then the sum is made again.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from r1plan.files.system import NO_FOLLOW, NO_WAIT, PLAIN, read_at, write_at

FOLDER = ".sums"
"""Holds the sums, in the folder of the logs."""

SEAL_BYTES = 160
"""As long as the seal is, at the beginning of the file that holds the sum."""

_SCHEMA = b"r1plan.month-sum/1"
_OPEN = os.O_RDWR | NO_FOLLOW | NO_WAIT | PLAIN


def sum_path(log: Path) -> Path:
    """The file of the sum of the monthly file `log`."""
    return log.parent / FOLDER / log.stem


def seal(log: int, sum_id: bytes) -> bytes:
    """The seal of the open file `log` as it is now, for the sum that is called `sum_id`."""
    its = os.fstat(log)
    values = (its.st_dev, its.st_ino, its.st_size, its.st_mtime_ns, its.st_ctime_ns)
    return b" ".join((_SCHEMA, sum_id, *(b"%d" % each for each in values))).ljust(SEAL_BYTES - 1) + b"\n"


def sum_id_of(found: bytes, log: int) -> bytes | None:
    """What the sum is called whose seal `found` is; None where it is not the seal of the open file `log`."""
    parts = found.split()
    return parts[1] if len(parts) > 1 and found == seal(log, parts[1]) else None


@contextmanager
def kept(log: int, path: Path) -> Iterator[None]:
    """Renew the seal of the open file `log`, which is `path`, after a write; its lock is held.

    Nothing is done where there is no sum or its seal is broken, and nothing after a write that failed.
    """
    descriptor = sum_id = None
    with suppress(OSError):
        descriptor = os.open(sum_path(path), _OPEN)
    try:
        if descriptor is not None:
            with suppress(OSError):
                sum_id = sum_id_of(read_at(descriptor, SEAL_BYTES, 0), log)
        yield
        if descriptor is not None and sum_id is not None:
            with suppress(OSError):
                write_at(descriptor, seal(log, sum_id), 0)
    finally:
        if descriptor is not None:
            os.close(descriptor)
