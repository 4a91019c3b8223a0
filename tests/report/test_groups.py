"""What a report is grouped by: each key's groups are the requests that share it, in their own order."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC
from decimal import Decimal
from pathlib import Path

import pytest

from r1plan.report.database import open_database
from r1plan.report.keys import COLUMNS, parse_keys
from r1plan.report.period import Period, whole_month
from r1plan.report.query import spend_report
from r1plan.report.question import SpendQuestion
from r1plan.report.sample import sample_entries, write_sample
from r1plan.report.spend import SpendReport
from tests.prices.test_book import real_book
from tests.report.test_report import asked, report_on


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("logs") / "2025-09.jsonl"
    write_sample(path)
    return path


def on(log: Path, by: str, timezone: str = "UTC") -> SpendReport:
    return spend_report(SpendQuestion([log], whole_month("2025-09", timezone), parse_keys(by), real_book()))


@pytest.mark.parametrize("by", [*COLUMNS, "tag:task", "month,model", "hour-of-clock,provider", "served,status"])
def test_the_groups_add_up_to_the_totals(by: str, log: Path) -> None:
    report = on(log, by)
    for name in ("requests", "input_tokens", "output_tokens", "thinking_tokens", "unpriced_requests"):
        assert sum(getattr(each.totals, name) for each in report.groups) == getattr(report.totals, name)
    for name in ("cost_usd", "thinking_usd", "input_miss_usd", "cache_saving_usd", "uncertain_high_usd"):
        parts = (getattr(each.totals, name) for each in report.groups)
        assert sum((each for each in parts if each is not None), Decimal(0)) == getattr(report.totals, name)


def test_the_hour_of_the_clock_is_utc_s_with_the_tier_of_the_price(log: Path) -> None:
    report = on(log, "hour-of-clock", "Asia/Shanghai")
    hours = [str(each.keys["hour-of-clock"]) for each in report.groups]
    assert hours == sorted(hours)
    found: defaultdict[str, int] = defaultdict(int)
    for entry in sample_entries():
        if entry.provider == "deepseek" and entry.placed_at.astimezone(UTC).day < 5 and entry.status == "ok":
            minute = entry.placed_at.hour * 60 + entry.placed_at.minute
            tier = "standard" if 30 <= minute < 16 * 60 + 30 else "off-peak"
            found[f"{entry.placed_at:%H}:00 UTC {tier}"] += 1
    assert found.keys() <= set(hours)
    assert {hour[:2] for hour in hours} == {f"{hour:02}" for hour in range(24)}
    # The discount began and ended at half past.
    assert {"00:00 UTC standard", "00:00 UTC off-peak", "16:00 UTC standard", "16:00 UTC off-peak"} <= set(hours)
    assert "12:00 UTC off-peak" not in hours


def test_a_request_that_has_no_price_has_no_tier(tmp_path: Path) -> None:
    report = report_on(
        tmp_path, asked("a", "2025-09-10T05:59:59Z", provider="nobody", model_requested="x"), by="hour-of-clock"
    )
    assert [each.keys for each in report.groups] == [{"hour-of-clock": "05:00 UTC"}]


def test_months_are_those_of_the_time_zone(tmp_path: Path) -> None:
    rows = [asked("a", "2025-08-31T15:59:59Z"), asked("b", "2025-08-31T16:00:00Z"), asked("c", "2025-10-01T00:00:00Z")]
    log = tmp_path / "log.jsonl"
    log.write_text("".join(each.to_line() for each in rows))
    report = spend_report(SpendQuestion([log], Period(timezone="Asia/Shanghai"), parse_keys("month"), real_book()))
    assert [(each.keys["month"], each.totals.requests) for each in report.groups] == [
        ("2025-08", 1),
        ("2025-09", 1),
        ("2025-10", 1),
    ]


def test_who_answered_is_a_key_and_unknown_where_nobody_says_so(tmp_path: Path) -> None:
    rows = [asked("a", "2025-09-10T00:00:00Z", model_served="x"), asked("b", "2025-09-10T00:00:00Z")]
    report = report_on(tmp_path, *rows, by="served")
    assert {each.keys["served"]: each.totals.requests for each in report.groups} == {"x": 1, None: 1}


def test_rows_in_another_order_make_the_same_groups(tmp_path: Path) -> None:
    rows = list(sample_entries())
    one, other = (
        report_on(tmp_path, *each, by="served,tag:task,hour-of-clock")
        for each in (rows, sorted(rows, key=lambda row: row.id[::-1]))
    )
    assert one.groups == other.groups


@pytest.mark.parametrize(
    ("span_us", "tier", "hour"),
    [
        pytest.param(0, "off_peak", "05:00 UTC off-peak", id="a-request"),
        pytest.param(3_600_000_000, None, "05:00 UTC", id="the-sum-of-an-hour"),
        pytest.param(3_600_000_001, "standard", None, id="the-sum-of-more"),
        pytest.param(86_400_000_000, None, None, id="the-sum-of-a-day"),
    ],
)
def test_the_sum_of_a_longer_time_has_no_hour(span_us: int, tier: str | None, hour: str | None) -> None:
    (key,) = parse_keys("hour")
    at = "$span_us AS span_us, $tier AS tier, 5 * 3600000000 AS placed_us"
    with open_database() as database:
        found = database.execute(f"SELECT {key.sql('tag')} FROM (SELECT {at})", {"span_us": span_us, "tier": tier})
        assert found.fetchall() == [(hour,)]
