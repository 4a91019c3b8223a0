"""The hours of a log: of samples of a known week, the busiest hour is that of the week, not the luckiest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from math import fsum
from random import Random
from statistics import mean

import pytest

from r1plan.report.month.week import week_shares
from tests.report.month.rows import ASSUMED, NOON, asked, month_of

SINCE, UNTIL = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)
STARTS = [SINCE + timedelta(hours=hour) for hour in range(720)]
SAMPLES = 10


def week(weight: Callable[[int, int], float]) -> list[float]:
    weights = [weight(hour // 24, hour % 24) for hour in range(168)]
    return [each / fsum(weights) for each in weights]


def sampled(shares: Sequence[float], number: int, seed: int) -> tuple[float, ...]:
    """What is made of `number` requests of a November whose weeks have `shares`."""
    at = Random(seed).choices(STARTS, [shares[each.weekday() * 24 + each.hour] for each in STARTS], k=number)
    counts = [0] * 168
    for each in at:
        counts[each.weekday() * 24 + each.hour] += 1
    return week_shares(counts, SINCE, UNTIL, "UTC", ASSUMED.hour_shares, 10)


@pytest.mark.parametrize("number", [400, 3_000])
@pytest.mark.parametrize(
    "shares",
    [
        pytest.param(week(lambda _day, _hour: 1), id="all alike"),
        pytest.param(week(lambda _day, hour: 9 <= hour < 15), id="six hours of each day"),
        pytest.param(week(lambda _day, hour: 9 <= hour < 13), id="four hours of each day"),
        pytest.param(week(lambda day, hour: 0.05 + (day < 5 and 9 <= hour < 17)), id="office hours"),
        pytest.param(week(lambda _day, hour: hour == 10), id="one hour"),
        pytest.param(week(lambda day, hour: (3 if day == 0 else 1) * (8 <= hour < 20)), id="most on Mondays"),
        pytest.param(ASSUMED.hour_shares, id="as assumed"),
    ],
)
def test_the_busiest_hour_of_a_known_week_is_within_a_tenth_on_average(shares: Sequence[float], number: int) -> None:
    found = mean(max(sampled(shares, number, seed)) for seed in range(SAMPLES))
    assert found / max(shares) == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_few_requests_hardly_move_what_is_assumed(number: int) -> None:
    found = month_of([asked(NOON)] * number).demand
    assert found.peak_hour_share < 0.3
    assert fsum(found.hour_shares) == pytest.approx(1)


def test_no_request_is_lost_between_two_levels() -> None:
    assert fsum(sampled(week(lambda day, hour: day == 2 and hour > 20), 500, 1)) == pytest.approx(1)
