"""How the records of a file are laid out, by how it begins: JSON in one form or another, CSV, Parquet or SQLite."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

from r1plan.report.sources.sql_dump import is_dump

Layout = Literal["lines", "array", "values", "events", "csv", "sql", "parquet", "sqlite", "empty"]
"""lines: a JSON value a line; array: one JSON array; values: JSON values of several lines each, such as one document;
events: JSON in the lines of a stream of server-sent events, `data: {...}`; sql: a dump of a database."""

Encoding = Literal["utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be", "cp1252"]

SAMPLE_BYTES = 256 << 10
_LOOKED_AT_LINES = 50
_MARKS: tuple[tuple[bytes, Encoding], ...] = (
    (b"\xff\xfe\x00\x00", "utf-32-le"),
    (b"\x00\x00\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
    (b"\xef\xbb\xbf", "utf-8"),
)
# Which of the first four bytes are zero, where plain letters are written without a mark.
_ZEROS: Mapping[tuple[bool, ...], Encoding] = {
    (False, True, True, True): "utf-32-le",
    (True, True, True, False): "utf-32-be",
    (False, True, False, True): "utf-16-le",
    (True, False, True, False): "utf-16-be",
}


def encoding_of(begin: bytes) -> Encoding:
    """How a file that begins so writes its text: by its mark, else by where its zeros are; else UTF-8 is assumed.

    Only where most of it is then plain: a first line of rubbish is no mark.
    """
    for mark, encoding in _MARKS:
        if begin.startswith(mark) and _is_plain(begin, encoding):
            return encoding
    zeros = tuple(not byte for byte in begin[:4])
    encoding = _ZEROS.get(zeros, "utf-8")
    return encoding if _is_plain(begin, encoding) else "utf-8"


def layout_of(begin: bytes) -> Layout | None:
    """How a file of UTF-8 that begins so holds its records; None: in no way that is known."""
    if begin.startswith(b"PAR1"):
        return "parquet"
    if begin.startswith(b"SQLite format 3\0"):
        return "sqlite"
    text = begin.decode("utf-8", "replace").removeprefix("\ufeff")
    if not text.strip():
        return "empty"
    lines = [line for line in _lines(text, is_whole=len(begin) < SAMPLE_BYTES) if line.strip()]
    first = lines[0].strip() if lines else ""
    objects = sum(map(_is_object, lines))
    if first.startswith("[") and objects < 2 and (not objects or text.rstrip().endswith("]")):
        return "array"  # an element a line has a comma behind it, but for the last
    if objects:
        return "lines"
    if first.startswith("{"):
        # A document of several lines, or lines of which each is torn.
        begins = [line for line in lines[1:] if line.startswith("{")]
        is_document = len(lines) > 1 and not first.endswith("}") and all(line.strip() == "{" for line in begins)
        return "values" if is_document else "lines"
    if any(line.startswith("{") for line in lines):
        return "lines"
    if "\0" in text[:4096]:
        return None
    if is_dump(text):
        return "sql"
    if any(re.match(r"(data|event|id|retry)?:", line) for line in lines):
        return "events"
    return "csv"


def records_in(begin: bytes) -> Iterator[dict[str, Any]]:
    """The objects in the first lines of a file that begins so."""
    for line in begin.splitlines()[:_LOOKED_AT_LINES]:
        with suppress(ValueError, RecursionError):
            value = json.loads(line)
            if isinstance(value, dict):
                yield value


def _lines(text: str, is_whole: bool) -> list[str]:
    lines = text.splitlines()
    return (lines if is_whole or len(lines) == 1 else lines[:-1])[:_LOOKED_AT_LINES]


def _is_object(line: str) -> bool:
    if not line.startswith("{"):
        return False
    try:
        return isinstance(json.loads(line.rstrip()), dict)
    except (ValueError, RecursionError):
        return False


def _is_plain(begin: bytes, encoding: Encoding) -> bool:
    """Whether most of what `begin` says in `encoding` is plain letters, digits and the like."""
    text = begin[:1024].decode(encoding, "replace").removeprefix("\ufeff")
    return encoding == "utf-8" or sum(" " <= each <= "~" or each in "\t\r\n" for each in text) * 2 > len(text) > 0


def events_in(lines: Iterable[bytes]) -> Iterator[bytes]:
    """What the `data:` lines of server-sent events hold, but for "[DONE]"."""
    for line in lines:
        data = line.removeprefix(b"data:").strip() if line.startswith(b"data:") else b""
        if data and data != b"[DONE]":
            yield data + b"\n"


def beginning_of(file: Path) -> bytes:
    """As much of a file as its layout is judged by."""
    with file.open("rb") as stream:
        return stream.read(SAMPLE_BYTES)


def holds_no_record(file: Path) -> bool:
    """Whether a file is a list of no record, or an envelope with one."""
    begin = beginning_of(file)
    if len(begin) == SAMPLE_BYTES:
        return False
    try:
        value = json.loads(begin)
    except (ValueError, RecursionError):
        return False
    inside = list(value.values()) if isinstance(value, dict) else [value]
    return [] in inside and not any(each for each in inside if isinstance(each, (list, dict)))
