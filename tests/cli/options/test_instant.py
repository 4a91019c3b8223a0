"""An instant as a person types it."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from r1plan.cli.options.instant import parse_due, parse_instant
from r1plan.errors import NotFound, UsageError

NOW = datetime(2026, 11, 24, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("now", "2026-11-24T07:00:00"),
        ("2025-09-05", "2025-09-05T00:00:00"),
        ("2025-09-05T16:00:00Z", "2025-09-05T16:00:00"),
        ("2025-09-05 16:00+00:00", "2025-09-05T16:00:00"),
        ("2025-09-06T00:00+08:00", "2025-09-05T16:00:00"),
        ("2025-09-06 00:00 Asia/Shanghai", "2025-09-05T16:00:00"),
        ("2025-09-06T00:00[Asia/Shanghai]", "2025-09-05T16:00:00"),
        ("2025-09-06 Asia/Shanghai", "2025-09-05T16:00:00"),
        ("2025-09-05 16:00 UTC", "2025-09-05T16:00:00"),
    ],
)
def test_it_is_read_with_its_zone(text: str, instant: str) -> None:
    assert parse_instant(text, NOW) == datetime.fromisoformat(instant).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("yesterday", "'yesterday' is not an instant."),
        ("2025-13-05", "'2025-13-05' is not an instant."),
        ("2025-09-05T16:00", "'2025-09-05T16:00' does not say in which time zone."),
        ("2025-09-05T16:00+08:00 Asia/Shanghai", "'2025-09-05T16:00+08:00 Asia/Shanghai' has two time zones."),
        ("", "'' is not an instant."),
    ],
)
def test_anything_else_is_named(text: str, error: str) -> None:
    with pytest.raises(UsageError) as raised:
        parse_instant(text, NOW)
    assert raised.value.message == error
    assert raised.value.hint


def test_an_unknown_zone_is_named_with_near_ones() -> None:
    with pytest.raises(NotFound) as raised:
        parse_instant("2025-09-05 16:00 Asia/Shangai", NOW)
    assert raised.value.message == "unknown time zone 'Asia/Shangai'."
    assert "Asia/Shanghai" in (raised.value.hint or "")


BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("text", "now", "due"),
    [
        ("18:00", "2026-11-24T07:00", "2026-11-24T18:00+01:00"),
        ("7:01", "2026-11-24T07:00", "2026-11-24T07:01+01:00"),
        ("07:00", "2026-11-24T07:00", "2026-11-25T07:00+01:00"),
        ("06:59", "2026-11-30T07:00", "2026-12-01T06:59+01:00"),
        ("18:00", "2026-10-24T19:00", "2026-10-25T18:00+01:00"),
        ("2026-11-24T18:00Z", "2026-11-24T07:00", "2026-11-24T18:00+00:00"),
    ],
)
def test_what_is_due_at_a_time_is_due_the_next_time(text: str, now: str, due: str) -> None:
    assert parse_due(text, datetime.fromisoformat(now).replace(tzinfo=BERLIN)) == datetime.fromisoformat(due)


@pytest.mark.parametrize(
    ("text", "message"), [("2026-11-24T06:59Z", "is past"), ("now", "is past"), ("24:00", "is not an instant")]
)
def test_what_is_past_or_no_time_cannot_be_due(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse_due(text, NOW)
