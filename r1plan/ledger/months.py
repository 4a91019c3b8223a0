"""The files of the usage log: `YYYY-MM.jsonl` holds the requests of one month of UTC."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, tzinfo
from pathlib import Path

LONGEST_REQUEST = timedelta(days=1)
"""A request that began in one month may end, and be billed, in the next one within this time."""

_FILE = re.compile(r"\d{4}-\d{2}\.jsonl")
_ANY_MONTH = timedelta(days=31)


def month_of(at: datetime, zone: tzinfo = UTC) -> str:
    """The month in which `at` falls in `zone`, as YYYY-MM."""
    at = at.astimezone(zone)
    return f"{at.year:04}-{at.month:02}"


def month_days(month: str) -> tuple[date, date]:
    """The first day of `month`, YYYY-MM, and that of the month after it."""
    first = date(int(month[:4]), int(month[5:]), 1)
    return first, (first + _ANY_MONTH).replace(day=1)


def month_span(at: datetime) -> tuple[datetime, datetime]:
    """The first instant of the UTC month of `at`, and that of the next month."""
    first = at.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return first, (first + _ANY_MONTH).replace(day=1)


def month_log(logs: Path, at: datetime) -> Path:
    """The file in `logs` of the requests that belong to the instant `at`."""
    return logs / f"{month_of(at)}.jsonl"


def month_before(logs: Path, at: datetime) -> Path:
    """The file of the month before that of `at`."""
    return month_log(logs, month_span(at)[0] - timedelta(days=1))


def month_logs(logs: Path) -> list[Path]:
    """Every monthly file in `logs`, the oldest first; none when the folder is not there or cannot be read."""
    try:
        return sorted(path for path in logs.iterdir() if _FILE.fullmatch(path.name))
    except OSError:
        return []
