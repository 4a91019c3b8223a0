"""One rule says which file a request is in, for who writes, for budgets, forecasts and reports."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pytest

from r1plan.ledger.months import month_before, month_days, month_log, month_logs, month_of, month_span

SHANGHAI = timezone(timedelta(hours=8))


@pytest.mark.parametrize(
    ("at", "month"),
    [
        pytest.param(datetime(2026, 11, 30, 23, 59, 59, 999_999, tzinfo=UTC), "2026-11", id="last-microsecond"),
        pytest.param(datetime(2026, 12, 1, tzinfo=UTC), "2026-12", id="first"),
        pytest.param(datetime(2026, 12, 1, 7, 59, tzinfo=SHANGHAI), "2026-11", id="already-december-there"),
        pytest.param(datetime(2026, 12, 1, 8, 0, tzinfo=SHANGHAI), "2026-12", id="december-everywhere"),
    ],
)
def test_a_month_is_one_of_utc(at: datetime, month: str, tmp_path: Path) -> None:
    assert month_of(at) == month
    assert month_log(tmp_path, at) == tmp_path / f"{month}.jsonl"
    first, next_ = month_span(at)
    assert first <= at < next_
    assert (month_of(first), month_of(next_ - timedelta(microseconds=1)), first.day, next_.day) == (month, month, 1, 1)


def test_a_month_may_be_asked_for_in_a_zone() -> None:
    assert month_of(datetime(2026, 11, 30, 16, 0, tzinfo=UTC), SHANGHAI) == "2026-12"


def test_the_month_before_is_that_of_utc_in_any_zone(tmp_path: Path) -> None:
    assert month_before(tmp_path, datetime(2027, 1, 31, tzinfo=UTC)).name == "2026-12.jsonl"
    assert month_before(tmp_path, datetime(2026, 12, 1, 7, 0, tzinfo=SHANGHAI)).name == "2026-10.jsonl"


@pytest.mark.parametrize(
    ("month", "first", "after"),
    [
        ("2024-02", date(2024, 2, 1), date(2024, 3, 1)),
        ("2026-12", date(2026, 12, 1), date(2027, 1, 1)),
        ("2026-01", date(2026, 1, 1), date(2026, 2, 1)),
    ],
)
def test_a_month_ends_where_the_next_begins(month: str, first: date, after: date) -> None:
    assert month_days(month) == (first, after)


def test_of_a_folder_the_monthly_files_are_read_the_oldest_first(tmp_path: Path) -> None:
    for name in ("2026-11.jsonl", "2025-12.jsonl", "notes.jsonl", "2026-1.jsonl", "2026-10.jsonl.bak", "2026-10"):
        (tmp_path / name).touch()
    assert [path.name for path in month_logs(tmp_path)] == ["2025-12.jsonl", "2026-11.jsonl"]
    assert month_logs(tmp_path / "none") == month_logs(tmp_path / "notes.jsonl") == []
