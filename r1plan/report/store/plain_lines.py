"""Our own logs as lines for the database: which of them our writer wrote, and how long they are."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from itertools import islice

from r1plan.ledger.entry import UsageEntry
from r1plan.report.log_source import LogSource
from r1plan.report.sources.relation import literal
from r1plan.report.store.quick_table import is_plain

# More than the longest line that is read has, and what DuckDB takes unasked: more of it takes more memory.
_WIDE_LINE_BYTES, _LINE_BYTES = 33 << 20, 16 << 20
_GLANCE_LINES, _GLANCE_BYTES = 20, 1 << 16
# A statement holds something of each file that it has read until it ends.
_FILES_AT_ONCE = 500


def looks_plain(source: LogSource, row: type = UsageEntry) -> bool:
    """Whether our own writer may have written `source`, by how it begins."""
    with source.file.open("rb") as stream:
        lines = stream.readlines(_GLANCE_BYTES)
    return bool(lines) and all(is_plain(line, row) for line in lines[:_GLANCE_LINES])


def file_number(sources: Mapping[int, LogSource]) -> str:
    """SQL: the number among `sources` of the file of a line."""
    return "list_position(CAST($names AS VARCHAR[]), file)" if len(sources) > 1 else str(next(iter(sources)))


def groups(sources: Mapping[int, LogSource]) -> Iterator[Mapping[int, LogSource]]:
    """`sources` in their order, no more at once than one statement reads within the memory of a report."""
    left = iter(sources.items())
    while group := dict(islice(left, _FILES_AT_ONCE)):
        yield group


def line_values(sources: Mapping[int, LogSource]) -> dict[str, object]:
    """The parameters of a statement that reads the lines of `sources`."""
    wide = any(source.has_wide_lines for source in sources.values())
    values: dict[str, object] = {
        "files": [literal(source.file) for source in sources.values()],
        "line_bytes": _WIDE_LINE_BYTES if wide else _LINE_BYTES,
    }
    if len(sources) > 1:
        # Each at the place of its number.
        values["names"] = [
            str(sources[number].file) if number in sources else None for number in range(1, max(sources) + 1)
        ]
    return values


def bytes_of_lines(source: LogSource, places: Collection[int]) -> int:
    """How long the lines of `source` at `places` are, with an end each."""
    return sum(len(line.removesuffix(b"\n")) + 1 for _, _, line in source.lines_at(places)) if places else 0


def bytes_of(source: LogSource) -> int:
    """How long the file is, with an end of its last line."""
    with source.file.open("rb") as stream:
        size = stream.seek(0, os.SEEK_END)
        stream.seek(max(0, size - 1))
        return size + (stream.read(1) != b"\n")
