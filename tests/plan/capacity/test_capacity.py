"""What is said of a machine's capacity, and where it can be worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from math import exp

import pytest

from r1plan.plan.capacity.capacity import PATIENCE_TTFT_S, Limits, capacity_of
from r1plan.plan.capacity.jobs import jobs_of
from r1plan.plan.capacity.occupancy import occupancy_of
from r1plan.plan.capacity.waiting import Queue
from r1plan.plan.month.demand import RequestLength
from tests.plan.capacity.servers import ALIKE, FLAT, MANY, OFFICE, ONE, SHARED, SKEWED, SLOTS, Server, asked

CONSTANT = Server(most=1, weights_s=0.1 / 1.1, each_s=0.0, cached_token_s=0.0, prompt_token_s=1e-9)
HUNDRED_S = (RequestLength(1, 0, 900, 100, 1.0),)


@pytest.mark.parametrize("busy", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("wait_s", [0, 10, 50, 99])
def test_one_at_a_time_a_wait_within_one_request_is_as_often_as_erlang_says(busy: float, wait_s: float) -> None:
    # M/D/1, Erlang 1909: P(wait <= t) = (1 - rho) e^(rate t) up to one service time.
    rate = busy / 100
    first = Queue(jobs_of(CONSTANT, HUNDRED_S, 1.0), 1, 200.0).at(rate)
    expected = 1 - (1 - busy) * exp(rate * wait_s)
    assert first.later_than(wait_s + 0.1 * (1 + busy / 2) + 1e-6) == pytest.approx(expected, abs=2e-3)


def test_places_that_share_a_machine_alike_are_taken_like_those_of_one_queue() -> None:
    # Four places without any gain: the number at work is that of one server, geometric (processor sharing).
    server = Server(most=4, weights_s=0.0, each_s=0.1 / 1.1, cached_token_s=0.0, prompt_token_s=1e-9)
    kinds = (RequestLength(1, 0, 0, 1, 0.5), RequestLength(1, 0, 3_900, 100, 0.5))
    jobs = jobs_of(server, kinds, 1.0)
    stands = occupancy_of(jobs, 4, 0.6 * jobs.rates[4])
    assert jobs.variation > 0.9
    assert stands.busy == pytest.approx(0.6, abs=1e-6)
    assert stands.full == pytest.approx(0.6**4, rel=0.02)


def test_flat_out_is_the_speed_of_all_places_over_what_a_request_makes() -> None:
    capacity = capacity_of(CONSTANT, asked(HUNDRED_S), Limits(), 1.0)
    assert capacity.flat_out_per_day == pytest.approx(864)
    assert capacity.decode_tok_s_each.mid == pytest.approx(10)


def test_the_busiest_hour_counts_and_not_the_mean() -> None:
    flat, office = (capacity_of(SLOTS, asked(SKEWED, None, hours), Limits(), 1.0) for hours in (FLAT, OFFICE))
    assert office.requests_per_day * max(OFFICE) == pytest.approx(flat.requests_per_day / 168, rel=1e-6)


def test_skewed_lengths_are_served_less_often_than_their_mean_would_be() -> None:
    skewed, alike = (capacity_of(ONE, asked(kinds), Limits(), 1.0).requests_per_day for kinds in (SKEWED, ALIKE))
    assert skewed < 0.6 * alike


@pytest.mark.parametrize(
    ("server", "limits", "limit"),
    [
        pytest.param(ONE, Limits(ttft_s=0.1), "ttft", id="a prompt takes longer"),
        pytest.param(ONE, Limits(tok_s=60), "tok_s", id="one alone is slower"),
        pytest.param(
            replace(ONE, prompt_token_s=1.0), Limits(), "patience", id="a prompt takes longer than anyone waits"
        ),
        pytest.param(SLOTS, Limits(ttft_s=0.1, users=3), "ttft", id="for users too"),
    ],
)
def test_what_one_alone_does_not_get_cannot_be(server: Server, limits: Limits, limit: str) -> None:
    capacity = capacity_of(server, asked(SKEWED, 100), limits, 1.0)
    assert (capacity.requests_per_day, capacity.concurrency) == (0, 0)
    assert capacity.limit == limit
    assert [capacity.machines_needed, capacity.ttft_s, capacity.busy_share, capacity.utilisation] == [None] * 4


@pytest.mark.parametrize(
    ("server", "limits", "limit"),
    [
        pytest.param(SLOTS, Limits(), "patience", id="nothing asked"),
        pytest.param(SLOTS, Limits(ttft_s=60), "ttft", id="a first token asked"),
        pytest.param(SHARED, Limits(tok_s=20), "tok_s", id="fewer at once than there are places"),
        pytest.param(MANY, Limits(), "throughput", id="a server that is flat out before anyone waits"),
        pytest.param(ONE, Limits(ttft_s=1e9), "throughput", id="endless patience"),
    ],
)
def test_the_limit_that_binds_is_named(server: Server, limits: Limits, limit: str) -> None:
    assert capacity_of(server, asked(), limits, 1.0).limit == limit


def test_without_a_limit_ten_minutes_are_and_it_is_said() -> None:
    assumed = capacity_of(SLOTS, asked(), Limits(), 1.0)
    given = capacity_of(SLOTS, asked(), Limits(ttft_s=PATIENCE_TTFT_S), 1.0)
    assert assumed.ttft_limit_s == PATIENCE_TTFT_S == 600
    assert replace(assumed, limit="ttft") == given


def test_a_promised_speed_that_all_places_keep_changes_nothing() -> None:
    assert capacity_of(SLOTS, asked(), Limits(tok_s=1), 1.0) == capacity_of(SLOTS, asked(), Limits(), 1.0)


def test_the_deepest_get_their_tokens_a_second_one_at_a_time() -> None:
    # Nine tenths of the requests are no deeper than the 18th of the 20 lengths.
    deep = sorted(SKEWED)[17]
    speed = 1 / ONE.step_s(1, deep.input_tokens + deep.output_tokens / 2)
    assert capacity_of(ONE, asked(), Limits(tok_s=speed), 1.0).concurrency == 1
    assert capacity_of(ONE, asked(), Limits(tok_s=speed * 1.001), 1.0).concurrency == 0


@pytest.mark.parametrize(
    ("users", "machines", "at_once", "p90_s"),
    [
        pytest.param(1, 1, 1, 0.5, id="one"),
        pytest.param(4, 1, 4, 2.0, id="as many as places: the fourth prompt"),
        pytest.param(5, 1, 4, 137.0, id="one more: he waits until all before him have ended"),
        pytest.param(1_000, 46, 4, 549.0, id="more than one machine makes in ten minutes"),
    ],
)
def test_users_at_once_get_what_so_many_get(users: int, machines: int, at_once: int, p90_s: float) -> None:
    capacity = capacity_of(SLOTS, asked(ALIKE), Limits(users=users), 1.0)
    assert (capacity.machines_needed, capacity.concurrency) == (machines, at_once)
    assert capacity.decode_tok_s_each.mid == pytest.approx(1 / SLOTS.step_s(at_once, 3_700))
    assert capacity.decode_tok_s_total.mid == pytest.approx(at_once * capacity.decode_tok_s_each.mid)
    assert capacity.ttft_s is not None
    assert capacity.ttft_s.p90 == pytest.approx(p90_s, rel=0.05)


def test_users_and_requests_take_the_more_machines_of_the_two() -> None:
    many = capacity_of(SLOTS, asked(SKEWED, 100_000), Limits(users=2), 1.0)
    assert many.machines_needed == capacity_of(SLOTS, asked(SKEWED, 100_000), Limits(), 1.0).machines_needed
    crowd = capacity_of(SLOTS, asked(SKEWED, 1), Limits(users=1_000), 1.0)
    assert crowd.machines_needed == capacity_of(SLOTS, asked(SKEWED), Limits(users=1_000), 1.0).machines_needed


def test_a_model_that_thinks_longer_serves_fewer() -> None:
    once, twice = (capacity_of(ONE, asked(), Limits(), times).requests_per_day for times in (1.0, 2.0))
    assert twice < once / 1.9


def test_a_prompt_whose_time_is_not_predicted_is_no_faster_than_tokens_of_a_full_batch() -> None:
    unknown = replace(SLOTS, prompt_token_s=None)
    capacity = capacity_of(unknown, asked(), Limits(), 1.0)
    assert capacity.basis == "assumed"
    bound = replace(SLOTS, prompt_token_s=SLOTS.step_s(4, 1_000) / 4)
    assert capacity.requests_per_day == capacity_of(bound, asked(), Limits(), 1.0).requests_per_day


def test_a_prompt_that_the_cache_holds_is_not_read_again() -> None:
    cached = tuple(each._replace(input_tokens=4_000, cache_hit_tokens=3_999) for each in SKEWED)
    read = tuple(each._replace(input_tokens=4_000) for each in SKEWED)
    once, again = (capacity_of(SLOTS, asked(kinds), Limits(), 1.0).ttft_s for kinds in (cached, read))
    assert once is not None
    assert again is not None
    assert once.p50 < again.p50


def test_what_hours_and_lengths_are_assumed_is_no_better_than_that() -> None:
    demand = asked()
    assert capacity_of(SLOTS, demand, Limits(), 1.0).basis == "calibrated"
    for assumed in (replace(demand, hours_basis="assumed"), replace(demand, basis="assumed")):
        assert capacity_of(SLOTS, assumed, Limits(), 1.0).basis == "assumed"


def test_half_as_many_requests_on_each_of_two_machines_are_half_the_work_of_each() -> None:
    one = capacity_of(MANY, asked(SKEWED, 20_000), Limits(), 1.0)
    two = capacity_of(MANY, asked(SKEWED, 40_000), Limits(), 1.0)
    assert (one.machines_needed, two.machines_needed) == (1, 2)
    assert two.busy_share == one.busy_share
    assert two.utilisation == one.utilisation


@pytest.mark.parametrize(
    ("server", "knee"),
    [
        pytest.param(ONE, 1, id="one place"),
        pytest.param(SHARED, 1, id="no gain from more"),
        pytest.param(SLOTS, 4, id="gain up to the last place"),
        pytest.param(MANY, 36, id="arithmetic from 40 on"),
    ],
)
def test_the_knee_is_where_nine_tenths_of_the_most_are_reached(server: Server, knee: int) -> None:
    capacity = capacity_of(server, asked(ALIKE), Limits(), 1.0)
    assert capacity.knee == knee
    best = max(at_once / server.step_s(at_once, 3_700) for at_once in range(1, server.most + 1))
    assert knee / server.step_s(knee, 3_700) >= 0.9 * best * (1 - 1e-9)
    assert knee == 1 or (knee - 1) / server.step_s(knee - 1, 3_700) < 0.9 * best


def test_a_log_of_many_lengths_is_served_like_its_parts() -> None:
    many = tuple(RequestLength(800 + 3 * number, 0, 20 * number, 100 + number, 1 / 300) for number in range(300))
    every_tenth = tuple(each._replace(share=1 / 30) for each in many[5::10])
    whole, parts = (capacity_of(SLOTS, asked(kinds), Limits(), 1.0).requests_per_day for kinds in (many, every_tenth))
    assert whole == pytest.approx(parts, rel=0.01)


@pytest.mark.parametrize("spread", [0.0, 0.2, 1.0, 3.0])
def test_no_speed_is_below_nothing_however_little_is_known(spread: float) -> None:
    capacity = capacity_of(replace(SLOTS, spread=spread), asked(), Limits(), 1.0)
    for speed in (capacity.decode_tok_s_each, capacity.decode_tok_s_total):
        assert 0 < speed.low <= speed.mid <= speed.high
        assert speed.low * speed.high == pytest.approx(speed.mid**2)


# Of SKEWED, twenty outputs and 1,000 tokens in, so many end within that context.
@pytest.mark.parametrize("fit", [20, 18, 10, 9, 0])
def test_what_is_longer_than_the_context_is_cut_off_and_where_most_is_nobody_is_served(fit: int) -> None:
    ordered = sorted(each.input_tokens + each.output_tokens for each in SKEWED)
    context = ordered[fit - 1] if fit else 1_000
    whole = capacity_of(SLOTS, asked(SKEWED, 50), Limits(), 1.0)
    cut = capacity_of(SLOTS, asked(SKEWED, 50), Limits(), 1.0, context=context)
    assert cut.cut_off_share == pytest.approx(1 - fit / 20)
    if fit >= 10:
        assert replace(cut, cut_off_share=0.0) == whole
        return
    assert (cut.requests_per_day, cut.concurrency, cut.limit) == (0, 0, "context")
    assert [cut.machines_needed, cut.ttft_s, cut.busy_share, cut.utilisation] == [None] * 4


def test_a_model_that_thinks_longer_is_cut_off_more_often() -> None:
    shares = [capacity_of(ONE, asked(), Limits(), times, context=16_000).cut_off_share for times in (0.5, 1.0, 2.0)]
    assert shares[0] < shares[1] < shares[2]


@pytest.mark.parametrize(
    ("asked_per_day", "copies", "machines"),
    [
        pytest.param(0.9, 2, 1, id="one copy is enough"),
        pytest.param(1.9, 2, 1, id="both"),
        pytest.param(2.1, 2, 2, id="one more than a machine has"),
        pytest.param(7.0, 4, 2, id="a machine and three"),
    ],
)
def test_a_machine_serves_what_all_copies_on_it_do(asked_per_day: float, copies: int, machines: int) -> None:
    one = capacity_of(SLOTS, asked(), Limits(), 1.0)
    per_day = asked_per_day * one.requests_per_day
    found = capacity_of(SLOTS, asked(SKEWED, per_day), Limits(), 1.0, copies=copies)
    alone = capacity_of(SLOTS, asked(SKEWED, per_day), Limits(), 1.0)
    assert found.requests_per_day == pytest.approx(copies * one.requests_per_day)
    assert found.flat_out_per_day == pytest.approx(copies * one.flat_out_per_day)
    assert (found.machines_needed, found.copies_needed) == (machines, alone.machines_needed)
    assert (found.busy_share, found.utilisation, found.ttft_s) == (alone.busy_share, alone.utilisation, alone.ttft_s)


@pytest.mark.parametrize("per_day", [None, 100.0, 10_000.0])
def test_more_users_never_take_fewer_machines(per_day: float | None) -> None:
    users = [None, 1, 2, 5, 30, 300, 3_000]
    machines = [capacity_of(SLOTS, asked(SKEWED, per_day), Limits(users=each), 1.0).machines_needed for each in users]
    known = [each for each in machines if each is not None]
    assert known == sorted(known)
    assert per_day is None or known[0] == known[1]
