"""A request has a row at its beginning and one at its end, and is counted once, wherever they stand."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from r1plan.ledger.entry import UsageEntry
from r1plan.ledger.journal import append
from r1plan.prices.book import PriceBook
from r1plan.report.logs import monthly_logs
from r1plan.report.period import Period, whole_month
from r1plan.report.query import spend_report
from r1plan.report.question import SpendQuestion
from r1plan.report.spend import SpendReport
from tests.prices.test_book import real_book

START = datetime(2026, 11, 24, 5, 0, tzinfo=UTC)


def started(id_: str = "a", started_at: datetime = START) -> UsageEntry:
    return UsageEntry(
        id=id_,
        started_at=started_at,
        first_token_at=None,
        ended_at=None,
        provider="deepseek",
        model_requested="deepseek-flash",
        model_served=None,
        status="started",
        input_tokens=None,
        output_tokens=None,
        cost_low_usd=Decimal(0),
        cost_high_usd=Decimal("0.25"),
    )


def ended(begun: UsageEntry, seconds: int = 20) -> UsageEntry:
    return replace(
        begun,
        ended_at=begun.started_at + timedelta(seconds=seconds),
        status="ok",
        end_reason="stop",
        input_tokens=1000,
        cache_hit_tokens=0,
        output_tokens=100,
        thinking_tokens=40,
        cost_low_usd=None,
        cost_high_usd=None,
    )


def report_on(folder: Path, *files: list[UsageEntry]) -> SpendReport:
    logs = []
    for number, entries in enumerate(files):
        log = folder / f"{number}.jsonl"
        log.write_text("".join(entry.to_line() for entry in entries))
        logs.append(log)
    return spend_report(SpendQuestion(logs, Period(), (), real_book()))


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
def test_the_row_at_the_end_counts_wherever_it_stands(order: tuple[int, ...], tmp_path: Path) -> None:
    rows = [started(), ended(started()), started("b")]
    together = report_on(tmp_path, [rows[number] for number in order])
    apart = report_on(tmp_path, *[[rows[number]] for number in order])
    for report in (together, apart):
        assert (report.totals.requests, report.totals.uncertain_requests, report.warnings) == (2, 1, ())
        assert report.totals.output_tokens == 100
        assert report.totals.uncertain_high_usd == Decimal("0.25")


def test_of_two_ends_the_last_counts_though_a_beginning_follows(tmp_path: Path) -> None:
    first, last = ended(started()), replace(ended(started()), output_tokens=70)
    report = report_on(tmp_path, [first, last, started()])
    assert (report.totals.requests, report.totals.output_tokens) == (1, 70)
    assert [each.kind for each in report.warnings] == ["duplicate_ids"]


def test_a_request_over_the_months_edge_is_counted_once_in_the_month_of_its_end(tmp_path: Path) -> None:
    edge = datetime(2026, 12, 1, tzinfo=UTC)
    begun = started(started_at=edge - timedelta(seconds=5))
    for entry in (begun, ended(begun), started("b", edge - timedelta(seconds=5))):
        append(entry, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["2026-11.jsonl", "2026-12.jsonl"]
    for month, requests, uncertain in (("2026-11", 1, 1), ("2026-12", 1, 0)):
        period = whole_month(month, "UTC")
        totals = spend_report(SpendQuestion(monthly_logs(tmp_path, period), period, (), real_book())).totals
        assert (totals.requests, totals.uncertain_requests) == (requests, uncertain)


def test_what_broke_off_without_an_upper_bound_is_uncertain_and_said_to_be_unbounded(tmp_path: Path) -> None:
    broken = replace(ended(started()), status="failed", end_reason="timeout", cost_low_usd=Decimal("0.01"))
    totals = report_on(tmp_path, [broken]).totals
    assert (totals.uncertain_requests, totals.unbounded_requests) == (1, 1)
    assert totals.cost_usd is None
    assert totals.uncertain_low_usd == Decimal("0.01")


def test_what_was_refused_is_certain_to_cost_nothing(tmp_path: Path) -> None:
    zero = Decimal(0)
    refused = replace(
        ended(started()), status="failed", input_tokens=0, output_tokens=0, cost_usd=zero, cost_low_usd=zero,
        cost_high_usd=zero, cache_hit_tokens=None, thinking_tokens=None,
    )  # fmt: skip
    report = report_on(tmp_path, [refused])
    assert (report.totals.uncertain_requests, report.warnings) == (0, ())
    assert report.totals.cost_usd == 0


def test_electricity_is_a_part_of_the_cost_and_its_absence_is_counted(tmp_path: Path) -> None:
    here = replace(ended(started()), provider="local", model_requested="r1-tiny")
    paid = replace(here, id="b", energy_wh=Decimal("1.5"), cost_usd=Decimal("0.00045"))
    totals = report_on(tmp_path, [here, paid]).totals
    assert (totals.cost_usd, totals.energy_usd, totals.energy_wh) == (
        Decimal("0.00045"),
        totals.cost_usd,
        Decimal("1.5"),
    )
    assert (totals.uncosted_requests, totals.unpriced_requests) == (1, 0)


def test_a_row_of_before_there_were_two_is_read(tmp_path: Path) -> None:
    fields = json.loads(ended(started()).to_line())
    old = {name: value for name, value in fields.items() if name not in ("end_reason", "text")}
    (tmp_path / "old.jsonl").write_text(json.dumps(old) + "\n")
    report = spend_report(SpendQuestion([tmp_path / "old.jsonl"], Period(), (), real_book()))
    assert (report.totals.requests, report.totals.uncertain_requests, report.lost) == (1, 0, 0)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abcd"), st.booleans()), max_size=12))
def test_each_id_is_one_request_and_certain_when_any_of_its_rows_has_ended(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, bool]]
) -> None:
    entries = [ended(started(id_)) if has_ended else started(id_) for id_, has_ended in rows]
    log = tmp_path_factory.mktemp("log") / "log.jsonl"
    log.write_text("".join(entry.to_line() for entry in entries))
    totals = spend_report(SpendQuestion([log], Period(), (), PriceBook({}))).totals
    ids = {id_ for id_, _ in rows}
    assert totals.requests == len(ids)
    assert totals.uncertain_requests == len(ids - {id_ for id_, has_ended in rows if has_ended})
