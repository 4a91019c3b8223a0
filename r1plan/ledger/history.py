"""Reads the newest rows of the usage log, for forecasts: the last months first, and only the fields that they need."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from msgspec import MsgspecError
from msgspec.json import Decoder

from r1plan.ledger.past import PastRequest

MOST_ROWS = 10_000

_MONTH = re.compile(r"\d{4}-\d{2}\.jsonl")
# As much as a processor's own cache holds with what is made of it.
_BLOCK_BYTES = 1 << 17
# As `UsageEntry.to_line` writes it, near the beginning. A quote inside a value is escaped, so only the field itself
# looks like this. Where a long id hides it, the line is read and left out all the same.
_NOT_ENDED, _NEAR_BYTES = b'"ended_at":null', 256
_BAD = (MsgspecError, UnicodeDecodeError, RecursionError)
_one = Decoder(PastRequest)
_many = Decoder(list[PastRequest])


def read_history(logs: Path, most: int = MOST_ROWS) -> tuple[PastRequest, ...]:
    """Up to `most` ended requests of the monthly files in `logs`, the newest first; empty when there is no log.

    Of several rows with one id the last counts. A request that never ended is left out: nothing is known of how it
    went. So is every line that is torn or of another schema, and a file that cannot be read: nothing here raises for
    what the log holds.
    """
    seen: set[str] = set()
    found: list[PastRequest] = []
    for lines in _newest_first(logs):
        for row in reversed(_rows(lines)):
            if row.id not in seen:
                seen.add(row.id)
                found.append(row)
        if len(found) >= most:
            break
    return tuple(found[:most])


def _newest_first(logs: Path) -> Iterator[list[bytes]]:
    """The lines of all months in blocks, the last block of the last month first, each block in the log's order."""
    try:
        files = sorted((each for each in logs.iterdir() if _MONTH.fullmatch(each.name)), reverse=True)
    except OSError:
        return
    for file in files:
        try:
            yield from _from_the_end(file)
        except OSError:
            continue


def _from_the_end(file: Path) -> Iterator[list[bytes]]:
    """The lines of `file` in blocks, the last block first. A line belongs to the block in which it ends."""
    with file.open("rb") as stream:
        place = stream.seek(0, 2)
        rest = b""
        while place > 0:
            start = max(0, place - _BLOCK_BYTES)
            stream.seek(start)
            lines = stream.read(place - start).split(b"\n")
            lines[-1] += rest
            place = start
            rest = lines.pop(0) if place > 0 else b""
            yield lines


def _rows(lines: list[bytes]) -> list[PastRequest]:
    """The ended requests among `lines`. All are read at once, and one by one only where one of them is bad."""
    ended = [line for line in lines if line and line.find(_NOT_ENDED, 0, _NEAR_BYTES) < 0]
    try:
        return _many.decode(b"[" + b",".join(ended) + b"]")
    except _BAD:
        return [row for line in ended if (row := _row(line)) is not None]


def _row(line: bytes) -> PastRequest | None:
    try:
        return _one.decode(line)
    except _BAD:
        return None
