"""The lines of a monthly file of the usage log, in blocks, the last block first."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from r1plan.files.system import NO_WAIT, PLAIN

# In the row of a request that has not ended, as `UsageEntry.to_line` writes it. A quote inside a value is escaped, so
# only the field itself looks like this.
NOT_ENDED = b'"ended_at":null'

LONGEST_LINE_BYTES = 32 << 20
"""A line of this many bytes or more is none of ours: it is left out, in time that grows with its length alone."""

TOO_LONG = b"{}"
"""What stands in the place of a line that is too long: no row, and no blank."""

# As much as a processor's own cache holds with what is made of it.
_BLOCK_BYTES = 1 << 17


def opened_log(file: Path) -> BinaryIO:
    """`file`, open to be read, where it is a plain file: a pipe would be waited for. Raises OSError."""
    descriptor = os.open(file, os.O_RDONLY | NO_WAIT | PLAIN)
    try:
        require_plain(descriptor)
    except OSError:
        os.close(descriptor)
        raise
    return os.fdopen(descriptor, "rb")


def require_plain(descriptor: int) -> None:
    """Raise OSError where what is open is no plain file: a device would swallow rows."""
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        raise OSError(errno.EINVAL, "no plain file")


def blocks_from_the_end(file: Path, most_bytes: int | None = None, end: int | None = None) -> Iterator[list[bytes]]:
    """The lines of `file`, each block in the file's order. A line belongs to the block in which it ends.

    `most_bytes`: only the lines that begin in that many last bytes. `end`: as if the file had so many bytes. Raises
    OSError.
    """
    with opened_log(file) as stream:
        place = stream.seek(0, 2) if end is None else end
        first = 0 if most_bytes is None else max(0, place - most_bytes)
        # Of the line whose beginning has not been read yet: its pieces, the last one first. Joined once.
        rest: list[bytes] = []
        rest_bytes = 0
        while place > first:
            start = max(first, place - _BLOCK_BYTES)
            stream.seek(start)
            lines = stream.read(place - start).split(b"\n")
            place = start
            rest.append(lines.pop())
            rest_bytes += len(rest[-1])
            if rest_bytes >= LONGEST_LINE_BYTES:
                rest = [b""]
            if not lines and place > 0:
                continue
            lines.append(TOO_LONG if rest_bytes >= LONGEST_LINE_BYTES else b"".join(reversed(rest)))
            rest = [lines.pop(0)] if place > 0 else []
            rest_bytes = sum(map(len, rest))
            yield lines
