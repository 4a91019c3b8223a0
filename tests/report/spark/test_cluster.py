"""A report that a cluster of a master and two workers makes is DuckDB's, in every figure, name and warning.

One test, as a cluster takes as long to start as all of it: each question is a part of its own.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from r1plan.report.database import open_database
from r1plan.report.keys import parse_keys
from r1plan.report.period import Period
from r1plan.report.query import report_in, spend_report
from r1plan.report.question import SpendInquiry, SpendQuestion
from r1plan.report.reconcile.against import ReconcileQuestion
from r1plan.report.spark.session import open_spark
from r1plan.report.spend import SpendReport
from r1plan.report.whatif.target import WhatIfQuestion, parse_targets
from tests.prices.test_book import YUAN, real_book
from tests.report.reconcile.made import bill_of, billed, requests
from tests.report.spark.conftest import needs_spark, quick_java
from tests.report.spark.logs import write_exports, write_logs
from tests.report.test_invalid_line import line

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

NOW = datetime(2026, 11, 29, tzinfo=UTC)
BOOK = real_book()
MOST_SECONDS = 240


def everything(folder: Path, logs: list[Path]) -> SpendQuestion:
    """In a time zone whose days begin at a quarter of an hour of UTC."""
    worlds = ("deepseek/deepseek-reasoner", "all", "off-peak", "no-cache", "max-thinking:1000")
    some = requests(31)
    log = folder / "billed.jsonl"
    log.write_text("".join(each.to_line() for each in some[:-2]))
    return SpendQuestion(
        [*logs, log, *write_exports(folder)],
        Period(timezone="Asia/Kathmandu"),
        parse_keys("provider,model,served,project,key,status,month,day,hour-of-clock,tag:team,tag:a/b~c"),
        BOOK,
        detail="series",
        what_if=WhatIfQuestion(targets=parse_targets(worlds, BOOK)),
        inquiry=SpendInquiry(now=NOW, budget_usd=Decimal(1), is_explained=True),
        reconcile=ReconcileQuestion(bills=(bill_of(billed(some)),)),
    )


def lines_of_a_bill_in_yuan(_folder: Path, logs: list[Path]) -> SpendQuestion:
    period = Period(start=datetime(2025, 9, 1, tzinfo=UTC), until=NOW - timedelta(days=9))
    return SpendQuestion(
        logs, period, parse_keys("day"), YUAN, accounts={"deepseek": "CNY"}, currency="CNY", detail="charges"
    )


def sums_of_more_than_64_bits(folder: Path, _logs: list[Path]) -> SpendQuestion:
    huge, empty = folder / "huge.jsonl", folder / "empty.jsonl"
    rows = [line(id=f"{number}", provider="deepseek", input_tokens=10**18 - 1) for number in range(20)]
    huge.write_bytes(b"\n".join(rows))
    empty.write_bytes(b"")
    return SpendQuestion([huge, empty], Period(), parse_keys("day"), BOOK)


def another_time(_folder: Path, logs: list[Path]) -> SpendQuestion:
    period = Period(start=datetime(2001, 1, 1, tzinfo=UTC), until=datetime(2001, 2, 1, tzinfo=UTC))
    return SpendQuestion(logs[:1], period, parse_keys("day"), BOOK, inquiry=SpendInquiry(now=NOW))


# Each question, and whether its answer has what it is asked for.
QUESTIONS: Mapping[Callable[[Path, list[Path]], SpendQuestion], Callable[[SpendReport], bool]] = {
    everything: lambda found: (
        {each.kind for each in found.findings} >= {"retries", "lost_answers", "tool_differs"}
        and {each.kind for each in found.warnings} >= {"bad_line", "duplicate_ids", "sums_beside_others"}
        and len(found.imported) == 2
        and found.forecast is not None
        and len(found.what_if) > 4
        and bool(found.reconcile[0].lines)
        and found.series is not None
    ),
    lines_of_a_bill_in_yuan: lambda found: len(found.charges) > 4 and found.totals.requests > 9,
    sums_of_more_than_64_bits: lambda found: found.totals.input_tokens == 20 * (10**18 - 1),
    another_time: lambda found: found.held_at is not None and found.first_at is None,
}


def on_cluster(question: SpendQuestion, session: SparkSession) -> SpendReport:
    from r1plan.report.spark.database import SparkDatabase

    with open_database() as here:
        return report_in(SparkDatabase(here, session), question)


def command(log: Path, *more: str) -> tuple[int, str, str]:
    asked = [sys.executable, "-m", "r1plan", "cost-report", str(log), "--format", "csv", "--by", "provider,day", *more]
    done = subprocess.run(asked, capture_output=True, text=True, timeout=3 * MOST_SECONDS, check=False)
    return done.returncode, done.stdout, done.stderr


@needs_spark
def test_a_cluster_says_what_duckdb_says(
    cluster: str, tmp_path: Path, subtests: pytest.Subtests, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in quick_java().items():
        monkeypatch.setenv(name, value)
    logs = write_logs(tmp_path, 900)
    with subtests.test("the command, with nothing of Spark's own in what it prints"):
        assert command(logs[0], "--engine", cluster) == command(logs[0])
    with open_spark(cluster, patience_s=MOST_SECONDS) as session:
        for number, (question, has_it) in enumerate(QUESTIONS.items()):
            folder = tmp_path / str(number)
            folder.mkdir()
            with subtests.test(question.__name__):
                asked = question(folder, logs)
                expected, found = spend_report(asked), on_cluster(asked, session)
                for each in fields(SpendReport):
                    assert getattr(found, each.name) == getattr(expected, each.name), each.name
                assert has_it(found)
