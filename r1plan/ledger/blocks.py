"""The lines of a monthly file of the usage log, in blocks, the last block first."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

# In the row of a request that has not ended, as `UsageEntry.to_line` writes it. A quote inside a value is escaped, so
# only the field itself looks like this.
NOT_ENDED = b'"ended_at":null'

# As much as a processor's own cache holds with what is made of it.
_BLOCK_BYTES = 1 << 17


def blocks_from_the_end(file: Path, most_bytes: int | None = None) -> Iterator[list[bytes]]:
    """The lines of `file`, each block in the file's order. A line belongs to the block in which it ends.

    `most_bytes`: only the lines that begin in that many last bytes. Raises OSError.
    """
    with file.open("rb") as stream:
        place = stream.seek(0, 2)
        first = 0 if most_bytes is None else max(0, place - most_bytes)
        rest = b""
        while place > first:
            start = max(first, place - _BLOCK_BYTES)
            stream.seek(start)
            lines = stream.read(place - start).split(b"\n")
            lines[-1] += rest
            place = start
            rest = lines.pop(0) if place > 0 else b""
            yield lines
