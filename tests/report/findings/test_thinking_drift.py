"""A model has come to think longer where chance does not explain it, and not where it does."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from random import Random

import pytest

from r1plan.report.findings.thinking_drift import ThinkingDay, ThinkingDrift, drift_of, rank_score

_DAYS = 30


def days_of(ratios: Sequence[float]) -> list[ThinkingDay]:
    return [
        ThinkingDay(
            day=20_000 + number,
            requests=10,
            thinking_tokens=round(ratio * 10_000),
            answer_tokens=10_000,
            thinking_usd=Decimal("0.10"),
        )
        for number, ratio in enumerate(ratios)
    ]


def drift(ratios: Sequence[float]) -> ThinkingDrift | None:
    return drift_of("p", "m", days_of(ratios))


def noisy(random: Random, mean: float) -> float:
    return mean * random.lognormvariate(0, 0.3)


@pytest.mark.parametrize(
    ("ratios", "is_found"),
    [
        pytest.param([4.0] * 15 + [6.0] * 15, True, id="longer"),
        pytest.param([6.0] * 15 + [4.0] * 15, True, id="shorter"),
        pytest.param([4.0] * 15 + [4.9] * 15, False, id="less-than-a-quarter"),
        pytest.param([4.0] * 15 + [5.0] * 15, True, id="a-quarter"),
        pytest.param([4.0] * 30, False, id="the-same"),
        pytest.param([4.0] * 29 + [400.0], False, id="one-huge-day"),
        pytest.param([4.0] * 6 + [8.0] * 6, False, id="four-days-in-a-third"),
        pytest.param([4.0] * 7 + [8.0] * 8, True, id="five-days-in-a-third"),
        pytest.param([0.0] * 30, False, id="it-does-not-think"),
        pytest.param([], False, id="no-days"),
    ],
)
def test_a_change_is_a_quarter_and_more_than_chance(ratios: list[float], is_found: bool) -> None:
    assert (drift(ratios) is not None) is is_found


def test_what_it_costs_is_the_last_third_s_thinking_beyond_the_ratio_before() -> None:
    found = drift([4.0] * 15 + [6.0] * 15)
    assert found is not None
    assert (found.ratio_before, found.ratio_after, found.requests) == (4.0, 6.0, 100)
    assert found.high_usd == (Decimal(1) / 3).quantize(Decimal("1e-15"))
    shorter = drift([6.0] * 15 + [4.0] * 15)
    assert shorter is not None
    assert shorter.high_usd == 0


def test_chance_alone_is_called_a_change_in_few_months() -> None:
    random = Random(7)
    months = 400
    called = sum(drift([noisy(random, 5) for _ in range(_DAYS)]) is not None for _ in range(months))
    assert called <= months * 0.02


def test_twice_as_much_is_found_in_nine_months_of_ten() -> None:
    random = Random(8)
    months = 200
    called = sum(
        drift([noisy(random, 5 if day < _DAYS / 2 else 10) for day in range(_DAYS)]) is not None for _ in range(months)
    )
    assert called >= months * 0.9


@pytest.mark.parametrize(
    ("before", "after", "score"),
    [
        # By hand: U = 25 of 5 × 5, (25 - 12.5) / sqrt(25 · 11 / 12).
        pytest.param([1, 2, 3, 4, 5], [6, 7, 8, 9, 10], 2.611, id="all-above"),
        pytest.param([6, 7, 8, 9, 10], [1, 2, 3, 4, 5], -2.611, id="all-below"),
        pytest.param([1, 1, 1], [1, 1, 1], 0.0, id="all-equal"),
        pytest.param([1, 3], [2, 2], 0.0, id="in-the-middle"),
    ],
)
def test_the_ranks_score_as_mann_and_whitney_s_do(before: list[float], after: list[float], score: float) -> None:
    assert rank_score(before, after) == pytest.approx(score, abs=0.001)
