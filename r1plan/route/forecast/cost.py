"""What a forecast request costs on average and at most in half and nine tenths of all cases. Pure.

The outcomes are every length that the output may have, each with the prefix cached or not. A length decides when the
request ends, and so which hour's price it has. What differs between outcomes is summed by price; all else is exact.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from math import ceil

from r1plan.prices.book import EffectivePrice, PriceBook
from r1plan.prices.cost import cost_of
from r1plan.prices.intervals import price_edges
from r1plan.prices.usage import Usage
from r1plan.route.decision.candidate import Candidate
from r1plan.route.forecast.forecast import Electricity, Forecast, longest
from r1plan.route.forecast.lengths import P90, Atom
from r1plan.units import J_A_KWH

_STEP = Decimal("1e-12")
_SLACK = 1e-9
_LONGEST_S = 2 * 86_400  # no server writes longer
_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class CostBreakdown:
    """USD on average, by what they are for.

    `failure_usd` is for attempts that break off: they are billed whole, and the request is made again.
    `cache_saving_usd` is what the cache is worth on average; it has been taken off already.
    """

    input_miss_usd: Decimal = _ZERO
    cache_hit_usd: Decimal = _ZERO
    thinking_usd: Decimal = _ZERO
    answer_usd: Decimal = _ZERO
    electricity_usd: Decimal = _ZERO
    failure_usd: Decimal = _ZERO
    cache_saving_usd: Decimal = _ZERO

    @property
    def attempt_usd(self) -> Decimal:
        """One attempt."""
        return self.input_miss_usd + self.cache_hit_usd + self.thinking_usd + self.answer_usd + self.electricity_usd

    @property
    def total_usd(self) -> Decimal:
        """Until there is an answer."""
        return self.attempt_usd + self.failure_usd


@dataclass(frozen=True, slots=True, kw_only=True)
class PricePeriod:
    """A price that may apply, the chance that it does, and when it begins to: for a request that ends from then on."""

    price: EffectivePrice
    chance: float
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CostForecast:
    """USD of one request. Half of such requests cost `p50_usd` at most and nine in ten `p90_usd`, one attempt each.

    `periods` are the prices that may apply, one after another; none for a model here.
    """

    terms: CostBreakdown
    p50_usd: Decimal
    p90_usd: Decimal
    periods: tuple[PricePeriod, ...] = ()

    @property
    def expected_usd(self) -> Decimal:
        """What it costs on average until there is an answer."""
        return self.terms.total_usd


@dataclass(frozen=True, slots=True)
class _Slice:
    """The lengths that end in one period."""

    price: EffectivePrice
    since: datetime
    atoms: Sequence[Atom]

    @property
    def chance(self) -> float:
        return sum([each.chance for each in self.atoms])


def cost_forecast(each: Forecast, candidate: Candidate, book: PriceBook) -> CostForecast | None:
    """What `each` costs at `candidate`; None when no price is in force then."""
    if each.electricity is not None:
        return _here(each, each.electricity)
    # A second more, so that the longest output too ends before the last edge.
    end = each.at + timedelta(seconds=min(each.seconds(longest(each)), _LONGEST_S) + 1)
    edges = sorted(price_edges(book.schedules(*candidate.source), each.at, end))[:-1]
    prices = _prices(each, candidate, book, edges)
    if not prices:
        return None
    slices = _slices(each, edges, prices)
    miss = hit = saving = thinking = answer = _ZERO
    cached = each.cache.chance * each.cache.hit_tokens
    for part in slices:
        chance, rates = part.chance, part.price.per_token
        miss += _usd(chance * (each.input_tokens - cached), rates.miss)
        hit += _usd(chance * cached, rates.hit)
        saving += _usd(chance * cached, rates.saving)
        thinking += _usd(sum([atom.chance * atom.thinking for atom in part.atoms]), rates.output)
        answer += _usd(sum([atom.chance * atom.answer for atom in part.atoms]), rates.output)
    terms = CostBreakdown(
        input_miss_usd=miss, cache_hit_usd=hit, thinking_usd=thinking, answer_usd=answer, cache_saving_usd=saving
    )
    p50, p90 = _bounds(each, slices)
    periods = tuple(
        PricePeriod(price=part.price, chance=part.chance, since=part.since) for part in slices if part.chance > _SLACK
    )
    return CostForecast(terms=_with_failures(terms, each), p50_usd=p50, p90_usd=p90, periods=periods)


def _prices(
    each: Forecast, candidate: Candidate, book: PriceBook, edges: Sequence[datetime]
) -> tuple[EffectivePrice, ...]:
    """The price of a request that ends at each of `edges` or after; where there is none, the one before holds on."""
    first_token_at = each.at + timedelta(seconds=each.speed.first_token_s)
    found: list[EffectivePrice] = []
    for edge in edges:
        price = book.price_for(
            *candidate.source,
            started_at=each.at,
            first_token_at=min(first_token_at, edge),
            ended_at=edge,
            input_tokens=each.input_tokens,
        )
        if price is None:
            if not found:
                return ()
            price = found[-1]
        found.append(price)
    return tuple(found)


def _slices(each: Forecast, edges: Sequence[datetime], prices: Sequence[EffectivePrice]) -> tuple[_Slice, ...]:
    """The lengths, the shortest first, cut where a longer one ends in the next period.

    The longest that may be is the last of them: no part of the mean, only of the bounds.
    """
    atoms = each.lengths.atoms
    if each.lengths.beyond > _SLACK:
        atoms = (*atoms, Atom(longest(each), 0.0, 0.0, each.lengths.beyond))
    if len(prices) == 1:
        return (_Slice(prices[0], edges[0], atoms),)
    ends = [each.seconds(atom.total) for atom in atoms]
    cuts = [0, *(bisect_left(ends, (edge - each.at).total_seconds()) for edge in edges[1:]), len(atoms)]
    return tuple(
        _Slice(price, edge, atoms[start:end])
        for price, edge, (start, end) in zip(prices, edges, pairwise(cuts), strict=True)
    )


def _bounds(each: Forecast, slices: Sequence[_Slice]) -> tuple[Decimal, Decimal]:
    """The median and the ninth decile of the cost over all outcomes: each length, with the prefix cached and not."""
    chance = each.cache.chance
    states = [(hit, share) for hit, share in ((each.cache.hit_tokens, chance), (0, 1 - chance)) if share > _SLACK]
    costs: list[tuple[float, float, float, int, int]] = []
    for number, part in enumerate(slices):
        rates = part.price.per_token
        output_usd = float(rates.output)
        for hit, share in states:
            read_usd = (each.input_tokens - hit) * float(rates.miss) + hit * float(rates.hit)
            costs += [
                (
                    read_usd + output_usd * (total := atom.thinking + atom.answer),
                    atom.bounding * share,
                    total,
                    number,
                    hit,
                )
                for atom in part.atoms
            ]
    costs.sort()

    def quantile(level: float) -> Decimal:
        below, place = 0.0, -1
        while below < level - _SLACK and place + 1 < len(costs):
            place += 1
            below += costs[place][1]
        _, _, total, number, hit = costs[place]
        usage = Usage(input_tokens=each.input_tokens, cache_hit_tokens=hit, output_tokens=ceil(total - _SLACK))
        return cost_of(usage, slices[number].price.per_token).total_usd

    p50 = quantile(0.5)
    return p50, max(p50, quantile(P90))


def _here(each: Forecast, power: Electricity) -> CostForecast:
    """The electricity of an answer from here, for as long as it takes."""

    def usd(output_tokens: float) -> Decimal:
        return _usd(power.watts * each.seconds(output_tokens) / J_A_KWH, power.usd_per_kwh)

    mean = each.lengths.thinking + each.lengths.answer
    found = (each.lengths.quantile(level) for level in (0.5, P90))
    p50, p90 = (usd(longest(each) if tokens is None else tokens) for tokens in found)
    terms = _with_failures(CostBreakdown(electricity_usd=usd(mean)), each)
    return CostForecast(terms=terms, p50_usd=p50, p90_usd=p90)


def _with_failures(terms: CostBreakdown, each: Forecast) -> CostBreakdown:
    broken = Decimal(each.failures.broken_chance)
    return replace(terms, failure_usd=(broken * terms.attempt_usd).quantize(_STEP))


def _usd(amount: float, rate: Decimal) -> Decimal:
    return (Decimal(amount) * rate).quantize(_STEP)
