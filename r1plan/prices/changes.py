"""When a price changes next: by the clock, by a new row, or because it is no longer known."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from r1plan.prices.book import PriceBook
from r1plan.prices.intervals import price_edges
from r1plan.prices.schedule import EffectivePrice

# A price of the clock changes at least once in so many days, the longest holidays with their weekends included.
_CLOCK_DAYS = timedelta(days=21)


@dataclass(frozen=True, slots=True)
class Change:
    """The first instant at which another price holds. `price` None: from then on none is known."""

    at: datetime
    price: EffectivePrice | None


def next_change(
    book: PriceBook, provider: str, model: str, at: datetime, input_tokens: int | None = None
) -> Change | None:
    """The next change of the price of `model` at `provider` after `at`, or None when none is known to come.

    A new row that costs the same is no change.
    """
    schedules = book.schedules(provider, model)
    horizon = min(at, datetime.max.replace(tzinfo=UTC) - 2 * _CLOCK_DAYS) + _CLOCK_DAYS
    edges = price_edges(schedules, at, horizon) | {edge for each in schedules for edge in (each.start, each.until)}
    now = book.price_at(provider, model, at, input_tokens)
    for edge in sorted(each for each in edges if at < each < datetime.max.replace(tzinfo=UTC)):
        then = book.price_at(provider, model, edge, input_tokens)
        if (then and then.rates) != (now and now.rates):
            return Change(edge, then)
    return None
