"""What a month of requests costs at the prices in force at the hours in which they come. Pure.

Hours are those of real days from an instant on, on the clock of whoever asks: weekends, holidays, summer time and price
changes that are known by then count as they fall. A request has the price of the hour in which it begins.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import accumulate
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from r1plan.prices.book import EffectivePrice, PriceBook
from r1plan.prices.cost import EXACT, cost_of
from r1plan.prices.intervals import PriceInterval, price_intervals
from r1plan.prices.schedule import PriceSchedule
from r1plan.prices.usage import Usage
from r1plan.units import DAYS_A_MONTH

HoursBasis = Literal["assumed", "logged"]

DAYS = Decimal(str(DAYS_A_MONTH))
_MONTH = timedelta(days=DAYS_A_MONTH)
_HOUR = timedelta(hours=1)
_SECOND = timedelta(seconds=1)
_ONE, _ENDLESS = Decimal(1), Decimal("Infinity")
# Shares are rounded to it and then add up to 1 exactly; all that follows is exact.
_STEP = Decimal("1e-15")
_ROUNDING = 1e-9  # what sums of shares of many kinds of requests may lack of 1


class WeightedUsage(NamedTuple):
    """What one kind of request uses, and its share of all requests."""

    usage: Usage
    share: float


class MonthHours(NamedTuple):
    """How the requests of the month from `edges[0]` on are spread: up to each edge, `before` of them have begun.

    Edges are instants in UTC, each the end of an hour of the week on the clock of whoever asks; `before` rises from 0
    to 1.
    """

    edges: tuple[datetime, ...]
    before: tuple[float, ...]
    basis: HoursBasis

    @property
    def start(self) -> datetime:
        """The month's first instant."""
        return self.edges[0]

    @property
    def end(self) -> datetime:
        """The instant after it."""
        return self.edges[-1]

    def share(self, since: datetime, until: datetime) -> float:
        """The share of the month's requests that begin from `since` until `until`."""
        return self._before(until) - self._before(since)

    def _before(self, at: datetime) -> float:
        place = bisect_left(self.edges, at)
        if place == 0:
            return 0.0
        if place == len(self.edges):
            return 1.0
        since, until = self.edges[place - 1 : place + 1]
        low, high = self.before[place - 1 : place + 1]
        return low + (high - low) * ((at - since) / (until - since))


class PriceShare(NamedTuple):
    """A price of the month, and the share of the priced requests that it holds for."""

    price: EffectivePrice
    share: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthCost:
    """What requests of a month cost at one offer.

    `usd_per_request` is that of a mean request over the month; amounts are in the currency of the prices.
    `peak_share` of the requests are billed above their price's cheapest hour. `known_share` below 1: the offer or its
    price ends within the month, and the figures are of the time before.
    """

    usd_per_request: Decimal
    usd_per_month: Decimal | None
    peak_share: float
    basis: HoursBasis
    prices: tuple[PriceShare, ...]
    known_share: float = 1.0

    @property
    def caveats(self) -> tuple[str, ...]:
        """Why any of the prices may be wrong, each once."""
        return tuple(dict.fromkeys(caveat for each in self.prices for caveat in each.price.caveats))


def month_hours(hour_shares: Sequence[float], timezone: str, at: datetime, basis: HoursBasis) -> MonthHours:
    """The mean month from the hour of the aware instant `at` on, with the week of `hour_shares` in `timezone`.

    An hour that a change of the clock repeats counts twice, and one that it leaves out not at all.
    """
    start = at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    edges, weights = [start], [0.0]
    for hour, until in hours_between(start, start + _MONTH, ZoneInfo(timezone)):
        weights.append(hour_shares[hour] * ((until - edges[-1]) / _HOUR))
        edges.append(until)
    before = tuple(accumulate(weights))
    whole = before[-1]
    return MonthHours(tuple(edges), tuple(each / whole for each in before), basis)


def hours_between(since: datetime, until: datetime, zone: ZoneInfo) -> Iterator[tuple[int, datetime]]:
    """Each hour of the week in `zone` from `since` to `until`, both in UTC, Monday's first as 0, and when it ends."""
    while since < until:
        here = since.astimezone(zone)
        left = _HOUR - timedelta(minutes=here.minute, seconds=here.second, microseconds=here.microsecond)
        since = min(since + left, until)
        yield hour_of_week(here), since


