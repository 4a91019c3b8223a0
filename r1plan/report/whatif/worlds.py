"""The prices of other worlds as a table: of each name, in which stretch of time and for which inputs each holds."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from r1plan.catalog.price import Currency
from r1plan.prices.book import EffectivePrice, PriceBook
from r1plan.prices.intervals import PriceInterval, price_intervals
from r1plan.report.storable import storable_rate
from r1plan.report.whatif.target import Source

_COLUMNS = (
    *("world", "number", "since", "before", "low_band", "high_band", "price_id", "decides", "has_clock", "is_other"),
    *("context_rank", "output_rank", "miss", "hit", "output"),
)


class World(NamedTuple):
    """The prices of `source`; `cheapest_hours`: each row's cheapest hours at all hours."""

    source: Source
    cheapest_hours: bool = False


class WorldPrice(NamedTuple):
    """One price of a world for one stretch and band of inputs. `has_clock` false: no hour of its row is cheaper."""

    world: int
    stretch: PriceInterval
    price: EffectivePrice
    has_clock: bool


@dataclass(frozen=True, slots=True)
class WorldPrices:
    """All prices of some worlds, `edges` at which any of them may change, and the lengths that tell them apart.

    `inputs`, `totals` and `outputs` are numbers of tokens: a request longer than one of them is another matter there.
    """

    prices: tuple[WorldPrice, ...]
    edges: tuple[datetime, ...]
    inputs: tuple[int, ...]
    totals: tuple[int, ...]
    outputs: tuple[int, ...]

    @property
    def decides(self) -> frozenset[str]:
        """Which instants of a request decide any of the prices."""
        return frozenset(each.price.tier_instant for each in self.prices)


def world_prices(book: PriceBook, worlds: Sequence[World], since: datetime, until: datetime) -> WorldPrices:
    """The prices of `worlds`, by `book`, from `since` until `until`."""
    prices = tuple(each for number, world in enumerate(worlds) for each in _prices(book, number, world, since, until))
    stretches = [each.stretch for each in prices]
    limits = [each.price for each in prices]
    return WorldPrices(
        prices=prices,
        edges=tuple(sorted({since, until, *(edge for each in stretches for edge in (each.start, each.until))})),
        inputs=tuple(sorted({each.input_above for each in stretches if each.input_above >= 0})),
        totals=_known(each.context_tokens for each in limits),
        outputs=_known(each.max_output_tokens for each in limits),
    )


def price_columns(found: WorldPrices, currency: Currency) -> Mapping[str, list[object]]:
    """The prices as lists for SQL, one place each: numbers of stretches of `edges`, of bands, and money as text."""
    columns: dict[str, list[object]] = {name: [] for name in _COLUMNS}
    for number, (world, stretch, price, has_clock) in enumerate(found.prices):
        row: dict[str, object] = {
            "world": world,
            "number": number,
            "since": bisect_left(found.edges, stretch.start),
            "before": bisect_left(found.edges, stretch.until),
            "low_band": rank(found.inputs, stretch.input_above),
            "high_band": len(found.inputs)
            if stretch.input_up_to is None
            else rank(found.inputs, stretch.input_up_to) - 1,
            "price_id": price.id,
            "decides": price.tier_instant,
            "has_clock": has_clock,
            "is_other": price.currency != currency,
            "context_rank": rank(found.totals, price.context_tokens),
            "output_rank": rank(found.outputs, price.max_output_tokens),
            "miss": storable_rate(price.per_token.miss, price),
            "hit": storable_rate(price.per_token.hit, price),
            "output": storable_rate(price.per_token.output, price),
        }
        for name, value in row.items():
            columns[name].append(value)
    return columns


def rank(edges: Sequence[int], edge: int | None) -> int:
    """How many of `edges` something passes that is longer than `edge`: more than all where there is none."""
    if edge is None:
        return len(edges) + 1
    return bisect_left(edges, edge) + 1 if edge >= 0 else 0


def _known(limits: Iterable[int | None]) -> tuple[int, ...]:
    return tuple(sorted({each for each in limits if each is not None}))


def _prices(book: PriceBook, number: int, world: World, since: datetime, until: datetime) -> Iterator[WorldPrice]:
    for stretch in price_intervals(book, [world.source], since, until):
        cheapest = _cheapest(book, stretch) if world.cheapest_hours else None
        yield WorldPrice(number, stretch, cheapest or stretch.price, cheapest is not None)


def _cheapest(book: PriceBook, stretch: PriceInterval) -> EffectivePrice | None:
    """The price of the row's cheapest hours; None where its price is the same at all hours."""
    schedules = book.schedules(stretch.provider, stretch.name)
    row = next(each for each in schedules if each.start <= stretch.start < each.until)
    if not row.clock or any(stretch.price is price for _, price in row.above_input_tokens):
        return None
    by_hour = (row.base, *(tier.price for tier in row.clock))
    return min(by_hour, key=lambda each: (each.per_token.output, each.per_token.miss, each.per_token.hit))
