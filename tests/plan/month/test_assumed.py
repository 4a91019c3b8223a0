"""What a workload given by means asks in a month."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from math import fsum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from r1plan.catalog.priors import LengthPrior, Priors, load_priors
from r1plan.plan.month.assumed import demand_of
from r1plan.plan.month.demand import HOURS_A_WEEK
from r1plan.plan.workload import CONTEXT_GOAL, Workload

PRIORS = load_priors()


def as_wide(p90_over_p50: float) -> Priors:
    row = LengthPrior(
        model="*", kind="*", thinking_tokens=1, answer_tokens=1, p90_over_p50=p90_over_p50, basis="assumed", source="x"
    )
    return replace(PRIORS, lengths=(row,))


@given(
    thinking=st.integers(0, 10**9),
    answer=st.integers(1, 10**9),
    tokens_in=st.integers(1, 10**9),
    cached=st.floats(0, 1),
    width=st.floats(0.1, 1e6),
)
def test_the_means_are_kept_to_the_last_token(
    thinking: int, answer: int, tokens_in: int, cached: float, width: float
) -> None:
    workload = Workload(thinking_tokens=thinking, answer_tokens=answer, input_tokens=tokens_in, cache_hit_share=cached)
    found = demand_of(workload, as_wide(width), "UTC")
    assert sum(each.share for each in found.lengths) == 1
    assert found.mean("thinking_tokens") == thinking
    assert found.mean("answer_tokens") == answer
    assert found.mean("input_tokens") == tokens_in
    assert found.mean("cache_hit_tokens") == workload.usage.cache_hit_tokens
    assert min(min(each.thinking_tokens, each.answer_tokens, each.prompt_tokens) for each in found.lengths) >= 0


@given(output=st.integers(1_000, CONTEXT_GOAL), width=st.floats(1, 100))
def test_no_answer_is_longer_than_r1s_longest_while_the_mean_is_not(output: int, width: float) -> None:
    found = demand_of(Workload(thinking_tokens=output - 200, answer_tokens=200), as_wide(width), "UTC")
    slack = 64  # what rounding leaves goes to the last
    assert max(each.output_tokens for each in found.lengths) <= CONTEXT_GOAL
    lengths = [each.output_tokens for each in found.lengths]
    assert all(later >= earlier - slack for earlier, later in pairwise(lengths))


@pytest.mark.parametrize("width", [2, 3.5, 6], ids=str)
def test_nine_in_ten_lie_under_that_many_times_the_median(width: float) -> None:
    lengths = demand_of(Workload(), as_wide(width), "UTC").lengths
    median, ninetieth = lengths[2].output_tokens, lengths[5].output_tokens
    assert fsum(each.share for each in lengths[:2]) < 0.5 < fsum(each.share for each in lengths[:3])
    assert fsum(each.share for each in lengths[:5]) < 0.9 < fsum(each.share for each in lengths[:6])
    assert ninetieth / median == pytest.approx(width, rel=0.07)


@pytest.mark.parametrize(
    ("thinking", "answer"),
    [
        pytest.param(0, 700, id="no thinking"),
        pytest.param(0, 1, id="one token"),
        pytest.param(CONTEXT_GOAL, 1, id="longer than any"),
        pytest.param(10**9, 10**9, id="the most that is taken"),
    ],
)
def test_the_edges_have_their_lengths(thinking: int, answer: int) -> None:
    found = demand_of(Workload(thinking_tokens=thinking, answer_tokens=answer), PRIORS, "UTC")
    assert (found.mean("thinking_tokens"), found.mean("answer_tokens")) == (thinking, answer)
    if thinking >= CONTEXT_GOAL:
        assert {each.output_tokens for each in found.lengths} == {thinking + answer}


def test_the_hours_are_those_of_the_priors_and_say_that_they_are_assumed() -> None:
    found = demand_of(Workload(requests_per_day=10), PRIORS, "Asia/Shanghai", is_given=True)
    assert (found.basis, found.hours_basis, found.timezone) == ("given", "assumed", "Asia/Shanghai")
    assert found.requests_per_day == 10
    assert len(found.hour_shares) == HOURS_A_WEEK
    assert fsum(found.hour_shares) == pytest.approx(1)
    assert found.hour_shares[10] / found.hour_shares[3] == 9  # Monday at ten, and at three
    assert found.hour_shares[5 * 24 + 10] == found.hour_shares[6 * 24 + 10] < found.hour_shares[4 * 24 + 10]
    assert found.peak_hour_share == pytest.approx(0.106, abs=0.001)
    assert demand_of(Workload(), PRIORS, "UTC").basis == "assumed"


@pytest.mark.parametrize("level", [0.0, 1.0, 1e300], ids=str)
def test_hours_that_are_all_alike_have_equal_shares(level: float) -> None:
    flat = replace(PRIORS.hours, working_day=(level,) * 24, weekend=(level,) * 24)
    shares = demand_of(Workload(), replace(PRIORS, hours=flat), "UTC").hour_shares
    assert shares == pytest.approx((1 / HOURS_A_WEEK,) * HOURS_A_WEEK)
