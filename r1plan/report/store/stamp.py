"""What tells that a log, our code or the catalogue is still what it was."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

_END_BYTES = 4096


def file_stamp(file: Path, until_ns: int | None = None) -> bytes | None:
    """Name, size, times, and how `file` begins and ends; None for what is no plain file, or changed after `until_ns`.

    Who writes into it and sets its time back leaves that of its inode, which nobody sets. Raises OSError where it
    cannot be read.
    """
    status = file.stat()
    if not stat.S_ISREG(status.st_mode) or (until_ns is not None and status.st_mtime_ns > until_ns):
        return None
    times = f"{status.st_mtime_ns}:{status.st_ctime_ns}"
    told = os.fsencode(f"{file.absolute()}:{status.st_ino}:{status.st_size}:{times}\n")
    with file.open("rb") as stream:
        begin = stream.read(_END_BYTES)
        stream.seek(max(0, status.st_size - _END_BYTES))
        return told + begin + stream.read(_END_BYTES)


def folder_stamp(folders: Iterable[Path]) -> Iterator[bytes]:
    """A line for each file of `folders`; it changes when the file does. Raises OSError."""
    for folder in folders:
        for root, inside, names in os.walk(folder):
            inside[:] = sorted(each for each in inside if each != "__pycache__")
            for name in sorted(names):
                status = Path(root, name).stat()
                yield os.fsencode(f"{root}/{name}:{status.st_size}:{status.st_mtime_ns}\n")
