"""A report of closed logs is kept, and never taken where anything that it is made of differs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from r1plan.prices.book import PriceBook
from r1plan.report.keys import parse_keys
from r1plan.report.period import Period
from r1plan.report.query import spend_report
from r1plan.report.question import SpendInquiry, SpendQuestion
from r1plan.report.sample import write_sample
from r1plan.report.spend import SpendReport
from r1plan.report.store.kept import kept_report
from tests.prices.test_book import real_book

NOW = datetime(2026, 5, 1, tzinfo=UTC)
APRIL = Period(month="2026-04", start=datetime(2026, 4, 1, tzinfo=UTC), until=NOW)
EMPTY = spend_report(SpendQuestion([], APRIL, (), PriceBook({})))
OLD_S = (NOW - timedelta(days=3)).timestamp()


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "log.jsonl"
    path.write_bytes(b"a" * 10_000)
    os.utime(path, (OLD_S, OLD_S))
    return path


class Maker:
    """Counts how often a report was made."""

    def __init__(self, report: SpendReport) -> None:
        self.report, self.times = report, 0

    def __call__(self) -> SpendReport:
        self.times += 1
        return self.report


def test_a_whole_report_is_kept_to_the_last_digit(tmp_path: Path) -> None:
    sample = tmp_path / "sample.jsonl"
    write_sample(sample)
    os.utime(sample, (OLD_S, OLD_S))
    inquiry = SpendInquiry(now=NOW, budget_usd=Decimal(5), has_findings=True)
    for detail in ("series", "charges"):
        made = spend_report(
            SpendQuestion([sample], Period(), parse_keys("provider,day"), real_book(), detail=detail, inquiry=inquiry)
        )
        assert len({type(each) for each in made.findings}) > 3
        maker = Maker(made)
        found = [kept_report(detail, [sample], NOW, maker) for _ in range(3)]
        assert maker.times == 1
        assert found == [made] * 3
        assert repr(found[2].totals) == repr(made.totals)


def changed_in_the_middle(log: Path) -> None:
    with log.open("r+b") as stream:
        stream.seek(5000)
        stream.write(b"b")
    os.utime(log, (OLD_S + 1, OLD_S + 1))


def edited_in_place(log: Path) -> None:
    changed_in_the_middle(log)
    os.utime(log, (OLD_S, OLD_S))


def other_end(log: Path) -> None:
    log.write_bytes(b"a" * 9_999 + b"b")
    os.utime(log, (OLD_S, OLD_S))


def other_start(log: Path) -> None:
    log.write_bytes(b"b" + b"a" * 9_999)
    os.utime(log, (OLD_S, OLD_S))


def longer(log: Path) -> None:
    log.write_bytes(b"a" * 10_001)
    os.utime(log, (OLD_S, OLD_S))


def damaged(log: Path) -> None:
    (kept,) = (log.parent / "home" / "cache" / "reports").iterdir()
    kept.write_bytes(kept.read_bytes()[:-2])


def of_others(log: Path) -> None:
    (kept,) = (log.parent / "home" / "cache" / "reports").iterdir()
    kept.chmod(0o666)


def user_prices(log: Path) -> None:
    folder = log.parent / "home" / "config" / "pricing"
    folder.mkdir(parents=True)
    (folder / "own.yaml").write_text("x")


@pytest.mark.parametrize(
    "change",
    [changed_in_the_middle, edited_in_place, other_end, other_start, longer, damaged, of_others, user_prices],
)
def test_it_is_made_anew_when_anything_differs(change: Callable[[Path], None], log: Path) -> None:
    maker = Maker(EMPTY)
    kept_report("q", [log], NOW, maker)
    change(log)
    kept_report("q", [log], NOW, maker)
    assert maker.times == 2
    kept_report("q", [log], NOW, maker)
    assert maker.times == 2


@pytest.mark.parametrize(
    ("report", "lately", "times"),
    [
        pytest.param(EMPTY, False, 1, id="a month that is over"),
        pytest.param(replace(EMPTY, period=replace(APRIL, until=NOW + timedelta(seconds=1))), False, 2, id="running"),
        pytest.param(replace(EMPTY, period=Period()), False, 1, id="all time, no request"),
        pytest.param(
            replace(EMPTY, period=Period(), last_at=NOW - timedelta(days=3)), False, 1, id="all time, long ago"
        ),
        pytest.param(replace(EMPTY, period=Period(), last_at=NOW), False, 2, id="all time, now"),
        pytest.param(EMPTY, True, 2, id="a log that was just written"),
    ],
)
def test_only_what_is_over_is_kept(report: SpendReport, lately: bool, times: int, log: Path) -> None:
    if lately:
        os.utime(log, (NOW.timestamp(), NOW.timestamp()))
    maker = Maker(report)
    for _ in range(2):
        assert kept_report("q", [log], NOW, maker) == report
    assert maker.times == times


def test_another_question_or_log_is_another_report(log: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.jsonl"
    other.write_bytes(log.read_bytes())
    os.utime(other, (OLD_S, OLD_S))
    maker = Maker(EMPTY)
    for question, logs in (("a", [log]), ("b", [log]), ("a", [other]), ("a", [log, other]), ("a", [other, log])):
        kept_report(question, logs, NOW, maker)
    assert maker.times == 5


def test_only_the_last_reports_are_kept(log: Path, tmp_path: Path) -> None:
    for number in range(5):
        kept_report(str(number), [log], NOW, lambda: EMPTY, most=3)
    assert len(list((tmp_path / "home" / "cache" / "reports").iterdir())) == 3


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes with names are POSIX")
def test_a_pipe_is_not_opened_to_be_looked_at(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.jsonl"
    os.mkfifo(pipe)
    maker = Maker(EMPTY)
    kept_report("q", [pipe], NOW, maker)  # it would wait for a writer for ever
    assert maker.times == 1


def test_the_command_says_the_same_again_and_does_not_read_the_log(tmp_path: Path) -> None:
    sample = tmp_path / "sample.jsonl"
    write_sample(sample)
    os.utime(sample, (OLD_S, OLD_S))
    command = [sys.executable, "-X", "importtime", "-m", "r1plan", "cost-report", str(sample)]
    first, second = (subprocess.run(command, check=True, capture_output=True, text=True) for _ in range(2))
    assert first.stdout == second.stdout
    assert "duckdb" in first.stderr
    assert "duckdb" not in second.stderr
