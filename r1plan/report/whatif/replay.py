"""The requests of a report in other worlds: one reading of them for all, then sums times prices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from duckdb import DuckDBPyConnection

from r1plan.catalog.price import Currency
from r1plan.instants import from_us, in_us
from r1plan.prices.book import START_NOT_VERIFIED, PriceBook
from r1plan.report.database import rows, sql
from r1plan.report.whatif.answers import Answers
from r1plan.report.whatif.caches import Caches
from r1plan.report.whatif.local import LocalReplay
from r1plan.report.whatif.moved import Moved
from r1plan.report.whatif.target import Source, Target, WhatIfQuestion
from r1plan.report.whatif.thinking import ThinkingRatios
from r1plan.report.whatif.values import WhatIf
from r1plan.report.whatif.weigh import Weighing
from r1plan.report.whatif.worlds import World, WorldPrices, price_columns, world_prices

_QUARTER_US = 900_000_000
_MOST_SLOTS = 100_000
_SOURCES = """
SELECT
    provider, model, min(LEAST(started_us, placed_us)), max(GREATEST(placed_us, started_us + span_us)),
    bool_or(span_us > 0 OR requests IS DISTINCT FROM 1)
FROM priced GROUP BY provider, model ORDER BY provider, model
"""


class _Move(NamedTuple):
    """A target, and where the requests of each source are in it: the number of a world."""

    target: Target
    seller: Source | None
    worlds: Mapping[Source, int]


@dataclass(frozen=True, slots=True)
class _Asked:
    """Where and when the requests were, of what the replay is made."""

    sources: tuple[Source, ...]
    since: datetime
    until: datetime
    has_aggregates: bool


def replayed(
    database: DuckDBPyConnection, question: WhatIfQuestion, book: PriceBook, currency: Currency
) -> tuple[WhatIf, ...]:
    """The requests in the table `priced` in every world of `question` that a price list says, in its order.

    The sellers of "all" stand together, the one first where most is saved. Prices are those of `book`.
    """
    asked = _asked(database)
    targets = question.targets
    if asked is None or not targets:
        return tuple(WhatIf(target=each.asked, asked=each.asked) for each in targets if each.kind != "all")
    there = book if question.as_of is None else book.as_of(question.as_of)
    worlds: dict[World, int] = {}
    moves = [
        move for target in targets if target.kind != "local" for move in _moves(target, question, there, asked, worlds)
    ]
    prices = world_prices(there, list(worlds), asked.since, asked.until)
    answers = Answers(question.serves, book, asked.sources, prices)
    replays = _bought(database, question, asked, moves, prices, answers, currency) if moves else []
    if question.local is not None and (own := [each for each in targets if each.kind == "local"]):
        within = question.within or (asked.since, asked.until)
        here = LocalReplay(database, answers, question.local, within, currency)
        replays += [(target, here.what_if(target)) for target in own]
    return tuple(_in_order(replays, targets))


def _bought(
    database: DuckDBPyConnection,
    question: WhatIfQuestion,
    asked: _Asked,
    moves: Sequence[_Move],
    prices: WorldPrices,
    answers: Answers,
    currency: Currency,
) -> list[tuple[Target, WhatIf]]:
    """What the worlds of a price list answer."""
    caps = tuple(sorted({each.tokens for each in question.targets if each.tokens is not None}))
    _fill(database, asked, prices, caps, currency)
    found: dict[int, list[Moved]] = {number: [] for number in range(len(moves))}
    for row in rows(database, _moved_statement(caps), _move_values(moves, prices)):
        spared = {cap: row.pop(f"spared_{place}") for place, cap in enumerate(caps)}
        found[row.pop("target")].append(Moved(**row, spared_usd=spared))
    elsewhere = any(move.seller is not None for move in moves)
    thinking = ThinkingRatios(rows(database, sql("what_if_thinking")) if elsewhere else (), answers)
    caches, by_id = Caches(question.finds_prefixes), {each.price.id: each.price for each in prices.prices}
    weighing = Weighing(answers, caches, thinking, question.as_of, by_id)
    return [
        (move.target, weighing.what_if(move.target, move.seller, found[number])) for number, move in enumerate(moves)
    ]


def _asked(database: DuckDBPyConnection) -> _Asked | None:
    """What the requests span; None where there is none."""
    found = database.execute(_SOURCES).fetchall()
    if not found:
        return None
    since = from_us(min(first_us for _, _, first_us, _, _ in found))
    until = from_us(max(last_us for _, _, _, last_us, _ in found) + 1)
    sources = tuple((provider, model) for provider, model, *_ in found)
    return _Asked(sources, since, until, any(aggregates for *_, aggregates in found))


def _moves(
    target: Target, question: WhatIfQuestion, book: PriceBook, asked: _Asked, worlds: dict[World, int]
) -> list[_Move]:
    """Where `target` moves the requests; `worlds` gains those that it needs."""

    def number(world: World) -> int:
        return worlds.setdefault(world, len(worlds))

    if target.seller is not None:
        place = number(World(target.seller))
        return [_Move(target, target.seller, dict.fromkeys(asked.sources, place))]
    if target.kind == "all":
        found = []
        for source in sorted(_sold(book, asked, question)):
            place = number(World(source))
            found.append(_Move(target, source, dict.fromkeys(asked.sources, place)))
        return found
    own = {each: number(World(each, cheapest_hours=target.kind == "off-peak")) for each in asked.sources}
    return [_Move(target, None, own)]


def _sold(book: PriceBook, asked: _Asked, question: WhatIfQuestion) -> set[Source]:
    """Every model under its own id that has a price at some time of the requests, and was out by then."""
    at = question.as_of or asked.until
    return {
        (provider, name)
        for provider, name in book.names()
        for each in book.schedules(provider, name)
        if each.base.model == name and each.start < asked.until and asked.since < each.until
        if START_NOT_VERIFIED not in each.base.caveats or question.is_out((provider, name), each.base.served_model, at)
    }


def _fill(
    database: DuckDBPyConnection, asked: _Asked, prices: WorldPrices, caps: Sequence[int], currency: Currency
) -> None:
    """Make the tables of stretches, prices and cells."""
    starts = [in_us(each) for each in prices.edges]
    slot_us = max(_QUARTER_US, (starts[-1] - starts[0]) // _MOST_SLOTS)
    database.execute(sql("what_if_segment"), {"starts_us": starts[:-1], "untils_us": starts[1:], "slot_us": slot_us})
    database.execute(sql("what_if_price"), dict(price_columns(prices, currency)))
    needed = {
        "STARTED": ("started_us", asked.has_aggregates or "start" in prices.decides),
        "FIRST": ("COALESCE(first_token_us, placed_us)", "first_token" in prices.decides),
        "UNTIL": ("GREATEST(started_us + span_us - 1, started_us)", asked.has_aggregates),
    }
    statement, joins = sql("what_if_cell"), ""
    for name, (at_us, is_needed) in needed.items():
        table = f"at_{name.lower()}"
        statement = statement.replace(f"/*{name}*/", f"{table}.segment" if is_needed else "placed.segment")
        if is_needed:
            joins += (
                f"JOIN what_if_segment AS {table} ON {at_us} // $slot_us = {table}.slot "
                f"AND {at_us} >= {table}.start_us AND {at_us} < {table}.until_us\n"
            )
    capped = "".join(f"COALESCE(sum(LEAST(thought, {cap})), 0) AS capped_{place}, " for place, cap in enumerate(caps))
    statement = (
        statement.replace("/*JOINS*/", joins)
        .replace("/*INPUT*/", _band("entire", prices.inputs))
        .replace("/*TOTAL*/", _band("entire + written", prices.totals))
        .replace("/*OUTPUT*/", _band("written", prices.outputs))
        .replace("/*CAPPED*/", capped)
    )
    database.execute(statement, {"slot_us": slot_us})


def _band(tokens: str, edges: Sequence[int]) -> str:
    """How many of `edges` are passed by so many tokens."""
    return " + ".join(f"CAST({tokens} > {edge} AS INTEGER)" for edge in edges) or "0"


def _moved_statement(caps: Sequence[int]) -> str:
    spared = "".join(
        f"sum(output_usd * (thought - capped_{place})) AS spared_{place}, " for place, _ in enumerate(caps)
    )
    return sql("what_if_moved").replace("/*SPARED*/", spared)


def _move_values(moves: Sequence[_Move], prices: WorldPrices) -> Mapping[str, object]:
    columns: dict[str, list[object]] = {}
    for number, move in enumerate(moves):
        for source, world in move.worlds.items():
            row: dict[str, object] = {
                "target": number,
                "provider": source[0],
                "model": source[1],
                "world": world,
                "is_elsewhere": move.seller is not None,
                "is_same": move.seller == source,
                "needs_clock": move.target.kind == "off-peak",
            }
            for name, value in row.items():
                columns.setdefault(name, []).append(value)
    return {**columns, "last_band": len(prices.inputs)}


def _in_order(replays: Sequence[tuple[Target, WhatIf]], targets: Sequence[Target]) -> list[WhatIf]:
    """By the order in which worlds were asked for; of all sellers those that anything can move to."""
    found = []
    for target in targets:
        its = [each for asked, each in replays if asked == target]
        if target.kind == "all":
            its = sorted((each for each in its if each.movable_requests), key=_place)
        found += its
    return found


def _place(each: WhatIf) -> tuple[bool, Decimal, Decimal, str]:
    """Where most is saved first: of sellers that all requests can move to, the cheapest."""
    return each.saving_usd is None, -(each.saving_usd or Decimal(0)), each.cost_usd or Decimal(0), each.target
