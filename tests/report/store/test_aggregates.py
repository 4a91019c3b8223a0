"""Sums of many requests are priced over their whole time, and their requests are counted, not their rows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from r1plan.catalog.price import ContextTier
from r1plan.prices.book import EffectivePrice, PriceBook
from r1plan.report.whatif.target import WhatIfQuestion, parse_targets
from tests.prices.test_book import JUNE, book, rates, real_book, row
from tests.report.store.imported import DAY_US, EPOCH, kinds, report_of, us

DAY = timedelta(days=1)
# 1 USD a million of everything until the 11th, then 2, 3 and 4.
CHANGED = book(row("1 / 1 / 1", JUNE, JUNE + 10 * DAY), row("2 / 3 / 4", JUNE + 10 * DAY, JUNE + 20 * DAY))


def summed(at: datetime = JUNE, **values: Any) -> dict[str, Any]:
    return {
        "id": "a", "source": "tool", "provider": "p", "model": "m", "status": "ok", "started_us": us(at),
        "span_us": DAY_US, "requests": 10, "input_tokens": 3_000_000, "cache_hit_tokens": 1_000_000,
        "output_tokens": 1_000_000, **values,
    }  # fmt: skip


BILL: dict[str, Any] = {"reported_usd": 9, "billed_miss_usd": 4, "billed_hit_usd": 3, "billed_output_usd": 1}


def test_a_day_at_one_price_costs_what_its_tokens_do() -> None:
    totals: Any = report_of([summed()], CHANGED).totals
    assert (totals.requests, totals.cost_usd, totals.uncertain_requests) == (10, 4, 0)
    assert (totals.input_miss_usd, totals.cache_hit_usd, totals.thinking_unknown_usd) == (2, 1, 1)


def test_a_day_ends_where_the_next_price_begins() -> None:
    before, after = (report_of([summed(JUNE + at * DAY)], CHANGED).totals for at in (9, 10))
    assert [before.cost_usd, after.cost_usd] == [4, 11]


@pytest.mark.parametrize(
    ("values", "low", "high"),
    [
        pytest.param({}, 4, 11, id="all kinds"),
        pytest.param({"output_tokens": 0}, 3, 7, id="input alone"),
        pytest.param({"cache_hit_tokens": None}, 4, 10, id="all fresh"),
        pytest.param({"cost_low_usd": 5, "cost_high_usd": 6}, 4, 11, id="bounds of its own"),
    ],
)
def test_a_day_at_several_prices_is_between_the_cheapest_and_the_dearest(
    values: dict[str, Any], low: int, high: int
) -> None:
    report: Any = report_of([summed(JUNE + 9.5 * DAY, **values)], CHANGED)
    totals: Any = report.totals
    assert (totals.uncertain_low_usd, totals.uncertain_high_usd) == (low, high)
    assert (totals.requests, totals.uncertain_requests, totals.unbounded_requests) == (10, 10, 0)
    assert (totals.cost_usd, totals.thinking_usd, totals.unpriced_requests) == (None, None, 0)
    assert kinds(report) == {"several_prices": 10}


def test_beside_what_is_certain_a_day_at_several_prices_is_bounds_alone() -> None:
    rows = [summed(), summed(JUNE + 9.5 * DAY, id="b")]
    report: Any = report_of(rows, CHANGED, by="day")
    assert (report.totals.cost_usd, report.totals.uncertain_high_usd) == (4, 11)
    assert [each.totals.cost_usd for each in report.groups] == [4, None]


def test_a_day_at_several_prices_stays_itself_in_every_other_world() -> None:
    question = WhatIfQuestion(targets=parse_targets(["no-cache"], CHANGED))
    (world,) = report_of([summed(JUNE + 9.5 * DAY)], CHANGED, what_if=question).what_if
    assert [(each.reason, each.requests) for each in world.immovable] == [("aggregate", 10)]


@pytest.mark.parametrize(
    ("more", "unknown"),
    [
        pytest.param([], 0, id="all known"),
        pytest.param(
            [{"id": "b", "input_tokens": None, "output_tokens": None, "reported_usd": 9}], 1, id="a bill as a whole"
        ),
        pytest.param([{"id": "b", "started_us": us(JUNE + 9.5 * DAY), **BILL}], 1, id="a bill over two prices"),
        pytest.param([{"id": "b", "started_us": us(JUNE + 30 * DAY)}], 0, id="no price and no cost"),
    ],
)
def test_what_the_cache_saved_is_partial_where_a_cost_does_not_say(more: list[dict[str, Any]], unknown: int) -> None:
    totals: Any = report_of([summed(), *(summed() | each for each in more)], CHANGED).totals
    assert totals.cache_saving_unknown_rows == unknown


def test_a_day_without_tokens_costs_nothing_at_any_price() -> None:
    row_ = summed(JUNE + 9.5 * DAY, input_tokens=0, cache_hit_tokens=0, output_tokens=0)
    totals: Any = report_of([row_], CHANGED).totals
    assert (totals.cost_usd, totals.uncertain_requests) == (0, 0)


@pytest.mark.parametrize("at", [-0.5, 19.5], ids=["before the first price", "after the last"])
def test_of_a_day_that_has_a_price_for_a_part_no_bound_is_known(at: float) -> None:
    totals: Any = report_of([summed(JUNE + at * DAY)], CHANGED).totals
    assert (totals.uncertain_requests, totals.unbounded_requests) == (10, 10)
    assert (totals.uncertain_low_usd, totals.uncertain_high_usd) == (None, None)


def test_a_day_without_a_price_is_unpriced_by_its_requests() -> None:
    report: Any = report_of([summed(JUNE + 30 * DAY)], CHANGED)
    assert (report.totals.unpriced_requests, report.totals.cost_usd) == (10, None)
    assert [each.requests for each in report.unpriced] == [10]


@pytest.mark.parametrize("at", [3, 9.5, 30], ids=["one price", "several", "none"])
def test_a_bill_with_its_parts_is_the_cost(at: float) -> None:
    report: Any = report_of([summed(JUNE + at * DAY, **BILL)], CHANGED)
    totals: Any = report.totals
    assert (totals.cost_usd, totals.reported_usd, totals.uncertain_requests) == (9, 9, 0)
    assert (totals.input_miss_usd, totals.cache_hit_usd, totals.thinking_unknown_usd) == (4, 3, 1)
    assert totals.charged_usd == 1
    assert not kinds(report)


@pytest.mark.parametrize(
    ("thinking", "parts"),
    [(0, (0, 1, 0)), (1_000_000, (1, 0, 0)), (500_000, (None, None, 1)), (None, (None, None, 1))],
    ids=["no thinking", "all thinking", "some", "unknown"],
)
def test_a_bill_for_output_is_split_only_where_that_is_known(
    thinking: int | None, parts: tuple[int | None, ...]
) -> None:
    totals: Any = report_of([summed(thinking_tokens=thinking, **BILL)], CHANGED).totals
    assert (totals.thinking_usd, totals.answer_usd, totals.thinking_unknown_usd) == parts


@pytest.mark.parametrize(
    ("at", "cost", "charged"), [(3, 4, 0), (9.5, 9, 9), (30, 9, 9)], ids=["one price", "several", "none"]
)
def test_a_bill_without_parts_is_the_cost_where_no_one_price_is_known(at: float, cost: int, charged: int) -> None:
    totals: Any = report_of([summed(JUNE + at * DAY, reported_usd=9)], CHANGED).totals
    assert (totals.cost_usd, totals.charged_usd, totals.uncertain_requests) == (cost, charged, 0)


def test_parts_of_more_than_the_bill_are_not_taken() -> None:
    totals: Any = report_of([summed(JUNE + 30 * DAY, **BILL | {"reported_usd": 7})], CHANGED).totals
    assert (totals.cost_usd, totals.charged_usd, totals.input_miss_usd) == (7, 7, None)


def test_a_bill_without_tokens_is_the_cost() -> None:
    report: Any = report_of(
        [summed(input_tokens=None, cache_hit_tokens=None, output_tokens=None, reported_usd=9)], CHANGED
    )
    assert (report.totals.cost_usd, report.totals.charged_usd) == (9, 9)
    assert not kinds(report)


def test_an_unknown_number_of_requests_is_said_and_its_cost_counted() -> None:
    report: Any = report_of([summed(requests=None), summed(id="b", at=JUNE + DAY)], CHANGED)
    assert (report.totals.requests, report.totals.cost_usd) == (10, 8)
    assert kinds(report) == {"unknown_requests": 1}


def test_only_rows_of_an_unknown_number_of_requests_are_a_report() -> None:
    report: Any = report_of([summed(requests=None)], CHANGED, by="model")
    assert (report.totals.cost_usd, [each.totals.cost_usd for each in report.groups]) == (4, [4])


TIERED = book(
    row("1 / 1 / 1", JUNE, context_tiers=(ContextTier(above_input_tokens=1_000_000, rates=rates("2 / 2 / 2")),))
)


@pytest.mark.parametrize(
    ("values", "cost", "uncertain"),
    [
        pytest.param({}, None, 10, id="some of many may be long"),
        pytest.param({"requests": 1}, 8, 0, id="one is long"),
        pytest.param({"requests": 1, "span_us": 0, "ended_us": us(JUNE)}, 8, 0, id="one, no sum"),
        pytest.param({"input_tokens": 1_000_000}, 2, 0, id="all together are short"),
        pytest.param({"span_us": 0, "ended_us": us(JUNE)}, None, 10, id="a batch"),
    ],
)
def test_the_length_of_a_summed_input_is_that_of_no_request(
    values: dict[str, Any], cost: int | None, uncertain: int
) -> None:
    totals: Any = report_of([summed(**values)], TIERED).totals
    assert (totals.cost_usd, totals.uncertain_requests) == (cost, uncertain)


def test_a_sum_belongs_to_the_beginning_of_its_time() -> None:
    row_ = summed(ended_us=us(JUNE + DAY))
    assert [each.keys["day"] for each in report_of([row_], CHANGED, by="day").groups] == ["2025-06-01"]


START = datetime(2024, 12, 1, tzinfo=UTC)
NAMES = [each for each in sorted(real_book().names()) if each[0] in ("deepseek", "together")]


@st.composite
def sums(draw: st.DrawFn) -> dict[str, Any]:
    provider, model = draw(st.sampled_from(NAMES))
    tokens = st.none() | st.integers(0, 10**12)
    return {
        "id": draw(st.uuids()).hex,
        "source": "tool",
        "provider": provider,
        "model": model,
        "status": "ok",
        "started_us": us(START) + draw(st.integers(0, 800 * 96)) * 900_000_000,
        "span_us": draw(st.sampled_from((3600 * 10**6, 12 * 3600 * 10**6, DAY_US, 7 * DAY_US))),
        "requests": draw(st.none() | st.integers(0, 10**6)),
        "input_tokens": draw(tokens),
        "cache_hit_tokens": draw(tokens),
        "output_tokens": draw(tokens),
    }


def slow_bounds(
    summed_: dict[str, Any], prices: PriceBook
) -> tuple[Decimal, Decimal] | Literal["unpriced", "unbounded"]:
    """The least and the most that its tokens cost at the prices of every quarter of an hour and length."""
    found: list[EffectivePrice | None] = []
    at = EPOCH + timedelta(microseconds=summed_["started_us"])
    end = at + timedelta(microseconds=summed_["span_us"])
    entire = summed_["input_tokens"]
    while at < end:
        schedules = prices.schedules(summed_["provider"], summed_["model"])
        lengths = {0, *(tokens + 1 for each in schedules for tokens, _ in each.above_input_tokens)}
        found.extend(
            prices.price_at(summed_["provider"], summed_["model"], at, length)
            for length in lengths
            if length == 0 or entire is None or length <= entire
        )
        at += timedelta(minutes=15)
    per_token = [each.per_token for each in found if each is not None]
    if not per_token:
        return "unpriced"
    if len(per_token) < len(found):
        return "unbounded"
    hit = summed_["cache_hit_tokens"] or 0
    entire = entire or 0
    hit = hit if hit <= entire else 0
    tokens = {"miss": entire - hit, "hit": hit, "output": summed_["output_tokens"] or 0}
    low, high = (
        sum((ends(getattr(each, kind) for each in per_token) * many for kind, many in tokens.items()), Decimal(0))
        for ends in (min, max)
    )
    return low, high


@settings(max_examples=25, deadline=None)
@given(st.lists(sums(), min_size=1, max_size=6))
def test_sql_bounds_sums_as_a_slow_loop_does(rows: list[dict[str, Any]]) -> None:
    # Each of a tool of its own: of one tool's sums over a time and its parts only one kind counts.
    told = [{**each, "source": f"tool-{number}"} for number, each in enumerate(rows)]
    totals: Any = report_of(told, real_book()).totals
    cost = low = high = Decimal(0)
    uncertain = unbounded = unpriced = 0
    for each in rows:
        bounds, many = slow_bounds(each, real_book()), 1 if each["requests"] is None else each["requests"]
        if bounds == "unpriced":
            unpriced += many if each["input_tokens"] != 0 or each["output_tokens"] != 0 else 0
        elif bounds == "unbounded":
            unbounded, uncertain = unbounded + many, uncertain + many
        elif bounds[0] == bounds[1]:
            cost += bounds[0]
        else:
            low, high, uncertain = low + bounds[0], high + bounds[1], uncertain + many
    assert (totals.cost_usd or 0, totals.uncertain_low_usd or 0, totals.uncertain_high_usd or 0) == (cost, low, high)
    counted = (totals.uncertain_requests, totals.unbounded_requests, totals.unpriced_requests)
    assert counted == (uncertain, unbounded, unpriced)
