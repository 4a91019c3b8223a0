"""What a month's log says of a workload."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from math import fsum
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from r1plan.plan.workload import Workload
from r1plan.report.month.groups import MOST_GROUPS
from r1plan.report.month.logged import with_logged
from r1plan.report.month.tally import NotCounted
from tests.report.month.rows import ASSUMED, NOON, asked, month_of, of

TOKENS = st.integers(0, 200_000)


@given(st.lists(st.tuples(TOKENS, TOKENS, TOKENS, TOKENS), min_size=20, max_size=150))
@settings(max_examples=40)
def test_a_few_requests_stand_for_all_with_every_mean_kept(tokens: list[tuple[int, int, int, int]]) -> None:
    rows = [
        asked(input_tokens=fresh + hit, cache_hit_tokens=hit, output_tokens=thinking + answer, thinking_tokens=thinking)
        for fresh, hit, thinking, answer in tokens
    ]
    demand = month_of(rows).demand
    assert len(demand.lengths) <= MOST_GROUPS
    assert fsum(each.share for each in demand.lengths) == pytest.approx(1)
    assert all(0 <= each.cache_hit_tokens <= each.input_tokens for each in demand.lengths)
    number = len(tokens)
    assert demand.mean("input_tokens") == pytest.approx(sum(a + b for a, b, _, _ in tokens) / number, abs=0.5)
    assert demand.mean("cache_hit_tokens") == pytest.approx(sum(b for _, b, _, _ in tokens) / number, abs=1.5)
    assert demand.mean("thinking_tokens") == pytest.approx(sum(c for _, _, c, _ in tokens) / number, abs=0.5)
    assert demand.mean("answer_tokens") == pytest.approx(sum(d for _, _, _, d in tokens) / number, abs=0.5)


def test_what_is_long_together_stays_together() -> None:
    long_prompt = asked(input_tokens=90_000, output_tokens=300, thinking_tokens=100)
    long_answer = asked(input_tokens=200, cache_hit_tokens=0, output_tokens=30_000, thinking_tokens=29_000)
    lengths = month_of([long_prompt] * 30 + [long_answer] * 10).demand.lengths
    assert [(each.input_tokens, each.output_tokens, each.share) for each in lengths] == [
        (90_000, 300, 0.75),
        (200, 30_000, 0.25),
    ]


@given(st.permutations([(1, 5), (70_000, 9), (20, 30_000), (5_000, 5_000)] * 6))
@settings(max_examples=25)
def test_the_order_of_the_log_does_not_count(tokens: list[tuple[int, int]]) -> None:
    def lengths(pairs: list[tuple[int, int]]) -> object:
        return month_of(
            [asked(input_tokens=a, cache_hit_tokens=0, output_tokens=b, thinking_tokens=b) for a, b in pairs]
        ).demand.lengths

    assert lengths(tokens) == lengths(sorted(tokens))


@pytest.mark.parametrize(
    ("fields", "not_counted"),
    [
        pytest.param({"status": "failed"}, NotCounted(failed=1), id="failed"),
        pytest.param({"status": "aborted"}, NotCounted(failed=1), id="broken off"),
        pytest.param({"ended_at": None, "status": "started"}, NotCounted(unfinished=1), id="not ended"),
        pytest.param({"input_tokens": None}, NotCounted(untold=1), id="no input told"),
        pytest.param({"output_tokens": None}, NotCounted(untold=1), id="no output told"),
    ],
)
def test_what_says_nothing_of_a_workload_is_left_out_and_counted(
    fields: dict[str, Any], not_counted: NotCounted
) -> None:
    found = month_of([asked(), asked(**fields), asked(status="length")])
    assert (found.requests, found.not_counted) == (2, not_counted)
    assert of(asked(**fields)) is None


def test_lines_that_are_no_rows_are_counted() -> None:
    assert month_of([asked()], bad_lines=3).not_counted == NotCounted(bad_lines=3)


@pytest.mark.parametrize(
    ("zone", "ended", "is_in"),
    [
        pytest.param("UTC", datetime(2026, 10, 31, 23, 59, 59, tzinfo=UTC), False, id="before"),
        pytest.param("UTC", datetime(2026, 11, 1, tzinfo=UTC), True, id="its first instant"),
        pytest.param("UTC", datetime(2026, 12, 1, tzinfo=UTC), False, id="the next month's"),
        pytest.param("Asia/Shanghai", datetime(2026, 10, 31, 16, tzinfo=UTC), True, id="first in Shanghai"),
        pytest.param("Asia/Shanghai", datetime(2026, 11, 30, 16, tzinfo=UTC), False, id="over in Shanghai"),
    ],
)
def test_a_request_belongs_to_the_month_of_its_end_on_the_clock_of_the_user(
    zone: str, ended: datetime, is_in: bool
) -> None:
    found = of(asked(ended - timedelta(seconds=1)), zone=zone)
    assert (found is not None) is is_in


@pytest.mark.parametrize(
    ("now", "days"),
    [
        pytest.param(datetime(2027, 6, 1, tzinfo=UTC), 30, id="long over"),
        pytest.param(datetime(2026, 11, 11, tzinfo=UTC), 10, id="ten days of it over"),
        pytest.param(datetime(2026, 11, 1, 0, 5, tzinfo=UTC), 1, id="just begun: one day"),
        pytest.param(datetime(2026, 10, 1, tzinfo=UTC), 1, id="a clock that runs behind"),
    ],
)
def test_requests_a_day_are_over_the_days_that_have_gone_by(now: datetime, days: float) -> None:
    found = month_of([asked()] * 60, now=now)
    assert found.days == pytest.approx(days)
    assert found.demand.requests_per_day == pytest.approx(60 / days)


def test_a_month_with_a_change_of_the_clock_has_its_days() -> None:
    at = datetime(2026, 10, 10, 12, tzinfo=UTC)
    found = month_of([asked(at)] * 62, month="2026-10", zone="Europe/Berlin")
    assert found.days == pytest.approx(31 + 1 / 24)


def test_as_many_requests_at_every_hour_are_a_flat_week_though_november_has_five_mondays() -> None:
    start = datetime(2026, 11, 1, tzinfo=UTC)
    rows = [asked(start + timedelta(hours=hour)) for hour in range(720)]
    demand = month_of(rows).demand
    assert demand.hours_basis == "logged"
    assumed = 10 / (len(rows) + 10)  # worth ten requests, as of lengths
    assert demand.hour_shares == pytest.approx([(1 - assumed) / 168 + assumed * each for each in ASSUMED.hour_shares])


@pytest.mark.parametrize(
    ("zone", "hour"),
    [
        ("UTC", 1 * 24 + 12),
        ("Asia/Kolkata", 1 * 24 + 17),
        ("America/New_York", 1 * 24 + 7),
        ("Asia/Tokyo", 1 * 24 + 21),
    ],
)
def test_hours_are_those_of_the_users_clock(zone: str, hour: int) -> None:
    shares = month_of([asked(NOON)] * 20, zone=zone).demand.hour_shares  # a Tuesday
    assert max(range(168), key=lambda place: shares[place]) == hour


def test_hours_that_have_not_come_yet_are_as_assumed_beside_the_others() -> None:
    monday = datetime(2026, 11, 2, 10, tzinfo=UTC)
    found = month_of([asked(monday)] * 20, now=datetime(2026, 11, 3, tzinfo=UTC))
    shares, assumed = found.demand.hour_shares, ASSUMED.hour_shares
    assert fsum(shares) == pytest.approx(1)
    assert fsum(assumed) == pytest.approx(1)
    assert shares[10] > 4 * assumed[10]
    assert all(shares[24 * day + 10] > 4 * assumed[24 * day + 10] for day in range(1, 5))  # as on the day that was


@pytest.mark.parametrize("number", [1, 19, 20])
def test_a_few_requests_are_blended_with_what_is_assumed_as_forecasts_do(number: int) -> None:
    found = month_of([asked()] * number)
    own = 1.0 if number >= 20 else number / (number + 10)
    assert found.is_enough is (number >= 20)
    assert found.demand.hours_basis == ("logged" if number >= 20 else "assumed")
    assert found.demand.mean("thinking_tokens") == pytest.approx(own * 4_000 + (1 - own) * 4_700, abs=1)
    assert found.demand.mean("input_tokens") == pytest.approx(1_000)
    assert found.demand.mean("cache_hit_tokens") == pytest.approx(300)
    assert found.demand.hour_shares[24 + 12] / ASSUMED.hour_shares[24 + 12] > 0.5
    assert found.demand.peak_hour_share <= 1 or number > 2
    assert fsum(each.share for each in found.demand.lengths) == pytest.approx(1)


def test_a_workload_of_a_log_has_its_means_and_its_month() -> None:
    logged = month_of([asked()] * 60)
    found = with_logged(Workload(objective="quality"), logged)
    assert (found.input_tokens, found.cache_hit_share, found.thinking_tokens, found.answer_tokens) == (
        1_000,
        0.3,
        4_000,
        500,
    )
    assert found.objective == "quality"
    assert found.demand == logged.demand
    assert found.requests_per_day == 2
    more = with_logged(Workload(requests_per_day=10_000), logged)
    assert more.demand is not None
    assert (more.requests_per_day, more.demand.requests_per_day) == (10_000, 10_000)


def test_a_log_of_requests_with_nothing_in_them_is_a_workload_that_can_be_meant() -> None:
    empty = asked(input_tokens=0, cache_hit_tokens=0, output_tokens=0, thinking_tokens=0)
    found = with_logged(Workload(), month_of([empty] * 30))
    assert (found.input_tokens, found.answer_tokens, found.thinking_tokens, found.cache_hit_share) == (1, 1, 0, 0.0)


def test_more_cached_than_input_is_none_cached() -> None:
    assert month_of([asked(cache_hit_tokens=2_000)] * 20).cache_share == 0
    assert month_of([asked(cache_hit_tokens=None)] * 20).cache_share == 0
    assert month_of([asked()] * 20).cache_share == pytest.approx(0.3)


@pytest.mark.parametrize("number", [4, 5])
def test_a_seller_that_answered_often_enough_is_as_fast_as_it_was(number: int) -> None:
    fast = [
        asked(NOON, ended_at=NOON + timedelta(seconds=92), first_token_at=NOON + timedelta(seconds=2))
        for _ in range(number)
    ]
    found = month_of(fast)
    speed = found.speeds.get(("novita", "r1"))
    assert (speed is not None) is (number == 5)
    if speed is not None:
        assert (speed.first_token_s, speed.decode_tok_s, speed.basis) == (2, 4_500 / 90, "logged")
