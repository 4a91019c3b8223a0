"""A request is counted once, whichever exports and tools tell it, in the currency of its bill."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from r1plan.prices.book import PriceBook
from r1plan.report.period import Period
from r1plan.report.query import spend_report
from r1plan.report.question import SpendQuestion
from tests.prices.test_book import JUNE, YUAN, book, row
from tests.report.store.imported import DAY_US, kinds, report_of, us

PRICES = book(row("1 / 1 / 1", JUNE - timedelta(days=40)))
HOUR = timedelta(hours=1)


def single(id_: str = "a", **values: Any) -> dict[str, Any]:
    at = us(JUNE + HOUR)
    return {
        "id": id_, "source": "tool", "provider": "p", "model": "m", "status": "ok", "started_us": at,
        "ended_us": at, "input_tokens": 1_000_000, "output_tokens": 0, **values,
    }  # fmt: skip


def summed(id_: str = "day", **values: Any) -> dict[str, Any]:
    return single(id_, started_us=us(JUNE), ended_us=None, span_us=DAY_US, requests=5, **values)


LATER: dict[str, Any] = {"input_tokens": 7_000_000}
REPEATED = "repeated_responses"
LONG_ID, SHORT_ID = "chatcmpl-1234567", "chatcmpl-123456"


@pytest.mark.parametrize(
    ("rows", "cost", "warned"),
    [
        pytest.param([single(), single(**LATER)], 7, {"repeated_rows": 1}, id="the last counts"),
        pytest.param([single(), single(**LATER, ended_us=None)], 1, {"repeated_rows": 1}, id="the ended counts"),
        pytest.param([single(), single(), single()], 1, {"repeated_rows": 2}, id="three exports"),
        pytest.param([single(), single(**LATER, source="other")], 8, {}, id="equal ids of two tools"),
        pytest.param([single(), single("b", **LATER)], 8, {}, id="two ids"),
        pytest.param([summed(**LATER), summed()], 7, {"repeated_rows": 1}, id="the larger sum of a day"),
        pytest.param([summed(), summed(**LATER)], 7, {"repeated_rows": 1}, id="the larger sum, told last"),
    ],
)
def test_a_row_of_two_exports_counts_once(rows: list[dict[str, Any]], cost: int, warned: dict[str, int]) -> None:
    report: Any = report_of(rows, PRICES)
    assert (report.totals.cost_usd, kinds(report)) == (cost, warned)


def told(source: str, **values: Any) -> dict[str, Any]:
    return single(source + str(values), source=source, **{"response_id": LONG_ID, **values})


@pytest.mark.parametrize(
    ("rows", "cost", "warned"),
    [
        pytest.param([told("x"), told("y", **LATER)], 7, {REPEATED: 1}, id="the last"),
        pytest.param([told("x", thinking_tokens=0), told("y", **LATER)], 1, {REPEATED: 1}, id="more tokens"),
        pytest.param([told("x", reported_usd=1), told("y", **LATER)], 1, {REPEATED: 1}, id="a bill"),
        pytest.param([told("x"), told("y", **LATER, ended_us=None)], 1, {REPEATED: 1}, id="the ended"),
        pytest.param([told("x"), told("y", provider="P", model="M")], 0, {REPEATED: 1}, id="capitals"),
        pytest.param([told("x"), told("x", **LATER)], 8, {}, id="one tool"),
        pytest.param([told("x", response_id=SHORT_ID), told("y", response_id=SHORT_ID)], 2, {}, id="short"),
        pytest.param([told("x"), told("y", model="n")], 0, {REPEATED: 1}, id="another name of the model"),
        pytest.param([told("x", response_id=None), told("y", response_id=None)], 2, {}, id="no id"),
        pytest.param([told("x"), told("x", project="b"), told("y")], 1, {REPEATED: 2}, id="one against two"),
    ],
)
def test_a_response_that_two_tools_tell_counts_once(
    rows: list[dict[str, Any]], cost: int, warned: dict[str, int]
) -> None:
    report: Any = report_of(rows, PRICES)
    assert (report.totals.cost_usd or 0, kinds(report)) == (cost, warned)


def begun(hours: float, **values: Any) -> dict[str, Any]:
    at = us(JUNE + hours * HOUR)
    return single("single", started_us=at, ended_us=at, **values)


@pytest.mark.parametrize(
    ("row_", "left_out"),
    [
        (begun(0), 1), (begun(24 - 1e-9), 1), (begun(24), 0), (begun(-1e-9), 0), (begun(5), 1),
        (begun(5, source="other"), 0), (begun(5, provider="q"), 0), (begun(5, model="other"), 1),
    ],
    ids=["its first", "its last", "next day", "day before", "within", "other tool", "other provider", "other model"],
)  # fmt: skip
def test_sums_beside_their_own_rows_are_left_out(row_: dict[str, Any], left_out: int) -> None:
    report: Any = report_of([summed(**LATER), row_], PRICES)
    assert report.totals.requests == (1 if left_out else 6)
    assert kinds(report).get("sums_beside_rows", 0) == left_out


def test_a_day_of_a_wide_zone_is_looked_at_from_its_own_midnight() -> None:
    beijing = {**summed(**LATER), "started_us": us(JUNE - 8 * HOUR)}
    assert kinds(report_of([beijing, begun(-9)], PRICES)) == {}
    assert kinds(report_of([beijing, begun(-8)], PRICES)) == {"sums_beside_rows": 1}


def test_an_aggregate_is_not_one_that_has_not_ended() -> None:
    totals: Any = report_of([summed()], PRICES).totals
    assert (totals.uncertain_requests, totals.requests, totals.cost_usd) == (0, 5, 1)


@pytest.mark.parametrize(
    ("code", "dollars", "yuan", "warned"),
    [
        ("USD", 3, 0, {}), ("$", 3, 0, {}), (None, 3, 0, {}), ("", 3, 0, {}), ("usd", 3, 0, {}),
        ("CNY", 0, 3, {"other_currency": 1}), ("RMB", 0, 3, {"other_currency": 1}), ("¥", 0, 3, {"other_currency": 1}),
        ("EUR", 0, 0, {"unknown_currency": 1}),
    ],
    ids=ascii,
)  # fmt: skip
def test_a_bill_is_added_up_in_its_own_currency_alone(
    code: str | None, dollars: int, yuan: int, warned: dict[str, int]
) -> None:
    rows = [single(provider="nobody", currency=code, reported_usd=3)]
    report: Any = report_of(rows, PRICES)
    assert (report.totals.cost_usd, kinds(report)) == (dollars, warned)
    assert report_of(rows, PRICES, currency="CNY").totals.cost_usd == yuan


def test_of_an_account_in_yuan_a_bill_without_a_currency_is_in_yuan() -> None:
    rows = [single(provider="deepseek", model="nothing", reported_usd=3)]
    totals: Any = report_of(rows, YUAN, currency="CNY", accounts={"deepseek": "CNY"}).totals
    assert (totals.cost_usd, totals.reported_usd) == (3, 3)


def test_who_bills_in_yuan_is_priced_in_yuan() -> None:
    from tests.prices.test_book import real_book

    at = us(JUNE.replace(year=2026, month=11, day=24, hour=5))
    rows = [
        single(
            provider="deepseek", model="deepseek-flash", currency="CNY", started_us=at, ended_us=at,
            input_tokens=1_000_000, cache_hit_tokens=200_000, output_tokens=500_000,
        )
    ]  # fmt: skip
    # 800,000 x 1 + 200,000 x 0.02 + 500,000 x 4, a million tokens each: an account in yuan has the same.
    assert str(report_of(rows, real_book(), currency="CNY").totals.cost_usd).rstrip("0") == "2.804"
    assert report_of(rows, real_book()).totals.requests == 0


@pytest.mark.parametrize(("byok_usd", "told"), [("0.0068", ["0.0068"]), ("0", [])])
def test_what_is_billed_elsewhere_under_ones_own_keys_is_told_and_in_no_sum(
    byok_usd: str, told: list[str], tmp_path: Path
) -> None:
    row = {
        "date": "2025-11-03", "model": "deepseek/deepseek-r1-0528", "model_permaslug": "deepseek/deepseek-r1-0528",
        "endpoint_id": "e", "provider_name": "DeepInfra", "usage": 0.25, "byok_usage_inference": float(byok_usd),
        "requests": 4, "prompt_tokens": 4000, "completion_tokens": 1600, "reasoning_tokens": 2400,
    }  # fmt: skip
    export = tmp_path / "activity.json"
    export.write_text(json.dumps({"data": [row]}))
    report = spend_report(SpendQuestion([export], Period(), (), PriceBook({})))
    found = [each for each in report.warnings if each.kind == "billed_elsewhere"]
    assert [str(each.reported_usd).rstrip("0") for each in found] == told
    assert {each.count for each in found} <= {4}
    assert report.totals.cost_usd == Decimal("0.25")


def test_rows_of_other_tools_need_no_log_of_ours() -> None:
    report: Any = report_of([], PriceBook({}))
    assert (report.totals.requests, report.warnings) == (0, ())
