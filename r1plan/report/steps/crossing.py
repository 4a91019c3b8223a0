"""The sums of other tools that end on another day, or in another month, than they begin."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from duckdb import DuckDBPyConnection

from r1plan.instants import from_us
from r1plan.report.period import zone
from r1plan.report.question import SpendQuestion
from r1plan.report.spend import ReportWarning
from r1plan.report.steps.price import within


def crossing_sums(database: DuckDBPyConnection, question: SpendQuestion) -> Iterator[ReportWarning]:
    """What to say of the sums of the period in the table `entry`, whose days are those of its time zone.

    Ends of days are told of a report by day, or by another clock than UTC, which most sums have.
    """
    period = question.period
    here = zone(period.timezone)
    found = database.execute(
        "SELECT started_us, span_us, count(*) FROM entry WHERE usable AND span_us > 1 AND started_us >= $start_us "
        "AND started_us < $until_us GROUP BY ALL",
        within(period),
    ).fetchall()
    months = days = 0
    for started_us, span_us, count in found:
        first, last = _local(started_us, here), _local(started_us + span_us - 1, here)
        if (first.year, first.month) != (last.year, last.month):
            months += count
        elif first.date() != last.date():
            days += count
    if months:
        yield ReportWarning(kind="sums_across_months", count=months)
    if days and (period.timezone != "UTC" or any(key.needs_days for key in question.by)):
        yield ReportWarning(kind="sums_across_days", count=days)


def _local(us: int, here: ZoneInfo) -> datetime:
    return from_us(us).astimezone(here)
