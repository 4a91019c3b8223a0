"""A period has exact ends, in the time zone of whoever asks."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from r1plan.errors import NotFound, UsageError
from r1plan.report.period import Period, asked_period, day_starts, from_days, whole_month

NOW = datetime(2025, 9, 30, 23, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("period", "start", "until"),
    [
        pytest.param(whole_month("2025-12", "UTC"), "2025-12-01T00:00", "2026-01-01T00:00", id="december"),
        pytest.param(whole_month("2025-09", "Asia/Shanghai"), "2025-08-31T16:00", "2025-09-30T16:00", id="china"),
        pytest.param(
            whole_month("2025-03", "Europe/Berlin"), "2025-02-28T23:00", "2025-03-31T22:00", id="clock-change"
        ),
        pytest.param(
            from_days("2025-09-05", "2025-09-05", "UTC"), "2025-09-05T00:00", "2025-09-06T00:00", id="one-day"
        ),
        pytest.param(from_days(None, "2025-09-05", "UTC"), None, "2025-09-06T00:00", id="until"),
        pytest.param(from_days("2025-09-05", None, "UTC"), "2025-09-05T00:00", None, id="since"),
    ],
)
def test_a_period_has_exact_ends(period: Period, start: str | None, until: str | None) -> None:
    ends = [None if text is None else datetime.fromisoformat(f"{text}+00:00") for text in (start, until)]
    assert [period.start, period.until] == ends


@pytest.mark.parametrize("month", ["2025-13", "2025-00", "2025-9", "september", "", "1999-01"])
def test_what_is_not_a_month_is_refused(month: str) -> None:
    with pytest.raises(UsageError, match=f"'{month}' is not a month"):
        whole_month(month, "UTC")


@pytest.mark.parametrize("day", ["2025-09-31", "2025-9-1", "20250901", "now"])
def test_what_is_not_a_day_is_refused(day: str) -> None:
    with pytest.raises(UsageError, match=f"'{day}' is not a day"):
        from_days(day, None, "UTC")


def test_a_period_that_ends_before_it_starts_is_refused() -> None:
    with pytest.raises(UsageError, match="the period from 2025-09-02 until 2025-09-01 is empty"):
        from_days("2025-09-02", "2025-09-01", "UTC")


@pytest.mark.parametrize("name", ["Asia/Shanghia", "../etc/passwd", "Mars", ""])
def test_an_unknown_time_zone_is_named(name: str) -> None:
    with pytest.raises(NotFound, match=f"unknown time zone '{name}'"):
        whole_month("2025-09", name)


def test_a_day_of_23_hours_is_one_day() -> None:
    first, last = (datetime(2025, 3, day, 12, tzinfo=UTC) for day in (29, 31))
    starts = list(day_starts(first, last, "Europe/Berlin"))
    assert [day for _, day in starts] == ["2025-03-29", "2025-03-30", "2025-03-31"]
    assert [f"{at:%H}" for at, _ in starts] == ["23", "23", "22"]


@pytest.mark.parametrize(
    ("month", "since", "timezone", "is_file", "period"),
    [
        pytest.param(None, None, "UTC", False, whole_month("2025-09", "UTC"), id="this-month"),
        pytest.param(None, None, "Asia/Shanghai", False, whole_month("2025-10", "Asia/Shanghai"), id="there-october"),
        pytest.param(None, None, "Asia/Shanghai", True, Period(timezone="Asia/Shanghai"), id="all-time"),
        pytest.param("2025-01", None, "UTC", False, whole_month("2025-01", "UTC"), id="that-month"),
        pytest.param("2025-01", None, "UTC", True, whole_month("2025-01", "UTC"), id="that-month-of-a-file"),
        pytest.param("this", None, "UTC", True, whole_month("2025-09", "UTC"), id="this-month-of-a-file"),
        pytest.param("last", None, "UTC", False, whole_month("2025-08", "UTC"), id="last-month"),
        pytest.param("last", None, "Asia/Shanghai", False, whole_month("2025-09", "Asia/Shanghai"), id="last-there"),
        pytest.param(None, "2025-01-02", "UTC", False, from_days("2025-01-02", None, "UTC"), id="since"),
    ],
)
def test_without_options_it_is_this_month_or_all_that_a_file_holds(
    month: str | None, since: str | None, timezone: str, is_file: bool, period: Period
) -> None:
    assert asked_period(month, since, None, timezone, now=NOW, is_all_by_default=is_file) == period


@pytest.mark.parametrize(
    ("today", "last"), [("2025-01-01", "2024-12"), ("2024-03-31", "2024-02"), ("2025-12-31", "2025-11")]
)
def test_the_last_month_is_the_one_before_this_day_s(today: str, last: str) -> None:
    now = datetime.fromisoformat(f"{today}T12:00+00:00")
    assert asked_period("last", None, None, "UTC", now=now) == whole_month(last, "UTC")


def test_a_month_and_days_exclude_each_other() -> None:
    with pytest.raises(UsageError, match="--month 2025-01 and --since or --until cannot both be meant"):
        asked_period("2025-01", None, "2025-01-02", "UTC", now=NOW)
