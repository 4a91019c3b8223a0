"""How long an answer takes."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from r1plan.plan.answer import Timed, answer_time, quantile
from r1plan.plan.llamacpp.option import Option
from r1plan.plan.month.demand import HOURS_A_WEEK, Demand, RequestLength
from r1plan.plan.pins import Pins
from r1plan.plan.speed import DecodeSpeed, Range
from r1plan.plan.workload import Workload
from tests.plan.catalogue import card, machine, plan


def option_of(prefill: Range | None = Range(500.0, 1_000.0, 2_000.0), *, thinking_over_r1: float = 1.0) -> Option:
    choice = plan(machine(card(24), ram=64)).choice
    assert choice is not None
    decode = (DecodeSpeed(3_700, Range(25.0, 50.0, 100.0)), DecodeSpeed(0, Range(25.0, 50.0, 100.0)))
    return replace(
        choice,
        speed=choice.speed._replace(prefill_tok_s=prefill, prefill=(), decode=decode),
        quality=replace(choice.quality, thinking_over_r1=thinking_over_r1),
    )


def demand_of(*lengths: RequestLength, basis: Literal["assumed", "logged"] = "assumed") -> Demand:
    return Demand(
        lengths=lengths,
        hour_shares=(1 / HOURS_A_WEEK,) * HOURS_A_WEEK,
        timezone="UTC",
        requests_per_day=None,
        basis=basis,
        hours_basis="assumed",
    )


@pytest.mark.parametrize(
    ("option", "workload", "typical_s", "output"),
    [
        pytest.param(option_of(), Workload(), 1 + 108, 5_400, id="as usual"),
        pytest.param(option_of(), Workload(cache_hit_share=0.5), 0.5 + 108, 5_400, id="half a prompt cached"),
        pytest.param(option_of(), Workload(cache_hit_share=1.0), 108, 5_400, id="all of it cached"),
        pytest.param(option_of(None), Workload(), 108, 5_400, id="prompts of unknown speed"),
        pytest.param(option_of(), Workload(thinking_tokens=0, answer_tokens=1), 1.02, 1, id="no thinking"),
        pytest.param(option_of(thinking_over_r1=2.0), Workload(), 1 + 202, 10_100, id="thinks twice as long"),
    ],
)
def test_a_prompt_is_read_and_then_thinking_and_answer_are_generated(
    option: Option, workload: Workload, typical_s: float, output: int
) -> None:
    time = answer_time(option, workload)
    assert time is not None
    assert time.typical_s == pytest.approx(typical_s)
    assert time.p50_s == pytest.approx(typical_s)
    # Speeds are half as high one time in 20, and so times twice as long: one time in ten by 2 ** (1.2816 / 1.6449).
    assert time.p90_s == pytest.approx(typical_s * 1.716, rel=0.01)
    assert time.output_tokens == output


def test_an_answer_slows_down_as_it_grows() -> None:
    option = option_of(None)
    decode = (DecodeSpeed(1_000, Range(50.0, 50.0, 50.0)), DecodeSpeed(0, Range(100.0, 100.0, 100.0)))
    option = replace(option, speed=option.speed._replace(decode=decode))
    time = answer_time(option, Workload(input_tokens=1_000, thinking_tokens=0, answer_tokens=2_000))
    assert time is not None
    assert time.typical_s == pytest.approx(2_000 * 0.030)  # 10 ms and 10 more each 1,000 tokens, 2,000 deep on average


SHORT, LONG = RequestLength(0, 0, 0, 500, 0.8), RequestLength(0, 0, 0, 50_000, 0.2)


@pytest.mark.parametrize(
    ("lengths", "p50_s", "p90_s"),
    [
        pytest.param((SHORT, LONG), 10, 1_000, id="one in five is long"),
        pytest.param((SHORT._replace(share=0.95), LONG._replace(share=0.05)), 10, 10, id="one in twenty is long"),
        pytest.param((SHORT._replace(share=0.4), LONG._replace(share=0.6)), 1_000, 1_000, id="most are long"),
    ],
)
def test_the_ninth_of_ten_answers_is_long_where_lengths_differ(
    lengths: tuple[RequestLength, ...], p50_s: float, p90_s: float
) -> None:
    option = option_of(None)
    exact = (DecodeSpeed(0, Range(50.0, 50.0, 50.0)),)
    option = replace(option, speed=option.speed._replace(decode=exact))
    time = answer_time(option, Workload(demand=demand_of(*lengths)))
    assert time is not None
    assert time.p50_s == pytest.approx(p50_s)
    assert time.p90_s == pytest.approx(p90_s)


def test_thinking_that_was_logged_was_brought_to_r1s_and_is_scaled_as_any() -> None:
    option = option_of(None, thinking_over_r1=2.0)
    lengths = RequestLength(0, 0, 1_000, 0, 1.0)
    logged, assumed = (
        answer_time(option, Workload(demand=demand_of(lengths, basis=basis))) for basis in ("logged", "assumed")
    )
    assert logged is not None
    assert assumed is not None
    assert logged.p50_s == pytest.approx(40)
    assert assumed.p50_s == pytest.approx(40)


@given(
    seconds=st.lists(st.floats(0.01, 1e6), min_size=1, max_size=8),
    level=st.sampled_from([0.1, 0.5, 0.9]),
    slower=st.floats(1.01, 10),
    faster=st.floats(0.1, 0.99),
)
def test_a_quantile_lies_between_its_ends_and_never_falls_as_anything_takes_longer(
    seconds: list[float], level: float, slower: float, faster: float
) -> None:
    times = [Timed(each, 1 / len(seconds)) for each in seconds]
    found = quantile(times, level, slower=slower, faster=faster)
    assert min(seconds) * faster**4 <= found <= max(seconds) * slower**4
    longer = [Timed(2 * each.seconds, each.share) for each in times]
    assert quantile(longer, level, slower=slower, faster=faster) == pytest.approx(2 * found, rel=1e-3)
    assert quantile(times, min(level + 0.05, 1), slower=slower, faster=faster) >= found


def test_what_does_not_fit_takes_no_time_that_could_be_said() -> None:
    too_large = plan(machine(card(8), ram=8), pins=Pins(model="DeepSeek-R1", quant="Q4_K_M")).choice
    assert too_large is not None
    assert not too_large.fits
    assert answer_time(too_large, Workload()) is None
