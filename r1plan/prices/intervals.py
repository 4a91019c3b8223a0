"""The price book compiled to a table of half-open intervals, for SQL. It says what `PriceBook.price_at` says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, time, timedelta
from typing import NamedTuple

from r1plan.prices.book import PriceBook
from r1plan.prices.schedule import ClockPrice, EffectivePrice, PriceSchedule


class PriceInterval(NamedTuple):
    """One price of one name, from `start` until `until` and for inputs above `input_above` up to `input_up_to` tokens.

    `input_above` is -1 for the first band, `input_up_to` None for the last.
    """

    provider: str
    name: str
    start: datetime
    until: datetime
    input_above: int
    input_up_to: int | None
    price: EffectivePrice


def price_intervals(
    book: PriceBook, names: Iterable[tuple[str, str]], since: datetime, until: datetime
) -> Iterator[PriceInterval]:
    """Every price of `names` from `since` until `until`, by name and in time; where there is none there is a gap."""
    for provider, name in names:
        schedules = book.schedules(provider, name)
        edges = sorted(price_edges(schedules, since, until))
        above = sorted({-1, *(tokens for each in schedules for tokens, _ in each.above_input_tokens)})
        up_to = [*above[1:], None]
        for low, high in zip(above, up_to, strict=True):
            yield from _band(book, provider, name, edges, low, high)


def _band(
    book: PriceBook, provider: str, name: str, edges: list[datetime], above: int, up_to: int | None
) -> Iterator[PriceInterval]:
    """The intervals of one band of input lengths; neighbours of the same price are one."""
    start, current = edges[0], None
    for edge in edges[:-1]:
        price = book.price_at(provider, name, edge, above + 1)
        if price is not current:
            if current is not None:
                yield PriceInterval(provider, name, start, edge, above, up_to, current)
            start, current = edge, price
    if current is not None:
        yield PriceInterval(provider, name, start, edges[-1], above, up_to, current)


def price_edges(schedules: tuple[PriceSchedule, ...], since: datetime, until: datetime) -> set[datetime]:
    """Every instant from `since` to `until` at which the price may change, both ends included."""
    edges = {since, until}
    for schedule in schedules:
        start, end = max(schedule.start, since), min(schedule.until, until)
        if start < end:
            edges |= {start, end}
            for tier in schedule.clock:
                edges.update(edge for edge in _clock_edges(tier, start, end) if start < edge < end)
    return edges


def _clock_edges(tier: ClockPrice, start: datetime, end: datetime) -> Iterator[datetime]:
    """The window edges of each UTC day, and midnight where the day counts. A day more at both ends, for other zones."""
    clocks = {clock for window in tier.rule.windows_utc for clock in (window.start, window.end)}
    day = start.astimezone(UTC).date() - timedelta(days=1)
    while day <= end.astimezone(UTC).date() + timedelta(days=1):
        for clock in clocks:
            yield datetime.combine(day, clock, UTC)
        if tier.has_days:
            yield datetime.combine(day, time.min, tier.zone).astimezone(UTC)
        day += timedelta(days=1)
