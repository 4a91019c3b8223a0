"""Reads the series and the charges from the priced requests.

One pass, then sums of few rows, of the series coarser ones where they would be many.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from duckdb import DuckDBPyConnection

from r1plan.instants import in_us
from r1plan.prices.book import PriceBook
from r1plan.report.database import rows, sql
from r1plan.report.series.charges import Charge
from r1plan.report.series.clock import CLOCK_DAYS, clock_hours
from r1plan.report.series.series import (
    LONGEST_BIN,
    HourSpend,
    LengthCount,
    Series,
    SeriesSeller,
    SpanSpend,
    SpanUnit,
)
from r1plan.report.series.slots import slots

_SELLERS = "SELECT provider, model FROM series_seller ORDER BY seller"
_UNITS: tuple[SpanUnit, ...] = ("day", "week", "month")


class Most(NamedTuple):
    """How large the series may get: sellers that are told apart, and rows of each kind."""

    sellers: int = 40
    spends: int = 4000
    hours: int = 6000
    lengths: int = 6000


def read_series(
    database: DuckDBPyConnection,
    book: PriceBook,
    timezone: str,
    first: datetime,
    last: datetime,
    most: Most = Most(),
) -> Series:
    """The series of the requests, which the table `cube` sums: placed from `first` to `last`, in days of `timezone`.

    Where there would be more rows than `most`, sellers of little cost are told together, days become weeks or months,
    and the hours and lengths are no longer told by span.
    """
    _load_slots(database, first, last, timezone)
    database.execute(sql("series_hour"))
    database.execute(sql("series_length"), {"longest": LONGEST_BIN})
    database.execute(sql("series_seller"))
    found = [SeriesSeller(*each) for each in database.execute(_SELLERS).fetchall()]
    # One that would be the only one of the others keeps its name.
    told = len(found) if len(found) <= most.sellers + 1 else most.sellers
    merged = len(found) - told
    numbered: dict[str, object] = {"most": told if merged else told - 1}
    unit = next(
        each
        for each in _UNITS
        if each == "month" or _size(database, "spend", {**numbered, "unit": each}) <= most.spends
    )
    spanned = {**numbered, "unit": unit}
    return Series(
        unit=unit,
        spans=tuple(_spans(unit, *database.execute("SELECT min(day), max(day) FROM series_hour").fetchall()[0])),
        sellers=(*found[:told], *([SeriesSeller(None, None)] if merged else [])),
        spends=tuple(SpanSpend(**each) for each in rows(database, sql("series_spend"), spanned)),
        hours=tuple(HourSpend(**each) for each in _told(database, "clock", spanned, most.hours)),
        lengths=tuple(LengthCount(**each) for each in _told(database, "bin", spanned, most.lengths)),
        clock=tuple(clock_hours(book, found[:told], first, last, timezone)),
        clock_days=CLOCK_DAYS,
        merged_sellers=merged,
    )


def read_charges(database: DuckDBPyConnection, timezone: str, first: datetime, last: datetime) -> tuple[Charge, ...]:
    """The charges of the table `priced`, whose requests are placed from `first` to `last`, in days of `timezone`."""
    _load_slots(database, first, last, timezone)
    return tuple(Charge(**row) for row in rows(database, sql("charge")))


def _load_slots(database: DuckDBPyConnection, first: datetime, last: datetime, timezone: str) -> None:
    """Fill the table `slot` with the hours of `timezone` from `first` to `last`, in microseconds since 1970."""
    found = list(slots(first, last, timezone))
    values = {
        "start_us": [in_us(each.start) for each in found],
        "day": [each.day.isoformat() for each in found],
        "hour": [each.hour for each in found],
    }
    database.execute(sql("slot"), values)


def _told(database: DuckDBPyConnection, name: str, values: Mapping[str, object], most: int) -> list[dict[str, Any]]:
    """The sums of series_`name`.sql by span, without the spans where they are more than `most`."""
    told = _size(database, name, {**values, "told": True}) <= most
    return rows(database, sql(f"series_{name}"), {**values, "told": told})


def _size(database: DuckDBPyConnection, name: str, values: Mapping[str, object]) -> int:
    ((count,),) = database.execute(f"SELECT count(*) FROM ({sql(f'series_{name}')})", dict(values)).fetchall()  # noqa: S608
    return int(count)


def _spans(unit: SpanUnit, first: date, last: date) -> Iterator[date]:
    """The first day of every `unit` from the one of `first` to the one of `last`."""
    match unit:
        case "day":
            span = first
        case "week":
            span = first - timedelta(days=first.weekday())
        case "month":
            span = first.replace(day=1)
    while span <= last:
        yield span
        span = _next_month(span) if unit == "month" else span + timedelta(days=7 if unit == "week" else 1)


def _next_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)
