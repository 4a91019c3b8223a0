"""The database sees of a log what a slow loop sees, and a comparison is the same with either."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest

from r1plan.ledger.entry import UsageEntry
from r1plan.report.period import Period, whole_month
from r1plan.report.query import spend_report
from r1plan.report.question import SpendQuestion
from r1plan.report.reconcile.against import ReconcileQuestion
from r1plan.report.reconcile.result import Reconciliation
from r1plan.report.reconcile.sides import Bill
from tests.report.reconcile.made import BOOK, MONTHS, bill_of, billed, other_day, other_side, reconciled, requests


def against(folder: Path, some: Sequence[UsageEntry], bill: Bill, period: Period | None = None) -> Reconciliation:
    log = folder / "log.jsonl"
    log.write_text("".join(each.to_line() for each in some))
    question = ReconcileQuestion(bills=(bill,))
    (found,) = spend_report(SpendQuestion([log], period or Period(), (), BOOK, reconcile=question)).reconcile
    return found


@pytest.mark.parametrize("month", sorted(MONTHS))
def test_a_comparison_over_the_database_is_that_of_the_slow_loop(tmp_path: Path, month: str) -> None:
    random = Random(month)
    some = requests(31, month)
    bill = {each.id: each for each in billed(some)}
    for each in random.sample(list(bill.values()), 8):
        bill[each.id] = random.choice((other_side(each, month), other_day(each), replace(each, hit=0))) or each
    log = random.sample(some, len(some) - 2)
    expected = reconciled(bill_of(list(bill.values())), log, month)
    found = against(tmp_path, log, bill_of(list(bill.values())))
    assert [replace(line, ids=()) if line.cause == "extra" else line for line in found.lines] == list(expected.lines)
    assert found.lines
    assert found.days == expected.days
    assert (found.billed_usd, found.logged_usd, found.off_usd) == (
        expected.billed_usd,
        expected.logged_usd,
        expected.off_usd,
    )


def test_the_one_request_that_was_not_billed_is_named(tmp_path: Path) -> None:
    some = requests(37)
    found = against(tmp_path, some, bill_of([each for each in billed(some) if each.id != "r044"]))
    assert [(line.cause, line.ids) for line in found.lines] == [("extra", ("r044",))]


def test_a_true_bill_matches_a_log_whose_first_and_last_days_are_missing_as_a_whole(tmp_path: Path) -> None:
    some = requests(32)
    first = MONTHS["nights"][0] + timedelta(days=1)
    found = against(
        tmp_path, [each for each in some if each.ended_at and each.ended_at >= first], bill_of(billed(some))
    )
    assert {(line.cause, line.day, line.is_whole) for line in found.lines} == {("missing", "2025-06-02", True)}


def test_only_the_period_that_is_asked_for_is_compared(tmp_path: Path) -> None:
    some = requests(33)
    found = against(tmp_path, some, bill_of(billed(some)), whole_month("2025-07", "UTC"))
    assert found.outcome == "nothing_logged"
    start = datetime(2025, 6, 4, tzinfo=UTC)
    period = Period(start=start, until=start + timedelta(days=2))
    found = against(tmp_path, some, bill_of(billed(some)), period)
    assert (found.start, found.until, found.lines) == (period.start, period.until, ())


def test_what_the_log_is_not_sure_of_explains_what_was_billed(tmp_path: Path) -> None:
    some = requests(34, "one price")
    true = billed(some)
    log = list(some)
    log[5] = replace(
        log[5], status="aborted", cost_low_usd=Decimal(0), cost_high_usd=2 * true[5].usd(), output_tokens=None
    )
    log[9] = replace(log[9], ended_at=None, status="started", cost_low_usd=Decimal(0), cost_high_usd=Decimal(1))
    log[70] = replace(log[70], output_tokens=None)
    found = against(tmp_path, log, bill_of(true))
    assert sorted(line.cause for line in found.lines) == ["broken_off", "broken_off", "estimated"]
    assert found.unexplained_usd == 0


def test_requests_without_a_price_are_told_as_such_with_what_was_billed(tmp_path: Path) -> None:
    some = requests(35, "one price")
    unknown = [replace(each, model_requested="deepseek-next") for each in some]
    bill = [replace(each, model="deepseek-next") for each in billed(some)]
    found = against(tmp_path, unknown, bill_of(bill))
    assert {line.cause for line in found.lines} == {"unpriced"}
    assert found.difference_usd == sum((each.usd() for each in bill), Decimal(0))
    assert not found.is_within_tolerance


def test_requests_that_failed_before_any_token_are_no_difference(tmp_path: Path) -> None:
    some = requests(36)
    failed = replace(
        some[3], id="failed", status="failed", input_tokens=0, cache_hit_tokens=0, output_tokens=0, thinking_tokens=0
    )
    assert against(tmp_path, [*some, failed], bill_of(billed(some))).lines == ()
