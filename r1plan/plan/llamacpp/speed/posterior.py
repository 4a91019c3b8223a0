"""What readings say of the factors by which a machine is slower than its constants: a Bayesian update, in logarithms.

A reading is a sum of addends, each with factors: log t = log(sum a_k * exp(sum of x_r)) + noise. Before, each x is
normal about 0, as wide as the rate is known. Each reading pulls its rates in proportion to how little they are known
and to their share of its time by the constants: such pulls fit the readings as the most likely x do for small ones
(Tarantola, Inverse Problem Theory, 2005, 3.2), and never make a rate slower because a time was shorter. How far the
rates are known then follows from the linear equations about the fit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import exp, log, sqrt, tanh
from typing import NamedTuple

from r1plan.plan.llamacpp.speed.rates import Rate

_MOST_STEPS = 40
_STILL = 1e-10
_HALVINGS = 10
# No rate is ten times its constant, or a tenth, whatever was read: that near to it pulls cease to move it.
_MOST_LOG = log(10)

Parts = tuple[tuple[tuple[Rate, ...], float], ...]
"""The seconds of each addend by the constants alone, with what each rests on."""


class TimeReading(NamedTuple):
    """A time that was measured, give or take the share `noise`, with its parts by the constants."""

    seconds: float
    noise: float
    parts: Parts


class Posterior(NamedTuple):
    """The logarithm of each rate's factor, and how far that is known. Without readings all are 0.

    `told` is what the readings add to what is known of each rate with each other.

    `surprise` is 1 where the readings are as near to the constants as was to be expected, and above where they are
    farther (Birge's ratio): the less then holds what is known of other times.
    """

    logs: Mapping[Rate, float] = {}
    prior_sd: Callable[[Rate], float] = lambda rate: 0.0
    told: Mapping[Rate, Mapping[Rate, float]] = {}
    surprise: float = 1.0

    def deviations(self, parts: Parts) -> tuple[float, float]:
        """The standard deviations of the logarithm of the time that `parts` add up to, before and after the readings.

        `parts` are seconds with the factors in them. After is never more than before.
        """
        shares = _shares(parts)
        scaled = {rate: share * self.prior_sd(rate) ** 2 for rate, share in shares.items()}
        before = sum([share * scaled[rate] for rate, share in shares.items()])
        told = 0.0
        for rate, each in scaled.items():
            if with_others := self.told.get(rate):
                told += each * sum([with_others.get(other, 0.0) * scale for other, scale in scaled.items()])
        return sqrt(before), min(sqrt(max(before - told, 0.0)) * self.surprise, sqrt(before))


def posterior(readings: Sequence[TimeReading], prior_sd: Callable[[Rate], float]) -> Posterior:
    """What `readings` say; `prior_sd` is the standard deviation of the logarithm of a rate's factor before them."""
    if not readings:
        return Posterior()
    rates = sorted({rate for each in readings for of, _ in each.parts for rate in of})
    variance = {rate: prior_sd(rate) ** 2 for rate in rates}
    noise = [each.noise**2 for each in readings]
    ways = [{rate: share * variance[rate] for rate, share in _shares(each.parts).items()} for each in readings]

    def logs_of(weights: Sequence[float]) -> dict[Rate, float]:
        pulled = [
            {rate: each * weight for rate, each in way.items()} for way, weight in zip(ways, weights, strict=True)
        ]
        return {rate: _MOST_LOG * tanh(sum(each.get(rate, 0.0) for each in pulled) / _MOST_LOG) for rate in rates}

    def left(weights: Sequence[float], logs: Mapping[Rate, float]) -> list[float]:
        off = (log(each.seconds) - log(_total(each.parts, logs)) for each in readings)
        return [each - of * weight for each, of, weight in zip(off, noise, weights, strict=True)]

    weights = [0.0] * len(readings)
    logs = logs_of(weights)
    lacks = left(weights, logs)
    for _ in range(_MOST_STEPS):
        if max(map(abs, lacks)) < _STILL:
            break
        give = {rate: 1 - (each / _MOST_LOG) ** 2 for rate, each in logs.items()}
        rows = [
            {rate: share * give[rate] for rate, share in _shares(_with(each.parts, logs)).items()} for each in readings
        ]
        slopes = _products(rows, ways, noise)
        step = [each for (each,) in _solved(slopes, [[lack] for lack in lacks])]
        for halvings in range(_HALVINGS):
            there = [now + each / 2**halvings for now, each in zip(weights, step, strict=True)]
            logs = logs_of(there)
            missing = left(there, logs)
            if max(map(abs, missing)) < max(map(abs, lacks)):
                break
        weights, lacks = there, missing
    rows = [_shares(_with(each.parts, logs)) for each in readings]
    scaled = [{rate: share * variance[rate] for rate, share in row.items()} for row in rows]
    seen = _solved(_products(rows, scaled, noise), [[row.get(rate, 0.0) for rate in rates] for row in rows])
    told = {
        rate: {
            other: sum(row.get(rate, 0.0) * line[place] for row, line in zip(rows, seen, strict=True))
            for place, other in enumerate(rates)
        }
        for rate in rates
    }
    surprise = sqrt(_cost(readings, variance, logs) / len(readings))
    return Posterior(logs, prior_sd, told, max(surprise, 1.0))


def _cost(readings: Sequence[TimeReading], variance: Mapping[Rate, float], logs: Mapping[Rate, float]) -> float:
    """The squares of what the readings are off by, and the factors, each in its standard deviations."""
    off = sum((log(each.seconds / _total(each.parts, logs)) / each.noise) ** 2 for each in readings)
    return off + sum(each**2 / variance[rate] for rate, each in logs.items())


def _with(parts: Parts, logs: Mapping[Rate, float]) -> Parts:
    return tuple((rates, seconds * exp(sum(logs[each] for each in rates))) for rates, seconds in parts)


def _total(parts: Parts, logs: Mapping[Rate, float]) -> float:
    return sum(seconds for _, seconds in _with(parts, logs))


def _shares(parts: Parts) -> dict[Rate, float]:
    """What share of the time rests on each rate."""
    total = sum(seconds for _, seconds in parts)
    shares: dict[Rate, float] = {}
    for rates, seconds in parts:
        for rate in rates:
            shares[rate] = shares.get(rate, 0.0) + seconds / total
    return shares


def _products(
    rows: Sequence[Mapping[Rate, float]], ways: Sequence[Mapping[Rate, float]], noise: Sequence[float]
) -> list[list[float]]:
    """Of each row with each way, and the noise of each reading besides."""
    found = [[sum(share * way.get(rate, 0.0) for rate, share in row.items()) for way in ways] for row in rows]
    for place, each in enumerate(noise):
        found[place][place] += each
    return found


def _solved(matrix: Sequence[Sequence[float]], columns: Sequence[Sequence[float]]) -> list[list[float]]:
    """The rows that `matrix` takes to the rows of `columns`.

    Its diagonal is positive: that of readings with noise needs no pivots.
    """
    lines = [[*line, *column] for line, column in zip(matrix, columns, strict=True)]
    size = len(lines)
    for pivot in range(size):
        top = lines[pivot]
        for row in range(pivot + 1, size):
            if times := lines[row][pivot] / top[pivot]:
                lines[row] = [a - times * b for a, b in zip(lines[row], top, strict=True)]
    for pivot in reversed(range(size)):
        scale = lines[pivot][pivot]
        lines[pivot] = top = [each / scale for each in lines[pivot]]
        for row in range(pivot):
            if times := lines[row][pivot]:
                lines[row] = [a - times * b for a, b in zip(lines[row], top, strict=True)]
    return [line[size:] for line in lines]
