"""What guards read of the log, one row a request; and a decision that is one step with its row."""

from __future__ import annotations

import multiprocessing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from multiprocessing.queues import Queue
from pathlib import Path

import pytest

from r1plan.catalog.budgets import Budgets
from r1plan.errors import LogError, OverBudget
from r1plan.ledger.entry import UsageEntry
from r1plan.ledger.journal import append, append_once_decided
from r1plan.ledger.month_sum import EndedSum, MonthSpending
from r1plan.ledger.requests import by_request, last_rows, of_entry
from r1plan.ledger.usage_log import UsageLog
from r1plan.route.spending.budget import allowances_of_month
from tests.ledger.test_journal import entry

AT = datetime(2026, 11, 24, 5, 0, tzinfo=UTC)


def started(id_: str, at: datetime = AT, reserved_usd: Decimal | None = None) -> UsageEntry:
    begun = entry(id_, at + timedelta(seconds=3))
    return replace(
        begun, ended_at=None, first_token_at=None, status="started", input_tokens=None, output_tokens=None,
        cost_usd=None, reserved_usd=reserved_usd,
    )  # fmt: skip


def used_usd(spending: MonthSpending, at: datetime = AT) -> Decimal:
    """What a budget for everything counts of a month."""
    (found,) = allowances_of_month(Budgets(monthly_usd=Decimal(0)), spending, at, "deepseek", None)
    return found.spent_usd + found.reserved_usd


def test_a_row_that_is_read_says_what_was_written(tmp_path: Path) -> None:
    written = replace(
        entry(), project="p", end_reason="refused", http_status=429, reserved_usd=Decimal("0.0005"), status="failed",
        cost_low_usd=Decimal(0), cost_high_usd=Decimal("0.2"),
    )  # fmt: skip
    append(written, tmp_path)
    assert last_rows(tmp_path) == [of_entry(written)]


def test_a_row_of_before_the_guards_is_read(tmp_path: Path) -> None:
    append(entry(), tmp_path)
    (row,) = last_rows(tmp_path)
    assert (row.reserved_usd, row.http_status) == (None, None)
    assert "reserved_usd" not in (tmp_path / "2026-11.jsonl").read_text()


@pytest.mark.parametrize(
    "junk",
    [b"{torn", b'{"schema":"other/1"}', b"\xff\xfe", b"null", b"[1]"],
    ids=["torn", "other", "bytes", "null", "list"],
)
def test_a_line_that_is_no_row_is_left_out(junk: bytes, tmp_path: Path) -> None:
    path = append(entry("a"), tmp_path)
    with path.open("ab") as file:
        file.write(junk + b"\n\n")
    append(entry("b"), tmp_path)
    assert [row.id for row in last_rows(tmp_path)] == ["a", "b"]


def test_the_last_rows_cross_the_months_edge_and_of_a_long_month_only_the_end_is_read(tmp_path: Path) -> None:
    append(entry("old", datetime(2026, 9, 30, tzinfo=UTC)), tmp_path)
    append(entry("before", datetime(2026, 10, 31, tzinfo=UTC)), tmp_path)
    line = entry("filler").to_line()
    (tmp_path / "2026-11.jsonl").write_text(line * 2000)
    append(entry("last"), tmp_path)
    ids = [row.id for row in last_rows(tmp_path)]
    assert ids[0] == "before"
    assert ids[-1] == "last"
    assert 50 < len(ids) < 500


def test_of_a_month_the_beginning_of_what_has_ended_is_left_out(tmp_path: Path) -> None:
    log = UsageLog(tmp_path)
    for each in (started("a"), started("b"), entry("a"), started("b", reserved_usd=Decimal(2))):
        log.append(each)
    found = log.this_month(AT)
    assert found.running == (of_entry(started("b", reserved_usd=Decimal(2))),)
    assert found.ended == {("deepseek", None): EndedSum(spent_usd=entry("a").cost_usd or Decimal(0))}


def test_without_a_log_nothing_is_known(tmp_path: Path) -> None:
    assert last_rows(tmp_path / "none") == []
    assert UsageLog(tmp_path / "none").this_month(AT) == MonthSpending()


def test_of_several_rows_of_a_request_the_last_end_counts_else_the_last() -> None:
    first, more = started("a", reserved_usd=Decimal(1)), started("a", reserved_usd=Decimal(2))
    end = entry("a")
    assert by_request(map(of_entry, [first, more])) == [of_entry(more)]
    assert by_request(map(of_entry, [first, end, more])) == [of_entry(end)]
    again = replace(end, cost_usd=Decimal(9))
    assert by_request(map(of_entry, [first, end, again])) == [of_entry(again)]


def test_a_decision_against_it_writes_nothing(tmp_path: Path) -> None:
    def refuse(_log: int) -> UsageEntry:
        raise OverBudget("too much.")

    with pytest.raises(OverBudget):
        append_once_decided(AT, refuse, tmp_path)
    assert last_rows(tmp_path) == []
    append(entry(), tmp_path, wait_s=0.0)  # and the lock is free again


def test_a_log_in_the_way_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("")
    with pytest.raises(LogError, match="is not a directory"):
        append_once_decided(AT, lambda _log: entry(), tmp_path / "logs")
    with pytest.raises(LogError, match="cannot be read"):
        UsageLog(tmp_path / "logs", writes=False).this_month(AT)


def test_what_is_not_written_is_known_to_this_process(tmp_path: Path) -> None:
    append(entry("logged"), tmp_path)
    log = UsageLog(tmp_path, writes=False)
    assert log.append(entry("kept")) is None
    made, path = log.append_once_decided(AT, lambda month: started(f"after-{used_usd(month)}", reserved_usd=Decimal(1)))
    assert (made.id, path) == (f"after-{2 * (entry().cost_usd or 0)}", None)
    assert {row.id for row in log.recent()} == {"logged", "kept", made.id}
    assert used_usd(log.this_month(AT)) == 1 + 2 * (entry().cost_usd or 0)
    assert not (tmp_path / ".sums").exists()
    assert [row.id for row in last_rows(tmp_path)] == ["logged"]


def takes(folder: Path, number: int, done: Queue[int]) -> None:
    """Sets a tenth aside as often as ten tenths allow."""
    log, taken = UsageLog(folder), 0

    def decide(month: MonthSpending) -> UsageEntry:
        if used_usd(month) + Decimal("0.1") > 1:
            raise OverBudget("nothing is left.")
        return started(f"{number}-{taken}", reserved_usd=Decimal("0.1"))

    while True:
        try:
            log.append_once_decided(AT, decide)
        except OverBudget:
            break
        taken += 1
    done.put(taken)


def test_processes_that_race_for_the_last_money_never_take_more_than_there_is(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    done: Queue[int] = context.Queue()
    workers = [context.Process(target=takes, args=(tmp_path, number, done)) for number in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sum(done.get() for _ in workers) == 10
    assert len(UsageLog(tmp_path).this_month(AT).running) == 10
