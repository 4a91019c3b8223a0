"""The hours of a time zone, which are not those of UTC where its offset is no whole number of hours."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import NamedTuple

from r1plan.report.period import zone

QUARTER = timedelta(minutes=15)


class Slot(NamedTuple):
    """An hour of a day in a time zone, and the instant of its beginning; one that the clock repeats is there twice."""

    start: datetime
    day: date
    hour: int


def slots(first: datetime, last: datetime, timezone: str) -> Iterator[Slot]:
    """Every hour of `timezone` from the one that `first` is in to the one that `last` is in.

    All offsets of time zones since 2000 are whole quarters of an hour.
    """
    here, seen = zone(timezone), None
    for at in quarters(first, last):
        local = at.astimezone(here)
        now = (local.date(), local.hour, local.utcoffset())
        if now != seen:
            yield Slot(at, local.date(), local.hour)
            seen = now


def quarters(first: datetime, last: datetime) -> Iterator[datetime]:
    """Every quarter of an hour from the hour of a day before `first` to `last`."""
    at = first.replace(minute=0, second=0, microsecond=0) - timedelta(hours=1)
    while at <= last:
        yield at
        at += QUARTER
