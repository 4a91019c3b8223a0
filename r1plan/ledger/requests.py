"""Reads from the usage log what guards decide by: how the last requests went, and what this month has cost so far."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from itertools import chain
from pathlib import Path
from typing import Literal, TypeVar

from msgspec import MsgspecError, convert
from msgspec.json import Decoder

from r1plan.ledger.blocks import NOT_ENDED, blocks_from_the_end
from r1plan.ledger.entry import Status, UsageEntry, is_settled, is_whole, placed_at
from r1plan.ledger.months import month_before, month_log, month_logs
from r1plan.ledger.projection import projection

# About 100 rows, which is more than a breaker needs; and 500, among them the beginnings of all that may still run.
_LAST_BYTES, _STILL_RUN_BYTES = 64 << 10, 256 << 10
_BAD = (MsgspecError, UnicodeDecodeError, RecursionError)


@projection(UsageEntry)
class LoggedRequest:
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
        return placed_at(self)

    @property
    def is_settled(self) -> bool:
        """Whether what it costs is known: see UsageEntry."""
        return is_settled(self)


@projection(UsageEntry)
class EndedRequest:
    """What a budget reads of a request that has ended: a third of `LoggedRequest`, and enough of most."""

    schema: Literal["r1plan.usage/1"] = "r1plan.usage/1"
    id: str
    ended_at: datetime
    provider: str
    project: str | None = None
    status: Status
    cost_usd: Decimal | None = None

    @property
    def placed_at(self) -> datetime:
        """The instant to which the request belongs."""
        return self.ended_at

    @property
    def is_settled(self) -> bool:
        """Whether the request came to its end and its cost is known: then nothing else of its row counts."""
        return is_whole(self)


MonthRow = LoggedRequest | EndedRequest
"""A request of a month. An `EndedRequest` among them is settled."""

Row = TypeVar("Row", LoggedRequest, MonthRow)


@projection(UsageEntry)
class _Named:
    id: str


_logged, _logged_rows = Decoder(LoggedRequest), Decoder(list[LoggedRequest])
_ended_rows = Decoder(list[EndedRequest])
_named, _named_rows = Decoder(_Named), Decoder(list[_Named])


def of_entry(entry: UsageEntry) -> LoggedRequest:
    """What a guard reads of a row that is not in the log."""
    return convert(entry, LoggedRequest, from_attributes=True)


def last_rows(logs: Path) -> list[LoggedRequest]:
    """The rows at the end of the last two monthly files, in their order; empty when there is no log that can be read.

    Lines that are torn or of another schema are left out.
    """
    blocks = [lines for file in month_logs(logs)[-2:] for lines in reversed(list(_blocks(file, _LAST_BYTES)))]
    return [row for lines in blocks for row in _decoded([line for line in lines if line])]


def rows_of_month(logs: Path, at: datetime) -> list[MonthRow]:
    """The rows in the file of the UTC month of `at`, and those at the end of the month before.

    Of the month before only what has not ended yet counts in this one. The first row of a request that has ended is
    left out: of half of all rows only the id is read so. Raises OSError when a file is there and cannot be read.
    """
    this, before = month_log(logs, at), month_before(logs, at)
    rows: list[list[MonthRow]] = []
    begun: list[dict[str | None, bytes]] = []
    for lines in chain(_blocks(this), _blocks(before, _STILL_RUN_BYTES)):
        ended, not_ended = _parted(lines)
        rows.append(_of_ended(ended))
        begun.append(dict(zip(_ids(not_ended), not_ended, strict=True)))
    # In the log's order: of several rows of a request that has not ended the last counts.
    of_ended = list(chain.from_iterable(reversed(rows)))
    ids = {row.id for row in of_ended if row.ended_at is not None}
    running = {id_: line for block in reversed(begun) for id_, line in block.items() if id_ not in ids}
    return [*_decoded(list(running.values())), *of_ended]


def by_request(rows: Iterable[Row]) -> list[Row]:
    """One row a request: the last one at its end, else the last one before it."""
    found: dict[str, Row] = {}
    for row in rows:
        if row.ended_at is not None or row.id not in found or found[row.id].ended_at is None:
            found[row.id] = row
    return list(found.values())


def _blocks(file: Path, last_bytes: int | None = None) -> Iterator[list[bytes]]:
    """The lines of `file`, or those that begin in its last bytes, the last block first; none without such a file."""
    with suppress(FileNotFoundError):
        yield from blocks_from_the_end(file, last_bytes)


def _parted(lines: Sequence[bytes]) -> tuple[list[bytes], list[bytes]]:
    """The lines of requests that have ended, and those of others."""
    ended: list[bytes] = []
    others: list[bytes] = []
    for line in lines:
        if line:
            (ended if NOT_ENDED not in line else others).append(line)
    return ended, others


def _of_ended(lines: Sequence[bytes]) -> list[MonthRow]:
    """The rows, whole where a budget needs more than that the request is settled, or where any line is bad."""
    try:
        rows = _ended_rows.decode(_array(lines))
    except _BAD:
        return [*_decoded(lines)]
    if all(map(is_whole, rows)):
        return [*rows]
    whole = zip(lines, rows, strict=True)
    return [each for line, row in whole for each in ((row,) if row.is_settled else _decoded((line,)))]


def _ids(lines: Sequence[bytes]) -> list[str | None]:
    """The id in each line, None where it is no row."""
    try:
        return [each.id for each in _named_rows.decode(_array(lines))]
    except _BAD:
        return [_id(line) for line in lines]


def _id(line: bytes) -> str | None:
    try:
        return _named.decode(line).id
    except _BAD:
        return None


def _decoded(lines: Sequence[bytes]) -> list[LoggedRequest]:
    """The rows. All are read at once, and one by one only where one of them is bad."""
    try:
        return _logged_rows.decode(_array(lines))
    except _BAD:
        return [row for line in lines if (row := _row(line)) is not None]


def _row(line: bytes) -> LoggedRequest | None:
    try:
        return _logged.decode(line)
    except _BAD:
        return None


def _array(lines: Sequence[bytes]) -> bytes:
    return b"[" + b",".join(lines) + b"]"