def hour_of_week(here: datetime) -> int:
    """Which hour of the week `here` falls into on its own clock, Monday's first as 0."""
    return 24 * here.weekday() + here.hour


def month_cost(
    book: PriceBook,
    source: tuple[str, str],
    usages: Sequence[WeightedUsage],
    hours: MonthHours,
    requests_per_day: float | None,
    offered_until: datetime | None = None,
) -> MonthCost | None:
    """What `usages` cost at `source`, a provider and a model, in the month of `hours`.

    None where no price is known for any of it.
    """
    until = hours.end if offered_until is None else min(hours.end, offered_until)
    if until <= hours.start:
        return None
    bands = _bands(price_intervals(book, [source], hours.start, until), hours)
    whole, known = Decimal(0), 0.0
    totals: dict[str, PriceShare] = {}
    shares = exact_shares([each.share for each in usages])
    for (usage, share), of_all in zip(usages, shares, strict=True):
        band = next((each for each in bands if each.holds(usage.input_tokens)), None)
        if band is None or not band.prices:
            return None
        known += share * band.known_share
        for price, part in band.prices:
            weight = EXACT.multiply(of_all, part)
            whole = EXACT.add(whole, EXACT.multiply(weight, cost_of(usage, price.per_token).total_usd))
            before = totals[_key(price)].share if _key(price) in totals else Decimal(0)
            totals[_key(price)] = PriceShare(price, EXACT.add(before, weight))
    month = (
        None
        if requests_per_day is None
        else EXACT.multiply(whole, EXACT.multiply(Decimal(str(requests_per_day)), DAYS))
    )
    return MonthCost(
        usd_per_request=whole,
        usd_per_month=month,
        peak_share=_peak_share(book.schedules(*source), totals.values()),
        basis=hours.basis,
        prices=tuple(totals.values()),
        known_share=1.0 if known > 1 - _ROUNDING else known,
    )


def exact_shares(shares: Sequence[float]) -> tuple[Decimal, ...]:
    """`shares` over their sum as decimals that add up to 1 exactly: the largest takes what rounding leaves."""
    whole = sum(shares)
    found = [Decimal(each / whole).quantize(_STEP) for each in shares]
    largest = max(range(len(found)), key=lambda place: shares[place])
    found[largest] += _ONE - sum(found)
    return tuple(found)


class _Band(NamedTuple):
    """Inputs of a range of lengths: the prices that they meet in the month with the share of each, and of any."""

    above: int
    up_to: int | None
    prices: tuple[PriceShare, ...]
    known_share: float

    def holds(self, tokens: int) -> bool:
        return self.above < tokens and (self.up_to is None or tokens <= self.up_to)


def _bands(intervals: Iterable[PriceInterval], hours: MonthHours) -> tuple[_Band, ...]:
    found: dict[tuple[int, int | None], dict[str, tuple[EffectivePrice, float]]] = {}
    for each in intervals:
        prices = found.setdefault((each.input_above, each.input_up_to), {})
        before = prices.get(_key(each.price), (each.price, 0.0))[1]
        prices[_key(each.price)] = each.price, before + hours.share(each.start, each.until)
    return tuple(_band(*key, [each for each in prices.values() if each[1] > 0]) for key, prices in found.items())


def _band(above: int, up_to: int | None, prices: Sequence[tuple[EffectivePrice, float]]) -> _Band:
    if not prices:
        return _Band(above, up_to, (), 0.0)
    parts = exact_shares([share for _, share in prices])
    held = tuple(PriceShare(price, part) for (price, _), part in zip(prices, parts, strict=True) if part)
    return _Band(above, up_to, held, sum(share for _, share in prices))


def _key(price: EffectivePrice) -> str:
    """Tells the prices of a month apart: of one row, those of its tiers, and of days that no calendar knows yet."""
    return f"{price.id} {price.tier} {len(price.caveats)}"


def _peak_share(schedules: Iterable[PriceSchedule], totals: Iterable[PriceShare]) -> float:
    """The share that a clock bills above the cheapest of its row's hours."""
    cheapest: dict[str, Decimal] = {}
    for each in schedules:
        by_hour = (each.base, *(price for tier in each.clock for price in (tier.price, tier.doubted)))
        least = min(price.rates.output for price in by_hour)
        cheapest |= {_key(price): least for price in by_hour}
    dear = (each.share for each in totals if each.price.rates.output > cheapest.get(_key(each.price), _ENDLESS))
    return float(sum(dear))
