"""Where the series would be many rows they are coarser, and nothing of the sums is lost."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from r1plan.report.database import open_database
from r1plan.report.series.read import Most, _spans, read_series
from r1plan.report.series.series import SpanUnit
from r1plan.report.series.slots import slots
from tests.prices.test_book import real_book

FIRST, LAST = datetime(2025, 9, 1, tzinfo=UTC), datetime(2025, 11, 29, tzinfo=UTC)
REQUEST = """CREATE TABLE request AS SELECT
    'p' || (i % 3) AS provider, 'm' || (i % 7) AS model,
    epoch_us(TIMESTAMP '2025-09-01' + to_days(CAST(i % 90 AS INTEGER))) AS placed_us,
    1 AS requests, 0 AS span_us, i AS input_tokens, i AS thinking_tokens
FROM range(2000) AS made(i)"""
CUBE = """CREATE TABLE cube AS SELECT
    provider, model, placed_us AS first_us, true AS is_hourly,
    requests, input_tokens, 0 AS cache_hit_tokens, input_tokens AS output_tokens, thinking_tokens,
    CAST(input_tokens AS DECIMAL(38, 15)) AS known_usd, known_usd AS input_miss_usd,
    known_usd AS cache_hit_usd, known_usd AS thinking_usd,
    known_usd AS answer_usd, known_usd AS thinking_unknown_usd, known_usd AS charged_usd, known_usd AS energy_usd,
    known_usd AS cache_saving_usd, 0 AS unknown_known_usd, 0 AS unknown_input_miss_usd,
    0 AS uncertain_requests, 0 AS estimated_requests, 0 AS unpriced_requests,
    0 AS unknown_cache_saving_usd, 0 AS unbounded_requests,
    NULL::DECIMAL(38, 15) AS uncertain_low_usd, NULL::DECIMAL(38, 15) AS uncertain_high_usd
FROM request"""


@pytest.mark.parametrize(
    ("most", "unit", "merged", "told"),
    [
        pytest.param(Most(), "day", 0, True, id="small"),
        pytest.param(Most(spends=400), "week", 0, True, id="weeks"),
        pytest.param(Most(spends=30), "month", 0, True, id="months"),
        pytest.param(Most(sellers=5), "day", 16, True, id="sellers"),
        pytest.param(Most(sellers=20), "day", 0, True, id="one seller too many keeps its name"),
        pytest.param(Most(hours=100, lengths=100), "day", 0, False, id="no spans of hours and lengths"),
    ],
)
def test_coarser_series_have_the_same_sum(most: Most, unit: SpanUnit, merged: int, told: bool) -> None:
    with open_database() as database:
        database.execute(REQUEST)
        database.execute(CUBE)
        series = read_series(database, real_book(), "UTC", FIRST, LAST, most)
    assert (series.unit, series.merged_sellers) == (unit, merged)
    assert sum((each.cost_usd for each in series.spends), Decimal(0)) == sum(range(2000))
    assert sum(each.requests for each in series.lengths) == sum(each.requests for each in series.hours) == 2000
    spans = [*(each.span for each in series.hours), *(each.span for each in series.lengths)]
    assert all((span is not None) is told for span in spans)
    assert len(series.sellers) == (21 if not merged else 6)
    assert max(each.seller for each in series.spends) == len(series.sellers) - 1


@pytest.mark.parametrize(
    ("unit", "expected"),
    [
        ("day", ["2025-12-30", "2025-12-31", "2026-01-01"]),
        ("week", ["2025-12-29"]),
        ("month", ["2025-12-01", "2026-01-01"]),
    ],
)
def test_no_span_is_left_out(unit: SpanUnit, expected: list[str]) -> None:
    found = _spans(unit, date(2025, 12, 30), date(2026, 1, 1))
    assert [each.isoformat() for each in found] == expected


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kathmandu", "Europe/Berlin", "Australia/Lord_Howe"])
def test_every_instant_is_in_the_slot_of_its_hour(zone: str) -> None:
    first, last = datetime(2025, 10, 25, 3, 7, tzinfo=UTC), datetime(2025, 10, 27, 3, tzinfo=UTC)
    found = list(slots(first, last, zone))
    for number, slot in enumerate(found):
        until = found[number + 1].start if number + 1 < len(found) else last
        for at in (slot.start, until - (until - slot.start) / 1000):
            local = at.astimezone(ZoneInfo(zone))
            assert (local.date(), local.hour) == (slot.day, slot.hour)
    assert found[0].start <= first
