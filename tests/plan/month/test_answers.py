"""What one answer of a month takes at an API."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from r1plan.market.month import MonthCost, WeightedUsage, month_cost, month_hours
from r1plan.plan.month.answers import ServedSpeed, answer_seconds, answer_usd
from r1plan.prices.usage import Usage
from tests.market.offers import BOOK, PRIORS

AT = datetime(2026, 11, 23, 12, tzinfo=UTC)
STEADY = ServedSpeed(1.0, 1.0, 50.0, 50.0, "logged")


def requests(*kinds: tuple[int, float]) -> tuple[WeightedUsage, ...]:
    return tuple(
        WeightedUsage(Usage(input_tokens=0, cache_hit_tokens=0, output_tokens=output, thinking_tokens=0), share)
        for output, share in kinds
    )


def month(source: tuple[str, str], usages: tuple[WeightedUsage, ...], hours: tuple[float, ...]) -> MonthCost:
    found = month_cost(BOOK, source, usages, month_hours(hours, "UTC", AT, "assumed"), None)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("usages", "p50", "p90"),
    [
        pytest.param(requests((1_000, 1.0)), 21, 21, id="all alike"),
        pytest.param(requests((1_000, 0.5), (10_000, 0.5)), 21, 201, id="half of them long"),
        pytest.param(requests((1_000, 0.49), (10_000, 0.51)), 201, 201, id="more than half"),
        pytest.param(requests((1_000, 0.9), (10_000, 0.1)), 21, 21, id="one in ten"),
        pytest.param(requests((0, 1.0)), 1, 1, id="no answer"),
    ],
)
def test_at_a_steady_speed_the_lengths_decide(usages: tuple[WeightedUsage, ...], p50: float, p90: float) -> None:
    found = answer_seconds(usages, STEADY)
    assert found.p50 == pytest.approx(p50)
    assert found.p90 == pytest.approx(p90)
    assert found.basis == "logged"


def test_for_one_length_the_speed_decides() -> None:
    speed = ServedSpeed.assumed(PRIORS.provider_speed)
    found = answer_seconds(requests((3_500, 1.0)), speed)
    prior = PRIORS.provider_speed
    assert found.p50 == pytest.approx(prior.first_token_s + 3_500 / prior.decode_tok_s, rel=1e-6)
    assert found.p90 == pytest.approx(prior.first_token_p90_s + 3_500 / prior.decode_p10_tok_s, rel=1e-6)
    assert found.basis == "assumed"


@given(st.lists(st.tuples(st.integers(0, 10**6), st.floats(0.01, 1)), min_size=1, max_size=20), st.integers(1, 10**5))
def test_nine_in_ten_take_no_less_than_half_and_longer_answers_no_less(
    kinds: list[tuple[int, float]], more: int
) -> None:
    speed = ServedSpeed.assumed(PRIORS.provider_speed)
    found = answer_seconds(requests(*kinds), speed)
    longer = answer_seconds(requests(*((output + more, share) for output, share in kinds)), speed)
    assert 0 < found.p50 <= found.p90
    assert longer.p50 >= found.p50
    assert longer.p90 >= found.p90


def test_the_hour_of_an_answer_decides_its_cost_too() -> None:
    usages = requests((1_000_000, 1.0))
    flash = ("deepseek", "deepseek-flash")
    mostly_peak = tuple(1 / 50 if place % 24 in (1, 2) and place < 5 * 24 else 0.8 / 158 for place in range(168))
    found = answer_usd(usages, month(flash, usages, mostly_peak))
    assert (found.p50, found.p90) == (Decimal("0.60"), Decimal("1.20"))
    flat = answer_usd(usages, month(("together", "deepseek-ai/DeepSeek-V4.1-Flash"), usages, mostly_peak))
    assert (flat.p50, flat.p90) == (Decimal("1.20"), Decimal("1.20"))
