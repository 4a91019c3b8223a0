"""At which hours of the week a log's requests began. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from datetime import datetime
from math import exp, fsum, log, sqrt
from operator import mul
from zoneinfo import ZoneInfo

from r1plan.market.month import hours_between
from r1plan.plan.month.demand import HOURS_A_WEEK

_HOUR_S = 3600.0
_FIRST_OF_WEEKEND = 5
_STEPS, _ROUNDS, _HALF = 24, 60, 0.5
_SURE = 2.0  # standard deviations of what chance alone does

# What is told apart, one after the other: hours of the day, working days and others, their hours, days, each hour.
_LEVELS: tuple[Callable[[int], Hashable], ...] = (
    lambda hour: hour % 24,
    lambda hour: hour // 24 >= _FIRST_OF_WEEKEND,
    lambda hour: (hour // 24 >= _FIRST_OF_WEEKEND, hour % 24),
    lambda hour: hour // 24,
    lambda hour: hour,
)


def week_shares(
    counts: Sequence[int],
    since: datetime,
    until: datetime,
    timezone: str,
    assumed: Sequence[float],
    assumed_worth: float,
) -> tuple[float, ...]:
    """The shares of the hours of a mean week, of `counts` requests in each that began from `since` to `until`.

    A month has some days five times and others four: each hour counts as often as it came. Hours are told apart only as
    far as they differ by more than chance, so that the busiest is not the luckiest; what `assumed` says of each is
    worth `assumed_worth` requests beside them. Some count is above 0.
    """
    came = [0.0] * HOURS_A_WEEK
    before = since
    for hour, end in hours_between(since, until, ZoneInfo(timezone)):
        came[hour] += (end - before).total_seconds() / _HOUR_S
        before = end
    came = [max(hours, 1.0) if count else hours for hours, count in zip(came, counts, strict=True)]
    total = fsum(counts)
    rates = [total / fsum(came)] * HOURS_A_WEEK
    for level in _LEVELS:
        rates = _drawn(rates, counts, came, level)
    whole = fsum(rates)
    own = total / (total + assumed_worth)
    return tuple(own * rate / whole + (1 - own) * share for rate, share in zip(rates, assumed, strict=True))


def _drawn(
    rates: Sequence[float], counts: Sequence[int], came: Sequence[float], level: Callable[[int], Hashable]
) -> list[float]:
    """`rates`, each multiplied by what the counts of its group say; as they are where chance explains those."""
    found: dict[Hashable, list[float]] = {}
    for hour, (rate, count, hours) in enumerate(zip(rates, counts, came, strict=True)):
        group = found.setdefault(level(hour), [0.0, 0.0])
        group[0] += count
        group[1] += rate * hours
    groups = [(count, mean) for count, mean in found.values()]
    beyond = fsum((count - mean) ** 2 - mean for count, mean in groups)
    if beyond <= _SURE * sqrt(fsum(2 * mean**2 + mean for _, mean in groups)):
        return list(rates)
    alike = Counter(groups)  # most hours of most logs have none
    factors = dict(zip(alike, _factors(alike), strict=True))
    return [rate * factors[found[level(hour)][0], found[level(hour)][1]] for hour, rate in enumerate(rates)]


def _factors(groups: Mapping[tuple[float, float], int]) -> list[float]:
    """How many times its mean each group has, where those of about the same count are taken to be alike.

    `groups` are counts and means, and how many groups have them.

    The posterior means of a Poisson mixture over _STEPS factors, whose weights are the likeliest (Kiefer and Wolfowitz
    1956, by expectation maximisation).
    """
    raw = [(count + _HALF) / (mean + _HALF) for count, mean in groups]
    low, high = log(min(raw)), log(max(raw))
    steps = [exp(low + (high - low) * place / (_STEPS - 1)) for place in range(_STEPS)]
    logs = [[count * log(step) - mean * step for step in steps] for count, mean in groups]
    likely = [[exp(each - max(row)) for each in row] for row in logs]
    weights, total = [1 / _STEPS] * _STEPS, sum(groups.values())
    for _ in range(_ROUNDS):
        due = [0.0] * _STEPS
        for row, number in zip(likely, groups.values(), strict=True):
            joint = list(map(mul, row, weights))
            whole = sum(joint) / number
            due = [before + each / whole for before, each in zip(due, joint, strict=True)]
        weights = [each / total for each in due]
    found = []
    for row in likely:
        joint = list(map(mul, row, weights))
        found.append(fsum(map(mul, joint, steps)) / fsum(joint))
    return found
