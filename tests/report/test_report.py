"""The report over the sample month and over small logs."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from r1plan.ledger.entry import UsageEntry
from r1plan.report.keys import parse_keys
from r1plan.report.period import Period, whole_month
from r1plan.report.query import spend_report
from r1plan.report.question import SpendInquiry, SpendQuestion
from r1plan.report.sample import MONTH, sample_entries, write_sample
from r1plan.report.spend import SpendReport, Unpriced
from tests.prices.test_book import real_book

D = Decimal


def report_on(folder: Path, *rows: UsageEntry, by: str = "", period: Period | None = None) -> SpendReport:
    log = folder / "log.jsonl"
    log.write_text("".join(entry.to_line() for entry in rows))
    return spend_report(SpendQuestion([log], period or Period(), parse_keys(by), real_book()))


def asked(id_: str, ended_at: str, **changes: object) -> UsageEntry:
    end = datetime.fromisoformat(ended_at)
    entry = UsageEntry(
        id=id_,
        started_at=end - timedelta(minutes=2),
        first_token_at=None,
        ended_at=end,
        provider="deepseek",
        model_requested="deepseek-reasoner",
        model_served=None,
        status="ok",
        input_tokens=1_000_000,
        cache_hit_tokens=0,
        output_tokens=0,
        thinking_tokens=0,
    )
    return replace(entry, **changes)  # type: ignore[arg-type]


# Miss, hit and output of what the sample holds, from the vendors' pages; R1 at Fireworks bills cached input by half.
def published(entry: UsageEntry) -> tuple[D, D, D] | None:
    at, model = entry.placed_at, entry.model_requested.split("/")[-1]
    if entry.provider == "together":
        return D(3), D(3), D(7)
    if entry.provider == "fireworks":
        return (D(3), D("1.5"), D(8)) if model == "deepseek-r1" else (D("0.55"), D("0.275"), D("2.19"))
    if entry.provider != "deepseek":
        return None
    if at >= datetime(2025, 9, 29, tzinfo=UTC):
        return D("0.28"), D("0.028"), D("0.42")
    if at >= datetime(2025, 9, 5, 16, tzinfo=UTC):
        return D("0.56"), D("0.07"), D("1.68")
    if not 30 <= at.hour * 60 + at.minute < 16 * 60 + 30:
        return D("0.135"), D("0.035"), D("0.55")
    return (D("0.55"), D("0.14"), D("2.19")) if model == "deepseek-reasoner" else (D("0.27"), D("0.07"), D("1.10"))


def test_the_sample_month_costs_what_its_rows_cost_one_by_one(tmp_path: Path) -> None:
    rows = list(sample_entries())
    sums: Counter[str] = Counter()
    money = {name: D(0) for name in ("miss", "hit", "thinking", "answer", "unknown", "saving", "low", "high")}
    for entry in rows:
        assert entry.input_tokens is not None
        assert entry.output_tokens is not None
        if entry.cost_low_usd is not None and entry.cost_high_usd is not None:
            money["low"] += entry.cost_low_usd
            money["high"] += entry.cost_high_usd
        elif (rates := published(entry)) is not None:
            miss, hit, output = rates
            cached = entry.cache_hit_tokens or 0
            money["miss"] += (entry.input_tokens - cached) * miss
            money["hit"] += cached * hit
            money["saving"] += cached * (miss - hit)
            if entry.thinking_tokens is None:
                money["unknown"] += entry.output_tokens * output
            else:
                money["thinking"] += entry.thinking_tokens * output
                money["answer"] += (entry.output_tokens - entry.thinking_tokens) * output
        elif entry.provider == "openrouter" and entry.output_tokens:
            sums["unpriced"] += 1
    write_sample(tmp_path / "s.jsonl")
    totals = spend_report(SpendQuestion([tmp_path / "s.jsonl"], whole_month(MONTH, "UTC"), (), real_book())).totals
    million = D(10**6)
    assert totals.requests == len(rows)
    assert totals.output_tokens == sum(entry.output_tokens or 0 for entry in rows)
    assert totals.thinking_tokens == sum(entry.thinking_tokens or 0 for entry in rows)
    assert totals.input_miss_usd == money["miss"] / million
    assert totals.cache_hit_usd == money["hit"] / million
    assert totals.thinking_usd == money["thinking"] / million
    assert totals.answer_usd == money["answer"] / million
    assert totals.thinking_unknown_usd == money["unknown"] / million
    assert totals.cache_saving_usd == money["saving"] / million
    assert totals.cost_usd == sum(money[name] for name in ("miss", "hit", "thinking", "answer", "unknown")) / million
    assert (totals.uncertain_low_usd, totals.uncertain_high_usd) == (money["low"], money["high"])
    assert totals.unpriced_requests == sums["unpriced"]


def test_the_sample_is_the_same_every_time_and_says_what_it_is(tmp_path: Path) -> None:
    write_sample(tmp_path / "1")
    write_sample(tmp_path / "2")
    assert (tmp_path / "1").read_bytes() == (tmp_path / "2").read_bytes()
    rows = [json.loads(line) for line in (tmp_path / "1").read_text().splitlines()]
    assert 400 <= len(rows) <= 600
    assert {(row["project"], row["policy"]) for row in rows} == {("sample", "generated")}
    assert {row["provider"] for row in rows} == {"deepseek", "together", "fireworks", "openrouter", "local"}
    assert {row["ended_at"][:7] for row in rows} == {MONTH}
    assert {row["status"] for row in rows} == {"ok", "length", "aborted", "failed"}


def test_a_request_belongs_to_the_day_of_its_end_in_the_zone_asked_for(tmp_path: Path) -> None:
    rows = [
        asked("a", "2025-09-30T15:59:59.999999+00:00"),
        asked("b", "2025-09-30T16:00:00+00:00"),
        asked("c", "2025-09-01T00:00:00+08:00"),
        asked("d", "2025-08-31T23:59:59+08:00"),
    ]
    beijing = report_on(tmp_path, *rows, by="day", period=whole_month("2025-09", "Asia/Shanghai"))
    assert [(each.keys["day"], each.totals.requests) for each in beijing.groups] == [
        ("2025-09-01", 1),
        ("2025-09-30", 1),
    ]
    utc = report_on(tmp_path, *rows, by="day", period=whole_month("2025-09", "UTC"))
    assert [(each.keys["day"], each.totals.requests) for each in utc.groups] == [("2025-09-30", 2)]


def test_what_has_no_price_is_listed_and_costs_nothing(tmp_path: Path) -> None:
    report = report_on(
        tmp_path,
        asked("a", "2026-07-24T15:59:00Z", output_tokens=5),
        asked("b", "2026-07-24T16:59:00Z", output_tokens=7),
        asked("c", "2026-07-24T15:58:59Z"),
        asked("d", "2025-09-10T00:00:00Z", provider="nobody", model_requested="x"),
        asked("e", "2025-09-10T00:00:00Z", provider="nobody", status="failed", input_tokens=0),
        asked("f", "2025-09-10T00:00:00Z", provider="local", model_requested="r1-tiny"),
    )
    assert report.unpriced == (
        Unpriced(provider="deepseek", model="deepseek-reasoner", requests=2, input_tokens=2_000_000, output_tokens=12),
        Unpriced(provider="nobody", model="x", requests=1, input_tokens=1_000_000, output_tokens=0),
    )
    assert (report.totals.requests, report.totals.unpriced_requests) == (6, 3)
    assert report.totals.cost_usd == D("0.14")


def test_a_broken_off_request_with_bounds_is_uncertain_and_not_in_the_cost(tmp_path: Path) -> None:
    bounds = {"cost_low_usd": D("0.1"), "cost_high_usd": D("0.3")}
    report = report_on(
        tmp_path,
        asked("a", "2025-09-10T00:00:00Z", status="aborted", **bounds),
        asked("b", "2025-09-10T00:00:00Z", status="aborted"),
        asked("c", "2025-09-10T00:00:00Z", **bounds),
        by="status",
    )
    assert (report.totals.uncertain_low_usd, report.totals.uncertain_high_usd) == (D("0.1"), D("0.3"))
    assert (report.totals.uncertain_requests, report.totals.cost_usd) == (1, 2 * D("0.56"))
    assert {each.keys["status"]: each.totals.cost_usd for each in report.groups} == {
        "aborted": D("0.56"),
        "ok": D("0.56"),
    }


def test_what_is_unknown_or_impossible_is_said(tmp_path: Path) -> None:
    report = report_on(
        tmp_path,
        asked("a", "2025-09-10T00:00:00Z", output_tokens=None, thinking_tokens=None),
        asked("b", "2025-09-10T00:00:00Z", cache_hit_tokens=1_000_001),
        asked("c", "2025-09-10T00:00:00Z", output_tokens=10, thinking_tokens=11),
        asked("d", "2025-09-10T00:00:00Z", provider="fireworks", model_requested=
              "accounts/fireworks/models/deepseek-r1-distill-qwen-7b"),
    )  # fmt: skip
    assert [(each.kind, each.count, each.caveat) for each in report.warnings] == [
        ("unknown_tokens", 1, None),
        ("impossible_usage", 2, None),
        ("price_caveat", 1, "start not verified"),
        ("price_caveat", 1, "low confidence"),
    ]


def test_the_dearest_group_comes_first_but_days_keep_their_order(tmp_path: Path) -> None:
    rows = [
        asked("a", "2025-09-10T00:00:00Z", project="small", input_tokens=1),
        asked("b", "2025-09-11T00:00:00Z", project="big", tags={"a/b": "x"}),
    ]
    by_project = report_on(tmp_path, *rows, by="project,tag:a/b").groups
    assert [each.keys for each in by_project] == [
        {"project": "big", "tag:a/b": "x"},
        {"project": "small", "tag:a/b": None},
    ]
    by_day = report_on(tmp_path, *rows, by="day").groups
    assert [each.keys["day"] for each in by_day] == ["2025-09-10", "2025-09-11"]


def test_an_empty_log_is_an_empty_report(tmp_path: Path) -> None:
    report = report_on(tmp_path, by="day")
    assert (report.totals.requests, report.groups, report.first_at, report.warnings) == (0, (), None, ())


@pytest.mark.parametrize("name", ["20*.jsonl", "a[b].jsonl", "what?.jsonl"])
def test_a_file_whose_name_looks_like_a_pattern_is_read_alone(tmp_path: Path, name: str) -> None:
    write_sample(tmp_path / name)
    text = (tmp_path / name).read_text(encoding="utf-8")
    for other in ("2025-09.jsonl", "ab.jsonl", "whatx.jsonl"):
        (tmp_path / other).write_text(text.replace('"id":"', '"id":"other-'), encoding="utf-8")
    report = spend_report(SpendQuestion([tmp_path / name], Period(), parse_keys("provider"), real_book()))
    assert report.totals.requests == 492


def test_requests_that_end_after_the_report_are_counted_and_told(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    rows = (asked("a", "2025-09-10T12:00Z"), asked("b", "2025-09-10T12:00:00.000001Z"))
    log.write_text("".join(each.to_line() for each in rows))
    inquiry = SpendInquiry(now=datetime(2025, 9, 10, 12, tzinfo=UTC))
    report = spend_report(SpendQuestion([log], Period(), (), real_book(), inquiry=inquiry))
    assert (report.totals.requests, [(each.kind, each.count) for each in report.warnings]) == (2, [("in_future", 1)])


def test_a_request_of_which_no_token_is_known_is_unpriced_unless_it_is_known_to_be_free(tmp_path: Path) -> None:
    none: dict[str, object] = {"input_tokens": None, "output_tokens": None, "thinking_tokens": None}
    totals = report_on(
        tmp_path,
        asked("a", "2025-09-10T00:00:00Z", **none),
        asked("b", "2025-09-10T00:00:00Z", status="failed", cost_low_usd=D(0), cost_high_usd=D(0), **none),
        asked("c", "2025-09-10T00:00:00Z", status="failed", input_tokens=0, output_tokens=0, thinking_tokens=None),
        asked("d", "2025-09-10T00:00:00Z", reported_usd=D("0.25"), **none),
    ).totals
    assert (totals.unpriced_requests, totals.cost_usd) == (1, D("0.25"))
