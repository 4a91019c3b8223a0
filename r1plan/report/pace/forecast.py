"""What a running month may come to, with an interval. Pure: the same spending and instant give the same figures.

Time is measured by how much is usually asked in it: by the hours of the week from two weeks of days on, else every hour
counts the same. What is spent in so much of it is taken to be Gamma distributed, with a shape that is in proportion to
it, as sums of many independent requests nearly are. Then the rest of the month over the part that has passed is the
ratio of two Gamma variables, so that the interval knows how little a few days say of the mean. How much days differ is
itself known from few of them: it is drawn from its scaled chi-square distribution, with two days' worth of a prior
under which quarters of an hour have little to do with one another, so that a day is as uneven as they make it. Trends,
and the work of one day that goes on in the next, are not in it. Over simulated months (tests/report/pace) eight of ten
intervals hold where days are alike or quiet at weekends, seven of ten where one day of ten costs five times as much.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from math import fsum
from random import Random
from typing import Literal
from zoneinfo import ZoneInfo

from r1plan.market.month import hour_of_week, hours_between
from r1plan.plan.month.demand import HOURS_A_WEEK
from r1plan.report.month.week import week_shares
from r1plan.report.pace.quarters import QuarterSpend
from r1plan.report.period import Period

LEVEL = 0.8
"""How often the interval should hold what the month comes to."""

LEAST_DAYS = 3
"""Fewer whole days say nothing of the others."""

_WEEKLY_DAYS = 14
_DRAWS = 2000
_SEED = 14
_PRIOR_DAYS = 2
_UNEVEN = 0.1  # what days differ beside chance: by a third, a guess that ten days outweigh
_PRIOR_REQUESTS = 10.0
_DAY_S = 86_400.0
_CENT = Decimal("0.01")

PaceBasis = Literal["hours_of_week", "days"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SpendPace:
    """How the period goes on from `now`, where that is within it, by its `days` whole days since the first request.

    `spent_usd` is exact. Where there are three whole days or more, `expected_usd` is what the period comes to if the
    rest of it is like them, and it is between `low_usd` and `high_usd` eight times of ten; None before.
    """

    now: datetime
    spent_usd: Decimal
    days: int
    days_left: float
    per_day_usd: Decimal | None = None
    expected_usd: Decimal | None = None
    low_usd: Decimal | None = None
    high_usd: Decimal | None = None
    basis: PaceBasis | None = None
    totals_usd: tuple[float, ...] = ()  # what it may come to, each as likely as the others, in order


@dataclass(frozen=True, slots=True)
class _Clock:
    """Time as it counts: each hour of the week has its weight in days, which are one a day in the mean."""

    zone: ZoneInfo
    weights: Sequence[float]

    def between(self, since: datetime, until: datetime) -> float:
        return fsum(weight for _, weight in self.pieces(since, until))

    def pieces(self, since: datetime, until: datetime) -> Iterator[tuple[datetime, float]]:
        """The end of every hour and its weight."""
        before = since
        for hour, end in hours_between(since, until, self.zone):
            yield end, self.weights[hour] * (end - before).total_seconds() / _DAY_S
            before = end


def spend_pace(quarters: Sequence[QuarterSpend], period: Period, now: datetime) -> SpendPace | None:
    """The pace of `period`; None where `now` is not within it, it is open, or nothing was spent before `now`."""
    if period.start is None or period.until is None or not period.start <= now < period.until:
        return None
    quarters = [each for each in quarters if each.at <= now]
    if not quarters:
        return None
    zone = ZoneInfo(period.timezone)
    first = max(period.start, _midnight(quarters[0].at.astimezone(zone).date(), zone))
    days = list(_whole_days(first, now, zone))
    spent = sum((each.usd for each in quarters), Decimal(0))
    if not spent:
        return None
    left = (period.until - now).total_seconds() / _DAY_S
    pace = SpendPace(now=now, spent_usd=spent, days=len(days), days_left=left)
    if len(days) < LEAST_DAYS:
        return pace
    clock = _clock(quarters, first, now, zone, period.timezone, len(days))
    passed, coming = clock.between(first, now), clock.between(now, period.until)
    per_day = float(spent) / passed
    by_day = [
        (fsum(float(each.usd) for each in quarters if start <= each.at < end), clock.between(start, end))
        for start, end in days
    ]
    totals = _totals(
        float(spent), passed, coming, _variance(by_day, per_day, _of_quarters(quarters) * passed), len(days)
    )
    tail = (1 - LEVEL) / 2
    expected = float(spent) + per_day * coming
    low, high = (totals[min(int(_DRAWS * share), _DRAWS - 1)] for share in (tail, 1 - tail))
    return SpendPace(
        now=now,
        spent_usd=spent,
        days=len(days),
        days_left=left,
        per_day_usd=_cents(per_day),
        expected_usd=max(_cents(expected), spent),
        low_usd=max(min(_cents(low), _cents(expected)), spent),
        high_usd=max(_cents(high), _cents(expected), spent),
        basis=_basis(quarters, len(days)),
        totals_usd=totals,
    )


def reached_on(quarters: Sequence[QuarterSpend], pace: SpendPace, period: Period, budget_usd: Decimal) -> date | None:
    """The day on which the period comes to `budget_usd` if its rest is like what has passed; None: not within it."""
    if pace.expected_usd is None or pace.expected_usd < budget_usd or period.until is None:
        return None
    zone = ZoneInfo(period.timezone)
    quarters = [each for each in quarters if each.at <= pace.now]
    first = max(period.start or quarters[0].at, _midnight(quarters[0].at.astimezone(zone).date(), zone))
    clock = _clock(quarters, first, pace.now, zone, period.timezone, pace.days)
    spent, per_day = float(pace.spent_usd), float(pace.spent_usd) / clock.between(first, pace.now)
    for end, weight in clock.pieces(pace.now, period.until):
        spent += per_day * weight
        if spent >= float(budget_usd):
            return (end - timedelta(microseconds=1)).astimezone(zone).date()
    return None


def _basis(quarters: Sequence[QuarterSpend], days: int) -> PaceBasis:
    is_hourly = days >= _WEEKLY_DAYS and any(each.requests for each in quarters)
    return "hours_of_week" if is_hourly and not any(each.is_coarse for each in quarters) else "days"


def _clock(
    quarters: Sequence[QuarterSpend], first: datetime, now: datetime, zone: ZoneInfo, timezone: str, days: int
) -> _Clock:
    flat = [1 / HOURS_A_WEEK] * HOURS_A_WEEK
    counts = [0] * HOURS_A_WEEK
    for each in quarters:
        counts[hour_of_week(each.at.astimezone(zone))] += each.requests
    if _basis(quarters, days) == "days":
        return _Clock(zone, [1.0] * HOURS_A_WEEK)
    shares = week_shares(counts, first, now, timezone, flat, _PRIOR_REQUESTS)
    return _Clock(zone, [share * HOURS_A_WEEK for share in shares])


def _of_quarters(quarters: Sequence[QuarterSpend]) -> float:
    """The variance of all that was spent over its square, if quarters of an hour come as they will."""
    amounts = [float(each.usd) for each in quarters]
    return fsum(each * each for each in amounts) / fsum(amounts) ** 2


def _variance(by_day: Sequence[tuple[float, float]], per_day: float, prior: float) -> float:
    """How uneven days are: the variance of one day's spending over its squared mean, shrunk to that of `prior`."""
    squares = fsum((usd - per_day * weight) ** 2 / (per_day**2 * weight) for usd, weight in by_day if weight > 0)
    return (squares + _PRIOR_DAYS * (prior + _UNEVEN)) / (len(by_day) - 1 + _PRIOR_DAYS)


def _totals(spent: float, passed: float, coming: float, variance: float, days: int) -> tuple[float, ...]:
    """What the period may come to, in order."""
    random = Random(_SEED)  # noqa: S311 -- a forecast, not a secret
    known = days - 1 + _PRIOR_DAYS
    totals: list[float] = []
    while len(totals) < _DRAWS:
        shape = random.gammavariate(known / 2, 2 / known) / variance
        past = random.gammavariate(shape * passed, 1)
        if past > 0:
            future = random.gammavariate(shape * coming, 1) if shape * coming > 0 else 0.0
            totals.append(spent + spent * future / past)
    return tuple(sorted(totals))


def _whole_days(first: datetime, now: datetime, zone: ZoneInfo) -> Iterator[tuple[datetime, datetime]]:
    """The days of `zone` from `first`, a midnight, that were over by `now`."""
    day = first.astimezone(zone).date()
    while (end := _midnight(day + timedelta(days=1), zone)) <= now:
        yield max(first, _midnight(day, zone)), end
        day += timedelta(days=1)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time.min, zone).astimezone(UTC)


def _cents(usd: float) -> Decimal:
    return Decimal(usd).quantize(_CENT)
