"""Each log as a file that the database can read: itself, or a copy where it cannot as it is."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from shutil import copyfileobj
from tempfile import TemporaryDirectory, mkstemp
from typing import BinaryIO

from r1plan.files.pipe import WRITER_PATIENCE_S, opened_pipe
from r1plan.ledger.blocks import LONGEST_LINE_BYTES
from r1plan.report.spend import FileFault

# DuckDB's own limit. Above it, it depends on where a line stands whether it is read.
_ORDINARY_LINE_BYTES = 16 << 20
_CHUNK_BYTES = 1 << 20
_MARK = b"\xef\xbb\xbf"
# In the place of a line that is too long, so that the others keep their numbers. No row, for it has no schema.
_NO_ROW = b"{}\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSource:
    """A log or export as it is read: from `file`, in which the lines `too_long`, by number with their bytes, are not.

    `name` is what people call it. `has_wide_lines`: some are longer than the database takes unasked. `is_table`: its
    lines were the rows of a table, and have no number there. `longest_line_bytes`: none is longer; None: not known.
    """

    name: str
    file: Path
    too_long: Mapping[int, int] = field(default_factory=dict)
    has_wide_lines: bool = False
    is_table: bool = False
    longest_line_bytes: int | None = None

    def lines_at(self, ordinals: Collection[int] | None) -> Iterator[tuple[int, int, bytes]]:
        """The place, number and bytes of each line whose place among those that are not blank is in `ordinals`.

        None: of all that are not blank.
        """
        ordinal = 0
        with self.file.open("rb") as stream:
            for number, line in enumerate(stream, start=1):
                if line.strip():
                    if ordinals is None or ordinal in ordinals:
                        yield ordinal, number, line
                    ordinal += 1


class Refused(Exception):
    """A file that is not read: `fault` says why."""

    def __init__(self, fault: FileFault) -> None:
        super().__init__(fault)
        self.fault = fault


def as_file(
    path: Path, copies: ExitStack, writer_patience_s: float = WRITER_PATIENCE_S, *, is_named: bool = True
) -> Path:
    """`path` itself, or a copy of all that comes out of a pipe, which `copies` removes.

    A pipe is read to its end, however slow who writes to it is; a named one that nobody opens to write within
    `writer_patience_s` is Refused, as folders and devices are, and as any is that nobody named. Raises OSError.
    """
    fault = _fault(path)
    if fault == "silent_pipe":
        copy = _emptied(path, copies, writer_patience_s) if is_named else None
        if copy is None:
            raise Refused("silent_pipe" if is_named else "pipe")
        return copy
    if fault is not None:
        raise Refused(fault)
    return path


def _fault(log: Path) -> FileFault | None:
    """Why `log` cannot be read as it stands; None for a file. A pipe is silent until somebody has written to it."""
    try:
        mode = log.stat().st_mode
    except FileNotFoundError:
        if log.is_symlink():
            return "broken_link"
        raise
    if stat.S_ISFIFO(mode):
        return "silent_pipe"
    if stat.S_ISSOCK(mode):
        return "socket"
    if stat.S_ISDIR(mode):
        return "folder"
    return "device" if stat.S_ISCHR(mode) or stat.S_ISBLK(mode) else None


def _emptied(pipe: Path, copies: ExitStack, patience_s: float) -> Path | None:
    """A copy of all that comes out of `pipe`; None when nobody opens it to write in `patience_s`."""
    opened = opened_pipe(pipe, patience_s)
    if opened is None:
        return None
    begin, stream = opened
    copy = temporary_file(copies)
    with stream, copy.open("wb") as target:
        target.write(begin)
        copyfileobj(stream, target)
    return copy


def line_source(name: str, file: Path, copies: ExitStack) -> LogSource:
    """`file`, which people call `name`, as lines that the database can read. Raises OSError."""
    with file.open("rb") as stream:
        is_marked = stream.read(len(_MARK)) == _MARK
        stream.seek(0)
        size_bytes = os.fstat(stream.fileno()).st_size
        is_long = size_bytes >= _ORDINARY_LINE_BYTES
        longest_bytes = _longest_line_bytes(stream) if is_long else 0
        most_bytes = max(longest_bytes, _CHUNK_BYTES) if is_long else size_bytes
        has_wide_lines = longest_bytes >= _ORDINARY_LINE_BYTES - _CHUNK_BYTES
        if not is_marked and longest_bytes < LONGEST_LINE_BYTES:
            return LogSource(name=name, file=file, has_wide_lines=has_wide_lines, longest_line_bytes=most_bytes)
        stream.seek(0)
        copy = temporary_file(copies)
        with copy.open("wb") as target:
            too_long = _copy_lines(stream, target)
    return LogSource(name=name, file=copy, too_long=too_long, has_wide_lines=has_wide_lines)


def _longest_line_bytes(stream: BinaryIO) -> int:
    """How long the longest line is, its end not counted; of lines within one chunk it may find none."""
    longest = length = 0
    while chunk := stream.read(_CHUNK_BYTES):
        first = chunk.find(b"\n")
        if first < 0:
            length += len(chunk)
        else:
            longest = max(longest, length + first)
            length = len(chunk) - 1 - chunk.rfind(b"\n")
    return max(longest, length)


def _copy_lines(stream: BinaryIO, target: BinaryIO) -> Mapping[int, int]:
    """Write the lines of `stream` without a mark before the first; those too long, by number, with their bytes."""
    too_long = {}
    for number in count(1):
        line = stream.readline(LONGEST_LINE_BYTES + 1)
        if not line:
            break
        length = len(line.removesuffix(b"\n"))
        if length >= LONGEST_LINE_BYTES:
            while not line.endswith(b"\n") and (line := stream.readline(_CHUNK_BYTES)):
                length += len(line.removesuffix(b"\n"))
            too_long[number] = length
            line = _NO_ROW
        target.write(line.removeprefix(_MARK) if number == 1 else line)
    return too_long


def temporary_file(copies: ExitStack) -> Path:
    """An empty file that `copies` removes."""
    # A file that is open cannot be opened again on Windows: so one in a folder that goes.
    descriptor, name = mkstemp(suffix=".jsonl", dir=copies.enter_context(TemporaryDirectory(prefix="r1plan-")))
    os.close(descriptor)
    return Path(name)
