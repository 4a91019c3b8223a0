"""Requests a day against a server that is played request by request."""

from __future__ import annotations

from random import Random

import pytest

from r1plan.plan.capacity.capacity import Limits, capacity_of
from r1plan.plan.month.demand import RequestLength
from tests.plan.capacity.servers import (
    ALIKE,
    DEEP,
    MANY,
    OFFICE,
    ONE,
    READER,
    SHARED,
    SHORT,
    SKEWED,
    SLOTS,
    TWO_KINDS,
    Server,
    asked,
)
from tests.plan.capacity.simulate import WEEK_S, Played, by_hours, play, steady

Lengths = tuple[RequestLength, ...]
MOST_OFF = 1.05
WARM = 1_500


def late(requests: list[Played], ttft_s: float) -> float:
    return sum(each.ttft_s > ttft_s for each in requests) / len(requests)


@pytest.mark.parametrize(
    ("server", "lengths", "ttft_s"),
    [
        pytest.param(ONE, ALIKE, 60, id="one at a time, all alike"),
        pytest.param(ONE, SKEWED, 600, id="one at a time, skewed"),
        pytest.param(ONE, SHORT, 60, id="one at a time, short"),
        pytest.param(SHARED, SKEWED, 10, id="four places that gain nothing"),
        pytest.param(SLOTS, SKEWED, 60, id="four places, skewed"),
        pytest.param(SLOTS, SKEWED, 600, id="four places, skewed and patient"),
        pytest.param(SLOTS, TWO_KINDS, 600, id="four places, two kinds"),
        pytest.param(SLOTS, SHORT, 60, id="four places, short"),
        pytest.param(MANY, SKEWED, 2, id="a server of 256 places"),
        pytest.param(READER, SHORT, 10, id="prompts that take half of the machine"),
        pytest.param(DEEP, TWO_KINDS, 2, id="a cache that takes most of the time"),
    ],
)
def test_a_server_that_is_played_keeps_its_promise_up_to_its_capacity_and_not_beyond(
    server: Server, lengths: Lengths, ttft_s: float
) -> None:
    a_day = capacity_of(server, asked(lengths), Limits(ttft_s=ttft_s), 1.0).requests_per_day
    for times, kept in ((1 / MOST_OFF, True), (MOST_OFF, False)):
        arrivals = steady(a_day * times / 86_400, 20_000, Random(1))
        requests = play(server, server.most, lengths, arrivals, Random(2)).requests[WARM:]
        assert (late(requests, ttft_s) <= 0.1) is kept


@pytest.mark.parametrize(
    ("server", "lengths", "tok_s"),
    [
        pytest.param(SLOTS, SKEWED, 36, id="four places"),
        pytest.param(MANY, SKEWED, 30, id="a server of 256 places"),
        pytest.param(DEEP, TWO_KINDS, 30, id="a cache that takes most of the time"),
    ],
)
def test_with_so_many_at_once_nine_in_ten_get_their_tokens_a_second(
    server: Server, lengths: Lengths, tok_s: float
) -> None:
    capacity = capacity_of(server, asked(lengths), Limits(tok_s=tok_s), 1.0)
    assert 0 < capacity.concurrency < server.most
    assert capacity.limit == "tok_s"
    arrivals = steady(capacity.requests_per_day / 86_400, 12_000, Random(7))
    requests = play(server, capacity.concurrency, lengths, arrivals, Random(8)).requests[WARM:]
    assert sum(each.tok_s < tok_s for each in requests) / len(requests) <= 0.1


@pytest.mark.parametrize(
    ("server", "lengths", "ttft_s"),
    [pytest.param(ONE, SKEWED, 600, id="one at a time"), pytest.param(SLOTS, ALIKE, 60, id="four places")],
)
def test_in_a_played_month_the_busiest_hours_keep_the_promise_and_no_more_could(
    server: Server, lengths: Lengths, ttft_s: float
) -> None:
    a_day = capacity_of(server, asked(lengths, hour_shares=OFFICE), Limits(ttft_s=ttft_s), 1.0).requests_per_day
    weeks = max(round(20_000 / a_day / 7), 4)
    for times, kept in ((1 / MOST_OFF, True), (MOST_OFF, False)):
        arrivals = by_hours(a_day * times, OFFICE, weeks * WEEK_S, Random(9))
        requests = play(server, server.most, lengths, arrivals, Random(10)).requests
        busiest = [each for each in requests if OFFICE[int(each.came_s % WEEK_S // 3600)] == max(OFFICE)]
        assert (late(busiest, ttft_s) <= 0.1) is kept


@pytest.mark.parametrize(
    ("server", "a_day"),
    [pytest.param(ONE, 60, id="one at a time"), pytest.param(SLOTS, 400, id="four places")],
)
def test_a_played_month_is_busy_for_as_long_and_has_as_many_at_work(server: Server, a_day: float) -> None:
    capacity = capacity_of(server, asked(SKEWED, a_day, OFFICE), Limits(), 1.0)
    day = play(server, server.most, SKEWED, by_hours(a_day, OFFICE, 20 * WEEK_S, Random(11)), Random(12))
    assert capacity.machines_needed == 1
    assert capacity.busy_share == pytest.approx(1 - day.idle_s / day.ended_s, rel=0.04)


@pytest.mark.parametrize("level", [0.5, 0.9])
def test_the_first_token_comes_as_late_as_on_a_played_server(level: float) -> None:
    capacity = capacity_of(SLOTS, asked(SKEWED), Limits(ttft_s=200), 1.0)
    assert capacity.ttft_s is not None
    arrivals = steady(capacity.requests_per_day / 86_400, 20_000, Random(13))
    seen = sorted(each.ttft_s for each in play(SLOTS, 4, SKEWED, arrivals, Random(14)).requests[WARM:])
    expected = capacity.ttft_s.p50 if level == 0.5 else capacity.ttft_s.p90
    # A fifth of the time is a twentieth of the requests a day here.
    assert seen[int(level * len(seen))] == pytest.approx(expected, rel=0.2)
