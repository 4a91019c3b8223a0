"""What a running month may come to: exact where it is plain, and an interval that holds what it says it holds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random

import pytest

from r1plan.report.pace.budget import budget_use
from r1plan.report.pace.forecast import LEVEL, reached_on, spend_pace
from r1plan.report.pace.quarters import QuarterSpend
from r1plan.report.period import Period, whole_month

D = Decimal
JUNE = whole_month("2026-06", "UTC")
START = datetime(2026, 6, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def spend(at: datetime, usd: str | Decimal = "1", requests: int = 1, is_coarse: bool = False) -> QuarterSpend:
    return QuarterSpend(at, D(usd), requests, is_coarse)


def days(number: int, usd: str = "1", is_coarse: bool = False) -> list[QuarterSpend]:
    """One a day at noon."""
    return [spend(START + day * DAY + DAY / 2, usd, is_coarse=is_coarse) for day in range(number)]


@pytest.mark.parametrize(
    ("quarters", "period", "now"),
    [
        pytest.param(days(5), JUNE, START - timedelta(microseconds=1), id="not-begun"),
        pytest.param(days(5), JUNE, START + 30 * DAY, id="over"),
        pytest.param(days(5), Period(start=START), START + 5 * DAY, id="no-end"),
        pytest.param([], JUNE, START + 5 * DAY, id="nothing-asked"),
        pytest.param(days(5, "0"), JUNE, START + 5 * DAY, id="nothing-spent"),
        pytest.param([spend(START + 6 * DAY)], JUNE, START + 5 * DAY, id="in-the-future"),
    ],
)
def test_a_period_that_does_not_run_or_spends_nothing_has_no_pace(
    quarters: Sequence[QuarterSpend], period: Period, now: datetime
) -> None:
    assert spend_pace(quarters, period, now) is None


def test_two_days_are_too_few_for_a_forecast_and_three_are_not() -> None:
    two = spend_pace(days(3), JUNE, START + 3 * DAY - timedelta(seconds=1))
    three = spend_pace(days(3), JUNE, START + 3 * DAY)
    assert two is not None
    assert (two.days, two.spent_usd, two.expected_usd, two.high_usd) == (2, D(3), None, None)
    assert three is not None
    assert (three.days, three.per_day_usd, three.expected_usd, three.basis) == (3, D("1.00"), D("30.00"), "days")
    assert three.low_usd is not None
    assert three.high_usd is not None
    assert D(3) <= three.low_usd < D(30) < three.high_usd


def test_days_before_the_first_request_are_not_days_without_any() -> None:
    late = [spend(START + day * DAY + DAY / 2, "2") for day in range(10, 20)]
    pace = spend_pace(late, JUNE, START + 20 * DAY)
    assert pace is not None
    assert (pace.days, pace.expected_usd) == (10, D("40.00"))


def test_hours_of_the_week_count_from_two_weeks_on() -> None:
    # Only on weekdays; 22 of June 2026 are, and the 15th is a Monday.
    weekdays = [each for each in days(30) if each.at.weekday() < 5]
    flat = spend_pace(weekdays, JUNE, START + 13 * DAY)
    assert flat is not None
    assert flat.basis == "days"
    # From a Saturday on, with 20 days: two weekends and the two days of the next week are to come.
    weekly = spend_pace(weekdays, JUNE, START + 19 * DAY)
    assert weekly is not None
    assert weekly.basis == "hours_of_week"
    assert weekly.expected_usd is not None
    assert abs(weekly.expected_usd - 22) < 1


def test_sums_of_days_say_nothing_of_hours() -> None:
    pace = spend_pace(days(20, is_coarse=True), JUNE, START + 20 * DAY)
    assert pace is not None
    assert pace.basis == "days"


def test_the_same_spending_makes_the_same_forecast() -> None:
    assert spend_pace(days(9), JUNE, START + 9 * DAY) == spend_pace(days(9), JUNE, START + 9 * DAY)


def test_an_even_month_is_surer_than_an_uneven_one() -> None:
    even = spend_pace(days(20), JUNE, START + 20 * DAY)
    uneven = spend_pace(
        [spend(each.at, "19" if number % 10 == 0 else "0.1") for number, each in enumerate(days(20))],
        JUNE,
        START + 20 * DAY,
    )
    assert even is not None
    assert uneven is not None
    assert even.high_usd is not None
    assert even.low_usd is not None
    assert uneven.high_usd is not None
    assert uneven.low_usd is not None
    assert even.high_usd - even.low_usd < (uneven.high_usd - uneven.low_usd) / 3


def simulated(random: Random, weekend: float, burst: float, spread: float) -> list[QuarterSpend]:
    """A month of June: requests come by the hour, fewer at weekends and at night, some days are many times as busy."""
    found = []
    for day in range(30):
        busy = 5.0 if random.random() < burst else 1.0
        quiet = weekend if (START + day * DAY).weekday() >= 5 else 1.0
        for hour in range(24):
            mean = 1.5 * busy * quiet * (1.0 if 7 <= hour < 22 else 0.1)
            # Poisson by the times between.
            at = random.expovariate(1)
            usd, requests = 0.0, 0
            while at < mean:
                usd += 0.01 * random.lognormvariate(0, spread)
                requests += 1
                at += random.expovariate(1)
            if requests:
                found.append(spend(START + day * DAY + timedelta(hours=hour), str(round(usd, 6)), requests))
    return found


@pytest.mark.parametrize(
    ("weekend", "burst", "spread", "least", "most"),
    [
        pytest.param(1.0, 0.0, 0.5, 0.72, 0.97, id="steady"),
        pytest.param(0.1, 0.0, 1.0, 0.72, 0.97, id="weekdays"),
        pytest.param(1.0, 0.1, 1.0, 0.55, 0.88, id="bursts"),
    ],
)
def test_the_interval_holds_what_a_month_comes_to_as_often_as_it_says(
    weekend: float, burst: float, spread: float, least: float, most: float
) -> None:
    random = Random(f"{weekend} {burst} {spread}")
    months, held = 60, 0
    for _ in range(months):
        month = simulated(random, weekend, burst, spread)
        now = START + random.randrange(6, 27) * DAY + timedelta(hours=random.randrange(24))
        pace = spend_pace([each for each in month if each.at <= now], JUNE, now)
        total = sum((each.usd for each in month), D(0))
        assert pace is not None
        assert pace.low_usd is not None
        assert pace.high_usd is not None
        held += pace.low_usd - D("0.01") <= total <= pace.high_usd + D("0.01")
    assert LEVEL == 0.8
    assert least <= held / months <= most, held / months


@pytest.mark.parametrize(
    ("budget", "spent", "at_most", "over", "may_be_over", "on"),
    [
        pytest.param("10", "10", "10", False, False, None, id="all-of-it"),
        pytest.param("9.99", "10", "10", True, True, date(2026, 6, 10), id="a-cent-over"),
        pytest.param("10", "10", "10.01", False, True, None, id="it-may-be"),
        pytest.param("10", "10", None, False, True, None, id="nobody-knows"),
        pytest.param("2.5", "10", "10", True, True, date(2026, 6, 3), id="long-ago"),
        pytest.param("0", "10", "10", True, True, date(2026, 6, 1), id="nothing-allowed"),
    ],
)
def test_a_budget_is_exceeded_by_more_than_it_and_on_the_day_that_did_it(
    budget: str, spent: str, at_most: str | None, over: bool, may_be_over: bool, on: date | None
) -> None:
    use = budget_use(D(budget), D(spent), D(spent), None if at_most is None else D(at_most), days(10), JUNE, None)
    assert (use.is_over, use.may_be_over, use.exceeded_on, use.chance) == (over, may_be_over, on, None)


@pytest.mark.parametrize(("least", "over"), [("1", False), ("1.01", True)])
def test_the_least_that_the_uncertain_cost_counts_against_a_budget(least: str, over: bool) -> None:
    use = budget_use(D(1), D(0), D(least), D(3), (), JUNE, None)
    assert (use.is_over, use.may_be_over, use.exceeded_on) == (over, True, None)


def test_a_day_is_one_of_the_report_s_zone() -> None:
    period = whole_month("2026-06", "Asia/Shanghai")
    use = budget_use(D(1), D(2), D(2), D(2), [spend(datetime(2026, 6, 9, 16, tzinfo=UTC), "2")], period, None)
    assert use.exceeded_on == date(2026, 6, 10)


def test_when_a_budget_is_used_up_is_said_of_what_is_to_come() -> None:
    so_far = days(10)
    pace = spend_pace(so_far, JUNE, START + 10 * DAY)
    assert pace is not None
    use = budget_use(D("20.5"), D(10), D(10), D(10), so_far, JUNE, pace)
    assert (use.expected_on, reached_on(so_far, pace, JUNE, D(40))) == (date(2026, 6, 21), None)
    assert use.chance is not None
    assert use.chance > 0.9
    enough = budget_use(D(60), D(10), D(10), D(10), so_far, JUNE, pace)
    assert enough.expected_on is None
    assert enough.chance is not None
    assert enough.chance < 0.1
    chances = [budget_use(D(usd), D(10), D(10), D(10), so_far, JUNE, pace).chance for usd in (15, 25, 30, 35, 50)]
    assert chances == sorted(chances, key=lambda each: -(each or 0))
