"""The update by itself: what follows from one rate in closed form, and what holds for any."""

from __future__ import annotations

from math import exp, log, sqrt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from r1plan.plan.llamacpp.speed.posterior import Parts, TimeReading, posterior
from r1plan.plan.llamacpp.speed.rates import Rate

A, B, C = Rate("a card", "weights"), Rate("a card", "layers"), Rate("host", "weights")
SD = {A: 0.2, B: 0.5, C: 0.4}


def reading(seconds: float, *parts: tuple[Rate, float], noise: float = 0.01) -> TimeReading:
    return TimeReading(seconds, noise, tuple(((rate,), each) for rate, each in parts))


def total(parts: Parts, logs: dict[Rate, float]) -> float:
    return sum(seconds * exp(sum(logs.get(rate, 0.0) for rate in rates)) for rates, seconds in parts)


def test_without_readings_nothing_is_known() -> None:
    known = posterior([], SD.__getitem__)
    assert known.logs == {}
    assert known.told == {}


@pytest.mark.parametrize("noise", [0.01, 0.2, 1.0])
@pytest.mark.parametrize("slower", [0.7, 0.9, 1.0, 1.1, 1.4])
def test_of_one_rate_it_is_the_weighted_mean(slower: float, noise: float) -> None:
    known = posterior([reading(slower * 0.5, (A, 0.5), noise=noise)], SD.__getitem__)
    share = SD[A] ** 2 / (SD[A] ** 2 + noise**2)
    assert known.logs[A] == pytest.approx(share * log(slower), rel=0.02, abs=1e-8)
    before, after = known.deviations((((A,), 0.7),))
    assert before == pytest.approx(SD[A])
    assert after == pytest.approx(min(SD[A] * sqrt(1 - share) * known.surprise, SD[A]))


def test_of_two_rates_the_less_known_one_moves_more() -> None:
    known = posterior([reading(2.0, (A, 0.5), (B, 0.5))], SD.__getitem__)
    assert 0 < known.logs[A] < known.logs[B]


def test_two_readings_with_other_shares_tell_the_rates_apart() -> None:
    """Both a little slow, and one part more than the other."""
    truth = {A: log(1.2), B: log(0.8)}
    parts: list[Parts] = [(((A,), 0.8), ((B,), 0.2)), (((A,), 0.3), ((B,), 0.7))]
    known = posterior([TimeReading(total(each, truth), 0.002, each) for each in parts], SD.__getitem__)
    assert known.logs[A] == pytest.approx(truth[A], abs=0.02)
    assert known.logs[B] == pytest.approx(truth[B], abs=0.02)


def test_what_was_not_read_is_known_as_before() -> None:
    known = posterior([reading(1.5, (A, 1.0))], SD.__getitem__)
    before, after = known.deviations((((C,), 1.0),))
    assert before == after == pytest.approx(SD[C])
    assert C not in known.logs


times = st.floats(0.05, 20.0)
shares = st.tuples(*[st.floats(0.01, 1.0)] * 3)


@given(st.lists(st.tuples(times, shares, st.floats(0.005, 0.3)), min_size=1, max_size=8))
@settings(max_examples=60, deadline=None)
def test_it_ends_at_a_fit_within_the_noise_and_never_knows_less(
    readings: list[tuple[float, tuple[float, ...], float]],
) -> None:
    given_readings = [
        reading(sum(each) * slower, *zip((A, B, C), each, strict=True), noise=noise) for slower, each, noise in readings
    ]
    known = posterior(given_readings, SD.__getitem__)
    assert all(abs(each) <= log(10) for each in known.logs.values())
    for one in (A, B, C):
        before, after = known.deviations((((one,), 1.0),))
        assert 0 <= after <= before
    if len(given_readings) == 1:
        off = log(total(given_readings[0].parts, dict(known.logs)) / given_readings[0].seconds)
        blind = log(total(given_readings[0].parts, {}) / given_readings[0].seconds)
        assert abs(off) <= abs(blind) + 1e-9
