"""Answers that cost something and are not there, attempts nobody needed, requests that fail, answers that are cut."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from r1plan.ledger.entry import UsageEntry
from r1plan.report.database import open_database
from r1plan.report.findings.cut_at_limit import CutAtLimit
from r1plan.report.findings.failures import FailingProvider, find_failures
from r1plan.report.findings.lost_answers import LostAnswers, LostReason
from r1plan.report.findings.retries import Retries
from tests.report.findings.finding import HIT, MISS, NOW, OUTPUT, asked, found

D = Decimal
WHOLE = MISS + OUTPUT
MINUTE = timedelta(minutes=1)
UNBOUNDED: dict[str, Any] = {"status": "aborted", "cost_low_usd": D("0.25"), "cost_high_usd": None}
BOUNDED: dict[str, Any] = {"status": "aborted", "cost_low_usd": D("0.25"), "cost_high_usd": D("0.75")}


@pytest.mark.parametrize(
    ("entry", "low", "high", "basis", "reason"),
    [
        pytest.param(asked("a", **BOUNDED), D("0.25"), D("0.75"), "estimated", "aborted", id="bounds"),
        pytest.param(asked("a", **UNBOUNDED), D("0.25"), None, "estimated", "aborted", id="no-upper-bound"),
        pytest.param(asked("a", status="failed"), WHOLE, WHOLE, "measured", "failed", id="a-bill"),
        pytest.param(
            asked("a", **BOUNDED, end_reason="closed_pipe"), D("0.25"), D("0.75"), "estimated", "closed_pipe", id="why"
        ),
        pytest.param(
            asked("a", status="started", started_at=NOW - timedelta(minutes=61), ended_at=None),
            D(0),
            None,
            "estimated",
            "started",
            id="began-long-ago",
        ),
    ],
)
def test_an_answer_that_never_came_whole_is_lost(
    entry: UsageEntry, low: Decimal, high: Decimal | None, basis: str, reason: str
) -> None:
    lost = found(LostAnswers, entry, asked("b"))
    assert lost is not None
    assert (lost.low_usd, lost.high_usd, lost.basis, lost.requests) == (low, high, basis, 1)
    assert lost.reasons == (LostReason(reason=reason, requests=1),)


def test_nothing_is_lost_where_it_came_or_cost_nothing_or_may_yet_come() -> None:
    nothing: dict[str, Any] = {"input_tokens": 0, "output_tokens": 0}
    rows = (
        asked("it came"),
        asked("it was cut", status="length"),
        asked("it cost nothing", status="failed", **nothing),
        asked("for certain", status="aborted", cost_low_usd=D(0), cost_high_usd=D(0), **nothing),
        asked("it may yet come", status="started", started_at=NOW - timedelta(minutes=59), ended_at=None),
        asked("answered here", status="aborted", provider="local", model_requested="x"),
    )
    assert found(LostAnswers, *rows) is None


def test_what_was_asked_again_is_an_attempt_and_not_lost_as_well() -> None:
    rows = (asked("a", **BOUNDED), asked("b", MINUTE, attempt_of="a"))
    assert found(LostAnswers, *rows) is None
    retries = found(Retries, *rows)
    assert retries is not None
    assert (retries.low_usd, retries.high_usd, retries.unanswered) == (D("0.25"), D("0.75"), 0)


@pytest.mark.parametrize(
    ("rows", "requests", "low", "unanswered"),
    [
        pytest.param(
            [asked("once"), asked("again", attempt_of="in another month"), asked("a", attempt_of="a")],
            None,
            None,
            None,
            id="asked-once-as-far-as-is-known",
        ),
        pytest.param([asked("a"), asked("b", MINUTE, attempt_of="a")], 1, WHOLE, 0, id="two-answers"),
        pytest.param(
            [asked("a"), asked("b", MINUTE, attempt_of="a", status="failed")], 1, WHOLE, 0, id="the-later-failed"
        ),
        pytest.param(
            [asked("a", status="failed"), asked("b", MINUTE, attempt_of="a", status="failed")],
            2,
            2 * WHOLE,
            1,
            id="none-answered",
        ),
        pytest.param(
            [asked("a"), *(asked(f"b{number}", number * MINUTE, attempt_of="a") for number in (1, 2, 3))],
            3,
            3 * WHOLE,
            0,
            id="four",
        ),
        pytest.param(
            [asked("a", status="failed"), asked("b", MINUTE, attempt_of="a"), asked("c"), asked("d", attempt_of="c")],
            2,
            2 * WHOLE,
            0,
            id="two-questions",
        ),
    ],
)
def test_all_attempts_but_the_last_that_answered_were_not_needed(
    rows: list[UsageEntry], requests: int | None, low: Decimal | None, unanswered: int | None
) -> None:
    retries = found(Retries, *rows)
    assert (retries and (retries.requests, retries.low_usd, retries.unanswered)) == (
        None if requests is None else (requests, low, unanswered)
    )


@pytest.mark.parametrize(
    ("failed", "of", "is_found"),
    [(4, 20, False), (5, 20, True), (5, 250, True), (5, 251, False), (0, 5, False)],
)
def test_a_provider_fails_where_five_requests_and_one_of_fifty_do(failed: int, of: int, is_found: bool) -> None:
    with open_database() as database:
        database.execute(
            "CREATE TABLE finding_cell AS SELECT 'p' AS provider, false AS is_here, * FROM"
            f" (VALUES ('failed', {failed}), ('ok', {of - failed}), (NULL, 0)) AS cell(status, requests)"
        )
        failures = find_failures(database)
    assert [(each.requests, each.of_requests) for each in failures] == ([(failed, of)] if is_found else [])


def test_whoever_fails_is_told_of_the_log() -> None:
    rows = [asked(f"r{number}", output_tokens=0, status="failed" if number < 5 else "ok") for number in range(9)]
    failures = found(FailingProvider, *rows)
    assert failures is not None
    assert (failures.requests, failures.of_requests, failures.high_usd, failures.worth_telling) == (5, 9, D(0), True)


@pytest.mark.parametrize(
    ("thinking", "eaten"),
    [
        pytest.param(949_999, 0, id="some-answer"),
        pytest.param(950_000, 1, id="next-to-none"),
        pytest.param(1_000_000, 1, id="none"),
        pytest.param(None, 0, id="not-known"),
    ],
)
def test_thinking_eats_an_answer_that_is_cut_with_a_twentieth_left(thinking: int | None, eaten: int) -> None:
    cut = found(CutAtLimit, asked("a", status="length", thinking_tokens=thinking), asked("b"))
    assert cut is not None
    assert (cut.requests, cut.eaten, cut.high_usd, cut.low_usd) == (1, eaten, WHOLE, WHOLE * eaten)


def test_huge_counts_of_tokens_are_no_overflow() -> None:
    most = 10**18 - 1
    row = asked("a", status="length", input_tokens=most, output_tokens=most, thinking_tokens=most, conversation="c")
    rows = [row, replace(row, id="b"), asked("c", cache_hit_tokens=64, conversation="c")]
    cut = found(CutAtLimit, *rows)
    assert cut is not None
    assert (cut.eaten, cut.high_usd) == (2, 2 * most * (MISS + OUTPUT) / 1_000_000)


def test_a_hit_of_the_cache_is_paid_as_one() -> None:
    cut = found(CutAtLimit, asked("a", status="length", cache_hit_tokens=1_000_000))
    assert cut is not None
    assert cut.high_usd == HIT + OUTPUT
