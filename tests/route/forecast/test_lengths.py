"""Quantiles of earlier outputs: the finite-sample bound, cut ones, and what is assumed."""

from __future__ import annotations

from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from r1plan.route.forecast.ground import Averages, OwnRequests
from r1plan.route.forecast.lengths import PRIOR_WORTH, Lengths, Sample, assumed, blended, from_samples

OWN, AVERAGES = OwnRequests("math"), Averages("published", "a paper")


def lengths(*totals: float, cut: tuple[float, ...] = ()) -> Lengths:
    samples = [Sample(0, each) for each in totals] + [Sample(0, each, is_cut=True) for each in cut]
    return from_samples(samples, OWN)


@pytest.mark.parametrize(
    ("rows", "place"),
    [
        pytest.param(1, None, id="one-says-nothing"),
        pytest.param(8, None, id="eight-say-nothing"),
        pytest.param(9, 9, id="nine-the-longest"),
        pytest.param(10, 10, id="ten-the-longest"),
        pytest.param(18, 18, id="eighteen-the-longest"),
        pytest.param(19, 18, id="nineteen-the-last-but-one"),
        pytest.param(20, 19, id="twenty-the-last-but-one"),
        pytest.param(29, 27, id="twenty-nine"),
        pytest.param(99, 90, id="ninety-nine"),
        pytest.param(100, 91, id="a-hundred"),
        pytest.param(499, 450, id="five-hundred-less-one"),
    ],
)
def test_the_ninth_decile_is_the_finite_sample_order_statistic(rows: int, place: int | None) -> None:
    assert lengths(*range(1, rows + 1)).quantile(0.9) == place
    if place is not None:
        assert place == ceil((rows + 1) * 9 / 10)


def test_the_bound_holds_for_one_more_of_the_same_in_nine_of_ten_draws() -> None:
    # Exactly: each of n + 1 exchangeable values is the new one equally often.
    values = [float(each**2 % 997) for each in range(1, 41)]
    held = 0
    for left_out in range(40):
        rest = values[:left_out] + values[left_out + 1 :]
        bound = lengths(*rest).quantile(0.9)
        held += bound is not None and values[left_out] <= bound
    assert 0.9 <= held / 40 < 0.9 + 2 / 40


@pytest.mark.parametrize(
    ("whole", "cut", "expected"),
    [
        # Kaplan and Meier by hand: what a cut one had left goes to the longer ones in equal parts.
        pytest.param((1, 2, 3, 4), (), [0.25, 0.25, 0.25, 0.25], id="none-cut"),
        pytest.param((1, 3, 4), (2,), [1 / 4, 3 / 8, 3 / 8], id="one-cut-between"),
        pytest.param((2, 4), (1, 3), [1 / 3, 2 / 3], id="two-cut"),
        pytest.param((2, 3), (2,), [1 / 3, 2 / 3], id="cut-at-the-same-length-counts-as-longer"),
        pytest.param((1, 2), (3,), [1 / 3, 1 / 3, 1 / 3], id="the-longest-cut"),
        pytest.param((), (5, 7), [1.0], id="all-cut"),
    ],
)
def test_a_cut_output_leaves_its_chance_to_longer_ones(
    whole: tuple[float, ...], cut: tuple[float, ...], expected: list[float]
) -> None:
    found = lengths(*whole, cut=cut)
    assert [each.chance for each in found.atoms] == pytest.approx(expected)


def test_where_the_longest_was_cut_the_mean_counts_twice_its_length_and_the_bound_is_unknown() -> None:
    found = lengths(*range(1, 31), cut=(100.0,) * 10)
    assert found.atoms[-1].total == 200
    assert found.quantile(0.9) is None
    assert found.quantile(0.5) is not None


def test_taking_cut_outputs_for_whole_would_promise_less() -> None:
    naive = lengths(*range(1, 41), *[20.0] * 10)
    honest = lengths(*range(1, 41), cut=(20.0,) * 10)
    assert (honest.quantile(0.9) or 0) > (naive.quantile(0.9) or 0)
    assert honest.answer > naive.answer


def test_what_is_assumed_keeps_its_mean_and_its_width() -> None:
    found = assumed(4000, 600, 4, AVERAGES)
    assert found.thinking == pytest.approx(4000)
    assert found.answer == pytest.approx(600)
    p50, p90 = found.quantile(0.5), found.quantile(0.9)
    assert p50 is not None
    assert p90 is not None
    assert 3 < p90 / p50 < 5.2


def test_few_requests_of_ones_own_pull_what_is_assumed_towards_them() -> None:
    prior = assumed(1000, 0.001, 1, AVERAGES)
    found = blended([Sample(3000, 0)] * 5, prior)
    assert found.thinking == pytest.approx((5 * 3000 + PRIOR_WORTH * 1000) / (5 + PRIOR_WORTH))
    assert blended([], prior) is prior


def test_a_limit_cuts_the_answer_before_the_thinking() -> None:
    found = from_samples([Sample(100, 50), Sample(10, 5)], OWN).capped(120)
    assert [(each.thinking, each.answer) for each in found.atoms] == [(10, 5), (100, 20)]
    nothing = from_samples([Sample(100, 50)], OWN).capped(0)
    assert (nothing.thinking, nothing.answer) == (0, 0)


SAMPLES = st.lists(
    st.builds(Sample, st.floats(0, 1e5), st.floats(0, 1e4), st.booleans()),
    min_size=1,
    max_size=60,
)


@given(SAMPLES)
def test_chances_add_up_and_quantiles_rise(samples: list[Sample]) -> None:
    found = from_samples(samples, OWN)
    assert sum(each.chance for each in found.atoms) == pytest.approx(1)
    assert sum(each.bounding for each in found.atoms) + found.beyond == pytest.approx(1)
    totals = [each.total for each in found.atoms]
    assert totals == sorted(totals)
    p50, p90 = found.quantile(0.5), found.quantile(0.9)
    assert p90 is None or (p50 is not None and p50 <= p90)


@given(SAMPLES, st.integers(0, 10**5))
def test_no_output_is_longer_than_the_limit(samples: list[Sample], most: int) -> None:
    found = from_samples(samples, OWN).capped(most)
    assert all(each.total <= most + 1e-6 and each.thinking >= 0 and each.answer >= -1e-9 for each in found.atoms)
