"""What one answer of a month takes at an API, in dollars and in seconds: half of all, and nine in ten. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from math import exp, log
from typing import Literal, NamedTuple, TypeVar

from r1plan.catalog.priors import SpeedPrior
from r1plan.market.month import MonthCost, WeightedUsage
from r1plan.plan.month import normal
from r1plan.prices.cost import cost_of

_Z90 = normal.at(0.9)
# How slow a server is just now, in as many equal parts: the median and the 90th percentile are in the middle of one.
_PARTS = 15
_Z = tuple(normal.at((number + 0.5) / _PARTS) for number in range(_PARTS))
_SLACK = 1e-9

T = TypeVar("T", float, Decimal)


class AnswerUsd(NamedTuple):
    """What half of the answers and nine in ten cost at most, each at the price of its hour."""

    p50: Decimal
    p90: Decimal


class ServedSpeed(NamedTuple):
    """Seconds to the first token and tokens a second after it: in the middle, and what nine in ten are better than.

    `basis` is "logged" where it is of one's own requests to that seller.
    """

    first_token_s: float
    first_token_p90_s: float
    decode_tok_s: float
    decode_p10_tok_s: float
    basis: Literal["logged", "assumed"]

    @classmethod
    def assumed(cls, prior: SpeedPrior) -> ServedSpeed:
        """What profiles/forecast.yaml assumes of any."""
        return cls(prior.first_token_s, prior.first_token_p90_s, prior.decode_tok_s, prior.decode_p10_tok_s, "assumed")


class AnswerSeconds(NamedTuple):
    """What half of the answers and nine in ten take at most, from the question to the last token."""

    p50: float
    p90: float
    basis: Literal["logged", "assumed"]


def answer_usd(usages: Iterable[WeightedUsage], month: MonthCost) -> AnswerUsd:
    """What the answers of `usages` cost over `month`, whose prices come in their shares whatever the length."""
    costs = [
        (cost_of(usage, price.per_token).total_usd, share * float(part))
        for usage, share in usages
        for price, part in month.prices
    ]
    return AnswerUsd(_quantile(costs, 0.5), _quantile(costs, 0.9))


def answer_seconds(usages: Iterable[WeightedUsage], speed: ServedSpeed) -> AnswerSeconds:
    """How long they take at `speed`: both of its parts are log-normal, and a server that is slow is slow in both."""
    first = log(max(speed.first_token_p90_s / speed.first_token_s, 1.0)) / _Z90
    decode = log(max(speed.decode_tok_s / speed.decode_p10_tok_s, 1.0)) / _Z90
    moments = [(speed.first_token_s * exp(first * z), exp(decode * z) / speed.decode_tok_s) for z in _Z]
    times = [
        (first_s + usage.output_tokens * token_s, share / _PARTS)
        for usage, share in usages
        for first_s, token_s in moments
    ]
    return AnswerSeconds(_quantile(times, 0.5), _quantile(times, 0.9), speed.basis)


def _quantile(values: Sequence[tuple[T, float]], level: float) -> T:
    """The value that a share `level` of all do not pass."""
    whole = sum(share for _, share in values)
    reached = 0.0
    ordered = sorted(values)
    for value, share in ordered:
        reached += share
        if reached >= level * whole - _SLACK:
            return value
    return ordered[-1][0]
