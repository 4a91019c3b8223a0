"""When in the week sellers had another price than their usual one: the clock of prices, seen on a heat map."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from r1plan.prices.book import PriceBook
from r1plan.prices.intervals import price_intervals
from r1plan.report.period import zone
from r1plan.report.series.series import ClockHour, SeriesSeller
from r1plan.report.series.slots import quarters

CLOCK_DAYS = 92
"""How many days are looked at, the last ones: clocks change, and a year's would be all of them at once."""


def clock_hours(
    book: PriceBook, sellers: Sequence[SeriesSeller], first: datetime, last: datetime, timezone: str
) -> Iterator[ClockHour]:
    """The hours of the week, in `timezone`, in which the clock gave one of `sellers` another price than its base.

    By seller, tier, weekday (1 is Monday) and hour.
    """
    here = zone(timezone)
    times = list(quarters(max(first, last - timedelta(days=CLOCK_DAYS)), last))
    cells = [(local.isoweekday(), local.hour) for local in (at.astimezone(here) for at in times)]
    whole = Counter(cells)
    for number, seller in enumerate(sellers):
        if seller.provider is None or seller.model is None:
            continue
        schedules = book.schedules(seller.provider, seller.model)
        tiers = {tier.price.tier for each in schedules for tier in each.clock}
        if not tiers:
            continue
        found: Counter[tuple[str, int, int]] = Counter()
        for each in price_intervals(
            book, [(seller.provider, seller.model)], times[0], times[-1] + timedelta(minutes=1)
        ):
            if each.price.tier in tiers and each.input_above == -1:
                within = slice(bisect_left(times, each.start), bisect_left(times, each.until))
                found.update((each.price.tier, *cell) for cell in cells[within])
        for (tier, weekday, hour), count in sorted(found.items()):
            share = Decimal(count) / whole[weekday, hour]
            yield ClockHour(seller=number, tier=tier, weekday=weekday, hour=hour, share=share)
