"""Reads what a month's rows say of a workload: when each request came, to whom, how long it was, how fast it went."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Literal, NamedTuple

from r1plan.ledger.blocks import blocks_from_the_end
from r1plan.ledger.entry import Status, UsageEntry
from r1plan.ledger.projection import RowReader, projection


@projection(UsageEntry)
class AskedRequest:
    """One request of the log. The fields are those of `UsageEntry`, by the same names and with the same units."""

    schema: Literal["r1plan.usage/1"]
    id: str
    started_at: datetime
    first_token_at: datetime | None = None
    ended_at: datetime | None = None
    provider: str
    model_requested: str
    status: Status
    input_tokens: int | None = None
    cache_hit_tokens: int | None = None
    output_tokens: int | None = None
    thinking_tokens: int | None = None
    kind: str | None = None


class AskedBlock(NamedTuple):
    """Some requests of the log, and how many lines beside them are no rows."""

    requests: list[AskedRequest]
    bad_lines: int


_reader = RowReader(AskedRequest)


def asked_requests(logs: Iterable[Path]) -> Iterator[AskedBlock]:
    """Every request in `logs`, monthly files with the oldest first, once: the last row of each id, the newest first.

    One that never ended comes with `ended_at` None. Raises OSError for a file that cannot be read.
    """
    seen: set[str] = set()
    for file in reversed(list(logs)):
        for lines in blocks_from_the_end(file):
            rows, bad_lines = _reader.counted_rows(lines)
            found = []
            for row in reversed(rows):
                if row.id not in seen:
                    seen.add(row.id)
                    found.append(row)
            yield AskedBlock(found, bad_lines)
