"""`--from-logs`: the month that is read, and what is said where there is none."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from r1plan.cli.from_logs import month_from_logs
from r1plan.errors import LogError, R1PlanError, UsageError
from r1plan.ledger.entry import UsageEntry
from r1plan.ledger.journal import append
from r1plan.plan.workload import Workload
from r1plan.report.sample import MONTH, write_sample
from r1plan.settings import directories

AT = datetime(2026, 10, 20, 9, tzinfo=UTC)
ENTRY = UsageEntry(
    id="1", started_at=AT, first_token_at=None, ended_at=AT + timedelta(minutes=1), provider="deepseek",
    model_requested="deepseek-flash", model_served=None, status="ok", input_tokens=800, cache_hit_tokens=200,
    output_tokens=3_000, thinking_tokens=2_500,
)  # fmt: skip


def logged(*entries: UsageEntry) -> None:
    for each in entries:
        append(each, directories().logs)


def test_a_request_counts_once_by_its_last_row() -> None:
    begun = replace(ENTRY, ended_at=None, status="started", input_tokens=None, output_tokens=None)
    logged(begun, ENTRY, replace(begun, id="2"), replace(ENTRY, id="3"))
    found = month_from_logs("2026-10", Workload())
    assert (found.requests, found.not_counted.unfinished) == (2, 1)
    assert found.models[0].model == "deepseek-v4.1-flash"
    assert found.demand.mean("input_tokens") == pytest.approx(800)


def test_the_sample_month_is_a_workload() -> None:
    path = directories().logs / f"{MONTH}.jsonl"
    path.parent.mkdir(parents=True)
    write_sample(path)
    found = month_from_logs(MONTH, Workload())
    assert found.requests > 300
    assert found.not_counted.failed > 0
    assert found.is_enough
    assert {"deepseek-reasoner", "r1-distill-qwen-7b"} <= {each.model for each in found.models}
    assert 0 < found.cache_share < 1


def test_the_month_is_one_of_the_local_clock_whose_rows_lie_in_two_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Shanghai")
    first = datetime(2026, 10, 31, 17, tzinfo=UTC)
    logged(replace(ENTRY, started_at=first, ended_at=first))
    assert month_from_logs("2026-11", Workload()).demand.timezone == "Asia/Shanghai"
    with pytest.raises(UsageError, match="2026-10"):
        month_from_logs("2026-10", Workload())


@pytest.mark.parametrize("text", ["", "2026", "2026-13", "2026-00", "november", "2026-11-01", "１９９９-01", "9999-12"])
def test_what_is_no_month_is_a_sentence(text: str) -> None:
    with pytest.raises(UsageError, match="--from-logs '") as error:
        month_from_logs(text, Workload())
    assert "YYYY-MM" in (error.value.hint or "")


def test_a_month_that_the_log_does_not_hold_says_which_it_holds() -> None:
    logged(ENTRY)
    with pytest.raises(UsageError, match="2026-09") as error:
        month_from_logs("2026-09", Workload())
    assert (error.value.hint or "").endswith("has 2026-10")


def test_without_any_log_it_says_what_writes_one() -> None:
    with pytest.raises(UsageError) as error:
        month_from_logs("2026-09", Workload())
    assert "no log yet" in (error.value.hint or "")


@pytest.mark.parametrize("content", [b"", b"\n\n", b"{}\n", b"\xff\xfe\x00", b"not a row\n"], ids=repr)
def test_a_file_without_a_request_is_a_month_without_one(content: bytes) -> None:
    path = directories().logs / "2026-10.jsonl"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    with pytest.raises(R1PlanError, match="2026-10: the log holds no request"):
        month_from_logs("2026-10", Workload())


def test_a_file_that_cannot_be_read_is_a_sentence(tmp_path: Path) -> None:
    (directories().logs / "2026-10.jsonl").mkdir(parents=True)
    with pytest.raises(LogError, match="cannot be read"):
        month_from_logs("2026-10", Workload())
