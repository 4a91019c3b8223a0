"""Reads the newest rows of the usage log, for forecasts: the last months first, and only the fields that they need."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from r1plan.ledger.blocks import NOT_ENDED, blocks_from_the_end
from r1plan.ledger.months import month_logs
from r1plan.ledger.past_request import PastRequest
from r1plan.ledger.projection import RowReader

MOST_ROWS = 10_000

_reader = RowReader(PastRequest)


def read_history(logs: Path, most: int = MOST_ROWS) -> tuple[PastRequest, ...]:
    """Up to `most` ended requests of the monthly files in `logs`, the newest first; empty when there is no log.

    Of several rows with one id the last counts. A request that never ended is left out: nothing is known of how it
    went. So is every line that is torn or of another schema, and a file that cannot be read: nothing here raises for
    what the log holds.
    """
    seen: set[str] = set()
    found: list[PastRequest] = []
    for lines in _newest_first(logs):
        ended = [line for line in lines if line and NOT_ENDED not in line]
        for row in reversed(_reader.rows(ended)):
            if row.id not in seen:
                seen.add(row.id)
                found.append(row)
        if len(found) >= most:
            break
    return tuple(found[:most])


def _newest_first(logs: Path) -> Iterator[list[bytes]]:
    """The lines of all months in blocks, the last block of the last month first, each block in the log's order."""
    for file in reversed(month_logs(logs)):
        try:
            yield from blocks_from_the_end(file)
        except OSError:
            continue
