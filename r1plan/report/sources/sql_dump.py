"""The tables of a PostgreSQL dump, whose rows stand between COPY and a line with a backslash and a dot."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_COPY = re.compile(rb"COPY (?P<table>.+?) \((?P<columns>.+)\) FROM stdin;\s*\Z", re.IGNORECASE)
_BEGINS = re.compile(
    r"\s*(--|/\*|SET |COPY .+ FROM stdin|CREATE |INSERT INTO |BEGIN|START TRANSACTION|SELECT pg_catalog|\\restrict )",
    re.IGNORECASE,
)
_ESCAPED = {b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v"}
_ESCAPE = re.compile(rb"\\(x[0-9a-fA-F]{1,2}|[0-7]{1,3}|.)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class DumpedRow:
    """A row of `table` as a line of JSON, every value a text or null; `columns` are those of its table."""

    table: str
    columns: tuple[str, ...]
    line: bytes


def is_dump(text: str) -> bool:
    """Whether a file that begins so is a dump in SQL."""
    return _BEGINS.match(text) is not None


def dumped_rows(lines: Iterable[bytes]) -> Iterator[DumpedRow]:
    """The rows of all tables that `lines` of a dump copy in, in its order. Rows of INSERT statements are not read.

    The text format of COPY: https://www.postgresql.org/docs/current/sql-copy.html
    """
    table = ""
    columns: tuple[str, ...] = ()
    for line in lines:
        if not columns:
            if found := _COPY.match(line):
                table = _unquoted(found["table"].decode("utf-8", "replace").rpartition(".")[2])
                columns = tuple(_unquoted(each) for each in found["columns"].decode("utf-8", "replace").split(", "))
        elif line.rstrip(b"\r\n") == b"\\.":
            columns = ()
        else:
            values = [_value(cell) for cell in line.rstrip(b"\r\n").split(b"\t")]
            record = dict(zip(columns, values, strict=False))
            yield DumpedRow(table, columns, json.dumps(record).encode() + b"\n")


def _unquoted(name: str) -> str:
    name = name.strip()
    return name[1:-1].replace('""', '"') if name.startswith('"') else name


def _value(cell: bytes) -> str | None:
    if cell == b"\\N":
        return None
    return (
        _ESCAPE.sub(_character, cell).decode("utf-8", "replace") if b"\\" in cell else cell.decode("utf-8", "replace")
    )


def _character(escape: re.Match[bytes]) -> bytes:
    word = escape[1]
    if word[:1] == b"x" and len(word) > 1:
        return bytes([int(word[1:], 16)])
    if word.isdigit():
        return bytes([int(word, 8) & 0xFF])
    return _ESCAPED.get(word, word)
