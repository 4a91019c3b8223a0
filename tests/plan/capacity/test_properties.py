"""What holds of any server and any requests of people who reason: more never serves less."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from r1plan.plan.capacity.capacity import Capacity, Limits, capacity_of
from r1plan.plan.month.demand import RequestLength
from tests.plan.capacity.servers import OFFICE, SKEWED, Server, asked

TIMES = st.floats(1.01, 4)
# The grid of time, on which waits are added up, is as fine as that.
SAME = 1 + 1e-3

servers = st.builds(
    Server,
    most=st.sampled_from([1, 2, 3, 4, 8, 40]),
    weights_s=st.floats(0.005, 0.1),
    each_s=st.floats(1e-5, 0.05),
    cached_token_s=st.floats(1e-9, 1e-6),
    prompt_token_s=st.floats(1e-5, 2e-3),
)
kinds = st.tuples(st.integers(50, 6_000), st.integers(200, 30_000), st.integers(100, 2_000), st.floats(0.1, 1))


@st.composite
def lengths(draw: st.DrawFn) -> tuple[RequestLength, ...]:
    drawn = draw(st.lists(kinds, min_size=1, max_size=4))
    total = sum(share for *_, share in drawn)
    return tuple(RequestLength(asks, 0, thinks, answers, share / total) for asks, thinks, answers, share in drawn)


limits = st.builds(Limits, ttft_s=st.floats(1, 5_000), tok_s=st.none() | st.floats(2, 40), users=st.none())


def a_day(server: Server, kinds: tuple[RequestLength, ...], limit: Limits) -> float:
    return capacity_of(server, asked(kinds), limit, 1.0).requests_per_day


@settings(max_examples=25, deadline=None)
@given(servers, lengths(), limits, TIMES)
def test_a_tighter_limit_never_serves_more(
    server: Server, kinds: tuple[RequestLength, ...], limit: Limits, times: float
) -> None:
    base = a_day(server, kinds, limit)
    assert limit.ttft_s is not None
    assert a_day(server, kinds, limit._replace(ttft_s=limit.ttft_s / times)) <= base * SAME
    tok_s = 2.0 if limit.tok_s is None else limit.tok_s * times
    assert a_day(server, kinds, limit._replace(tok_s=tok_s)) <= base * SAME


@settings(max_examples=25, deadline=None)
@given(servers, lengths(), limits, TIMES, st.integers(0, 3))
def test_longer_requests_are_never_served_more_often(
    server: Server, kinds: tuple[RequestLength, ...], limit: Limits, times: float, which: int
) -> None:
    one = kinds[which % len(kinds)]
    base = a_day(server, kinds, limit)
    for longer in (
        one._replace(thinking_tokens=round(one.thinking_tokens * times)),
        one._replace(input_tokens=round(one.input_tokens * times)),
    ):
        assert a_day(server, tuple(longer if each is one else each for each in kinds), limit) <= base * SAME


@settings(max_examples=25, deadline=None)
@given(servers, lengths(), limits, TIMES, st.integers(1, 40))
def test_a_faster_or_larger_machine_never_serves_less(
    server: Server, kinds: tuple[RequestLength, ...], limit: Limits, times: float, more: int
) -> None:
    base = a_day(server, kinds, limit)
    assert server.prompt_token_s is not None
    for better in (
        replace(server, most=server.most + more),
        replace(server, weights_s=server.weights_s / times),
        replace(server, cached_token_s=server.cached_token_s / times),
        replace(server, prompt_token_s=server.prompt_token_s / times),
    ):
        assert base <= a_day(better, kinds, limit) * SAME


def served(server: Server, requests: float, limit: Limits) -> Capacity:
    return capacity_of(server, asked(SKEWED, requests, OFFICE), limit, 1.0)


@settings(max_examples=40, deadline=None)
@given(servers, st.floats(0.01, 1e9), limits)
def test_the_machines_that_are_needed_are_enough_and_one_fewer_is_not(
    server: Server, requests: float, limit: Limits
) -> None:
    capacity = served(server, requests, limit)
    if capacity.requests_per_day == 0:
        assert capacity.machines_needed is None
        assert capacity.busy_share is None
        return
    assert capacity.machines_needed is not None
    assert capacity.machines_needed * capacity.requests_per_day >= requests * (1 - 1e-8)
    assert (capacity.machines_needed - 1) * capacity.requests_per_day < requests
    assert served(server, requests * 1.5, limit).machines_needed >= capacity.machines_needed  # type: ignore[operator]


@settings(max_examples=40, deadline=None)
@given(servers, st.floats(0.01, 1e6), limits)
def test_what_is_said_of_a_month_keeps_within_what_can_be(server: Server, requests: float, limit: Limits) -> None:
    capacity = served(server, requests, limit)
    if capacity.machines_needed is None:
        return
    assert capacity.busy_share is not None
    assert capacity.at_once is not None
    assert capacity.utilisation is not None
    assert capacity.ttft_s is not None
    assert 0 < capacity.busy_share <= 1
    assert 1 - 1e-9 <= capacity.at_once <= capacity.concurrency + 1e-9
    assert 0 < capacity.utilisation < 1
    assert capacity.requests_per_day < capacity.flat_out_per_day
    assert capacity.ttft_s.p50 <= capacity.ttft_s.p90
    assert capacity.ttft_s.p90 <= capacity.ttft_limit_s * SAME
