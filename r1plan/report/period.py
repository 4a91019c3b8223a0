"""Which requests a report is about: those that ended in a period of some time zone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from r1plan import instants
from r1plan.errors import NotFound, UsageError
from r1plan.ledger.months import month_days, month_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """Half-open from `start` to `until`, None where it is open. `month` is set when it is one whole month.

    A request belongs to the instant at which it ended, or began if it has not ended. `timezone` says whose days.
    """

    month: str | None = None
    timezone: str = "UTC"
    start: datetime | None = None
    until: datetime | None = None


def asked_period(
    month: str | None,
    since: str | None,
    until: str | None,
    timezone: str,
    *,
    now: datetime,
    is_all_by_default: bool = False,
) -> Period:
    """The period of these options; without any the month of `now`, or all time. A month may be "this" or "last".

    Raises UsageError for options that exclude each other and for what is no month or day, NotFound for no time zone.
    """
    here = zone(timezone)
    if month and (since or until):
        raise UsageError(f"--month {month} and --since or --until cannot both be meant.", "give one of them")
    if since or until:
        return from_days(since, until, timezone)
    if month in ("this", "last"):
        return whole_month(named_month(month, now.astimezone(here).date()), timezone)
    if month:
        return whole_month(month, timezone)
    return Period(timezone=timezone) if is_all_by_default else whole_month(month_of(now, here), timezone)


def named_month(name: str, today: date) -> str:
    """The month, as YYYY-MM, that is called "this" or "last" on the day `today`."""
    day = today if name == "this" else today.replace(day=1) - timedelta(days=1)
    return f"{day.year:04}-{day.month:02}"


def whole_month(month: str, timezone: str) -> Period:
    """The calendar month `month` (YYYY-MM) of `timezone`.

    Raises UsageError when `month` is not a month.
    """
    found = re.fullmatch(r"([0-9]{4})-([0-9]{2})", month)
    if not found or not 1 <= int(found[2]) <= 12 or not 2000 <= int(found[1]) < 9999:
        raise UsageError(f"'{month}' is not a month.", "write it as YYYY-MM, such as 2025-09")
    first, after = month_days(month)
    return Period(month=month, timezone=timezone, start=_midnight(first, timezone), until=_midnight(after, timezone))


def from_days(since: str | None, until: str | None, timezone: str) -> Period:
    """From the day `since` to the day `until` (YYYY-MM-DD), both included; None is open.

    Raises UsageError when one is not a day, or they are in the wrong order.
    """
    first, last = (_day(text) if text is not None else None for text in (since, until))
    if first and last and last < first:
        raise UsageError(f"the period from {since} until {until} is empty.", "--until names the last day of the period")
    return Period(
        timezone=timezone,
        start=_midnight(first, timezone) if first else None,
        until=_midnight(last + timedelta(days=1), timezone) if last else None,
    )


def day_starts(first: datetime, last: datetime, timezone: str) -> Iterator[tuple[datetime, str]]:
    """The midnight and the date of every day of `timezone` from the one of `first` to the one of `last`."""
    day, end = (at.astimezone(zone(timezone)).date() for at in (first, last))
    while day <= end:
        yield _midnight(day, timezone), day.isoformat()
        day += timedelta(days=1)


def zone(name: str) -> ZoneInfo:
    """The time zone `name`.

    Raises NotFound when nobody knows it.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        hint = "names are like UTC, Europe/Berlin, Asia/Shanghai"
        raise NotFound.among("time zone", name, available_timezones(), hint) from None


def _midnight(day: date, timezone: str) -> datetime:
    return datetime.combine(day, time.min, zone(timezone)).astimezone(UTC)


def _day(text: str) -> date:
    day = instants.day(text)
    if day is None or day.year < 2000:
        raise UsageError(f"'{text}' is not a day.", "write it as YYYY-MM-DD, such as 2025-09-05")
    return day
