"""Reads from the usage log what guards decide by: how the last requests went, and what this month has cost so far."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Literal

from msgspec import MsgspecError, Struct
from msgspec.json import Decoder

from r1plan.ledger.entry import Status, UsageEntry
from r1plan.ledger.journal import month_name

_MONTH = re.compile(r"\d{4}-\d{2}\.jsonl")
# About 100 rows, which is more than a breaker needs; and 500, among them the beginnings of all that may still run.
_LAST_BYTES, _STILL_RUN_BYTES = 64 << 10, 256 << 10
# As `UsageEntry.to_line` writes it. A quote inside a value is escaped, so only the field itself looks like this.
_ID = b'"id":"'
_NOT_ENDED, _NEAR_BYTES = b'"ended_at":null', 400


class LoggedRequest(Struct, frozen=True, kw_only=True, gc=False):
    """The part of a log row that guards read. The fields are those of `UsageEntry`, with the same units."""

    schema: Literal["r1plan.usage/1"] = "r1plan.usage/1"
    id: str
    started_at: datetime
    first_token_at: datetime | None = None
    ended_at: datetime | None = None
    provider: str
    project: str | None = None
    status: Status
    end_reason: str | None = None
    http_status: int | None = None
    cost_usd: Decimal | None = None
    cost_low_usd: Decimal | None = None
    cost_high_usd: Decimal | None = None
    reserved_usd: Decimal | None = None

    @property
    def placed_at(self) -> datetime:
        """The instant to which the request belongs: its end, or its start if it has not ended."""
        return self.ended_at or self.started_at


_one = Decoder(LoggedRequest)
_many = Decoder(list[LoggedRequest])


def of_entry(entry: UsageEntry) -> LoggedRequest:
    """What a guard reads of a row that is not in the log."""
    return LoggedRequest(**{name: getattr(entry, name) for name in LoggedRequest.__struct_fields__ if name != "schema"})


def last_rows(logs: Path) -> list[LoggedRequest]:
    """The rows at the end of the last two monthly files, in their order; empty when there is no log that can be read.

    Lines that are torn or of another schema are left out.
    """
    try:
        files = sorted(each for each in logs.iterdir() if _MONTH.fullmatch(each.name))
    except OSError:
        return []
    return [row for file in files[-2:] for row in _decoded(_lines(file, _LAST_BYTES))]


def rows_of_month(logs: Path, at: datetime) -> list[LoggedRequest]:
    """The rows in the file of the UTC month of `at`, and those at the end of the month before.

    Of the month before only what has not ended yet counts in this one. The first row of a request that has ended is
    left out: half of all rows need not be read so. Raises OSError when a file is there and cannot be read.
    """
    this, before = logs / month_name(at), logs / month_name(at.replace(day=1) - timedelta(days=1))
    ended: list[bytes] = []
    begun: dict[bytes, bytes] = {}
    for line in _lines(before, _STILL_RUN_BYTES) + _lines(this, None):
        if line.find(_NOT_ENDED, 0, _NEAR_BYTES) < 0:
            ended.append(line)
        else:
            begun[_id(line)] = line
    for line in ended:
        begun.pop(_id(line), None)
    return _decoded([*begun.values(), *ended])


def by_request(rows: Iterable[LoggedRequest]) -> list[LoggedRequest]:
    """One row a request: the last one at its end, else the last one before it."""
    found: dict[str, LoggedRequest] = {}
    for row in rows:
        if row.ended_at is not None or row.id not in found or found[row.id].ended_at is None:
            found[row.id] = row
    return list(found.values())


def _lines(file: Path, last_bytes: int | None) -> list[bytes]:
    """The lines of `file`, or those that begin in its last bytes; none when there is no such file."""
    try:
        with file.open("rb") as stream:
            size = stream.seek(0, 2)
            start = 0 if last_bytes is None else max(0, size - last_bytes)
            stream.seek(start)
            return [line for line in stream.read().split(b"\n")[start > 0 :] if line and not line.isspace()]
    except FileNotFoundError:
        return []


def _id(line: bytes) -> bytes:
    """The id in a row, as it is written; what has none is its own."""
    start = line.find(_ID) + len(_ID)
    return line[start : line.find(b'"', start)] if start >= len(_ID) else line


def _decoded(lines: list[bytes]) -> list[LoggedRequest]:
    """The rows. All are read at once, and one by one only where one of them is bad."""
    try:
        return _many.decode(b"[" + b",".join(lines) + b"]")
    except (MsgspecError, UnicodeDecodeError):
        return [row for line in lines if (row := _row(line)) is not None]


def _row(line: bytes) -> LoggedRequest | None:
    try:
        return _one.decode(line)
    except (MsgspecError, UnicodeDecodeError):
        return None
