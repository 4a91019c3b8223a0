"""Reads from the usage log what guards decide by: the part of a row that they need, and how the last requests went."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Literal

from msgspec import convert

from r1plan.ledger.blocks import blocks_from_the_end
from r1plan.ledger.entry import Status, UsageEntry, is_settled, placed_at
from r1plan.ledger.months import month_logs
from r1plan.ledger.projection import RowReader, projection, value

# About 100 rows, which is more than a breaker needs.
_LAST_BYTES = 64 << 10


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
    reported_usd: Decimal | None = None
    reserved_usd: Decimal | None = None
    forecast_p90_usd: Decimal | None = None

    @property
    def placed_at(self) -> datetime:
        """The instant to which the request belongs: its end, or its start if it has not ended."""
        return placed_at(self)

    @property
    def is_settled(self) -> bool:
        """Whether what it costs is known: see UsageEntry."""
        return is_settled(self)


@projection(UsageEntry)
class _Named:
    schema: Literal["r1plan.usage/1"] = "r1plan.usage/1"
    id: str


request_reader = RowReader(LoggedRequest)
_named = RowReader(_Named)


def ids_of(lines: Sequence[bytes]) -> list[str | None]:
    """The id in each line; None where it is no row, or more than one."""
    found, bad = _named.counted_rows(lines)
    if not bad and len(found) == len(lines):
        return [each.id for each in found]
    each_line = (_named.rows([line]) for line in lines)
    return [rows[0].id if len(rows) == 1 else None for rows in each_line]


def of_entry(entry: UsageEntry) -> LoggedRequest:
    """What a guard reads of a row that is not in the log."""
    return convert(entry, LoggedRequest, from_attributes=True, dec_hook=value)


def last_rows(logs: Path) -> list[LoggedRequest]:
    """The rows at the end of the last two monthly files, in their order; empty when there is no log that can be read.

    Lines that are torn or of another schema are left out.
    """
    found: list[LoggedRequest] = []
    for file in month_logs(logs)[-2:]:
        with suppress(OSError):
            for lines in reversed(list(blocks_from_the_end(file, _LAST_BYTES))):
                found += request_reader.rows(lines)
    return found


def by_request(rows: Iterable[LoggedRequest]) -> list[LoggedRequest]:
    """One row a request: the last one at its end, else the last one before it."""
    found: dict[str, LoggedRequest] = {}
    for row in rows:
        if row.ended_at is not None or row.id not in found or found[row.id].ended_at is None:
            found[row.id] = row
    return list(found.values())
