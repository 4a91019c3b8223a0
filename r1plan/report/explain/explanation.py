"""Which rows, counts and prices the figures of a report are made of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from importlib.resources import files
from typing import TYPE_CHECKING, Literal

from r1plan.prices.book import PriceBook
from r1plan.prices.schedule import EffectivePrice, PriceSchedule
from r1plan.report.database import rows

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

COUNTED_FIELDS = ("input_tokens", "cache_hit_tokens", "output_tokens", "thinking_tokens")

CostBasis = Literal[
    "priced",  # tokens at a price of the book
    "billed",  # the provider's own bill
    "electricity",  # answered here
    "uncertain",  # within bounds
    "unpriced",
    "free",  # nothing was used
]


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceUse:
    """One tier of one price, what it was used for, and since when and from where it is known.

    `hours_utc` are the windows of the tier, as "16:30-00:30"; empty: whenever no other tier holds.
    """

    price: EffectivePrice
    hours_utc: tuple[str, ...]
    requests: int
    cost_usd: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class CostPart:
    """`requests` whose cost is known in the way of `basis`, and what they cost; 0 where their cost is not known."""

    basis: CostBasis
    requests: int
    cost_usd: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What the figures are made of.

    `sources` counts requests by the tool that logged them; `counted` says for each of COUNTED_FIELDS how many requests
    have it from whom: "reported" by the provider, "counted" or "estimated" by the tool, "unsaid" where the row does
    not say, "unknown" where there is none. `usable_rows` is how many rows `files` hold, of any time.
    """

    files: int
    usable_rows: int
    sources: Mapping[str, int]
    counted: Mapping[str, Mapping[str, int]]
    parts: tuple[CostPart, ...]
    prices: tuple[PriceUse, ...]


def explanation(database: DuckDBPyConnection, book: PriceBook, file_count: int) -> Explanation:
    """What the table of priced requests, of `file_count` files, was made of. One scan."""
    found = rows(database, _sql("explain"))
    ((usable,),) = database.execute("SELECT count(*) FROM entry WHERE usable").fetchall()
    sources: Counter[str] = Counter()
    parts: dict[CostBasis, tuple[int, Decimal]] = {}
    counted: dict[str, Counter[str]] = {name: Counter() for name in COUNTED_FIELDS}
    used: dict[tuple[str, str, str, str | None], tuple[int, Decimal]] = {}
    for row in found:
        number, usd = int(row["requests"]), row["cost_usd"]
        sources[row["source"]] += number
        for name in COUNTED_FIELDS:
            counted[name][row[name]] += number
        basis: CostBasis = row["basis"]
        requests, before = parts.get(basis, (0, Decimal(0)))
        parts[basis] = (requests + number, before + usd)
        if basis == "priced":
            key = (row["provider"], row["model"], row["price_id"], row["tier"])
            requests, before = used.get(key, (0, Decimal(0)))
            used[key] = (requests + number, before + usd)
    return Explanation(
        files=file_count,
        usable_rows=usable,
        sources=dict(sorted(sources.items())),
        counted={name: dict(sorted(each.items())) for name, each in counted.items()},
        parts=tuple(
            CostPart(basis=basis, requests=requests, cost_usd=usd) for basis, (requests, usd) in sorted(parts.items())
        ),
        prices=tuple(
            use
            for key, (requests, usd) in sorted(used.items(), key=lambda each: tuple(part or "" for part in each[0]))
            for use in _use(book, key, requests, usd)
        ),
    )


def _use(
    book: PriceBook, key: tuple[str, str, str, str | None], requests: int, cost_usd: Decimal
) -> tuple[PriceUse, ...]:
    """The price of `key`; none only where the book is not the one that priced it."""
    provider, model, price_id, tier = key
    for schedule in book.schedules(provider, model):
        if schedule.base.id == price_id and (price := _tier_of(schedule, tier)) is not None:
            clock = [each for each in schedule.clock if each.price.tier == price.tier]
            hours = tuple(f"{w.start:%H:%M}-{w.end:%H:%M}" for each in clock for w in each.rule.windows_utc)
            return (PriceUse(price=price, hours_utc=hours, requests=requests, cost_usd=cost_usd),)
    return ()


def _tier_of(schedule: PriceSchedule, tier: str | None) -> EffectivePrice | None:
    """The price of `schedule` that is called `tier`; a sum over a time has none, and the price without a clock."""
    longer = (price for _, price in schedule.above_input_tokens)
    prices = (schedule.base, *(each.price for each in schedule.clock), *longer)
    return schedule.base if tier is None else next((each for each in prices if each.tier == tier), None)


def _sql(name: str) -> str:
    return files("r1plan.report.explain").joinpath(f"sql/{name}.sql").read_text("utf-8")
