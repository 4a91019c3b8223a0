"""What was spent in each quarter of an hour, as the pace of a month is reckoned from it: zones differ by quarters."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_QUARTERS = (
    "SELECT quarter, COALESCE(sum(known_usd), 0), COALESCE(sum(requests), 0), NOT bool_and(is_hourly)"
    " FROM cube GROUP BY quarter ORDER BY quarter"
)


@dataclass(frozen=True, slots=True)
class QuarterSpend:
    """What the requests cost that ended within a quarter of an hour from `at`, as far as it is known.

    `is_coarse`: sums of longer than an hour are in it, which began then.
    """

    at: datetime
    usd: Decimal
    requests: int
    is_coarse: bool = False


def quarterly_spend(database: DuckDBPyConnection) -> tuple[QuarterSpend, ...]:
    """Those that have requests, in order."""
    return tuple(
        QuarterSpend(_EPOCH + quarter * timedelta(minutes=15), usd, int(requests), bool(is_coarse))
        for quarter, usd, requests, is_coarse in database.execute(_QUARTERS).fetchall()
    )
