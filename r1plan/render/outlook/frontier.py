"""The ways to do a month's work beside each other, and what was left out."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from r1plan.money import month_usd
from r1plan.plan.outlook.frontier import Beaten, Frontier, Way
from r1plan.plan.outlook.ways import ComparedWays, UncomparedWay
from r1plan.render.text.sanitize import printable
from r1plan.render.text.table import column_widths, table_row
from r1plan.render.text.units import card_name, count, short_duration
from r1plan.render.text.width import shortened

MOST_WAYS = 5
HEADS = ("way", "where", "GPQA", "answer", "a month")
_SIDES = ("<", "<", ">", ">", ">")
_GAP = "  "
_SIZE = re.compile(r" \d+ GB$")
_LEAST_NAME = 16
_DEARER = 100  # times as much as the cheapest: for whom that is no way
_LEFT_OUT = {
    "serves none": "unable to serve it",
    "context": "cutting off most requests",
    "cost unknown": "without a known price",
    "no published score": "without a published score",
    "price ends": "without a price to the month's end",
    "another currency": "sold in another currency",
}


def frontier_lines(ways: ComparedWays, columns: int, *, in_full: bool = False) -> Iterator[str]:
    """A table of about five ways, none wider than so many columns; `in_full` of all, with what is beaten by which.

    The choice is the first row.
    """
    shown = shown_ways(ways, in_full=in_full)
    rows = [HEADS, *map(way_cells, shown)]
    widths = column_widths([list(row) for row in rows])
    over = sum(widths) + len(_GAP) * (len(widths) - 1) - columns
    for place in (0, 1):
        if over > 0:
            less = min(over, max(widths[place] - _LEAST_NAME, 0))
            widths[place] -= less
            over -= less
    for row in rows:
        cells = [
            shortened(cell, widths[place], widths[place] // 2) if place < 2 else cell for place, cell in enumerate(row)
        ]
        yield table_row(cells, widths, _SIDES, _GAP).rstrip()
    hidden = [way for way in ways.frontier.ways if way not in shown]
    if dear := sum(is_dear(way, ways) for way in hidden):
        yield f"{count(dear, 'dearer way')} that nothing beats (--explain)."
    if more := len(hidden) - dear:
        yield f"{count(more, 'more way')} that nothing beats (--explain)."
    yield from map(beaten_line, beaten_ways(ways, len(shown), in_full=in_full))
    if in_full:
        for each in ways.left_out:
            yield printable(f"Left out: {each.id}, {left_out_text(each)}.")
    elif ways.left_out:
        yield left_out_line(ways.left_out)


def shown_ways(ways: ComparedWays, *, in_full: bool) -> tuple[Way, ...]:
    """The choice, beaten or not, and about five of the frontier, the best first; none there that are far dearer.

    `in_full` all of the frontier.
    """
    near = ways.frontier.ways
    if not in_full:
        most = MOST_WAYS - (ways.choice is not None and ways.choice not in near)
        near = Frontier(tuple(way for way in near if not is_dear(way, ways)), ()).shown(most, ways.choice)
    choice = () if ways.choice is None else (ways.choice,)
    return (*choice, *(way for way in near if way != ways.choice))


def is_dear(way: Way, ways: ComparedWays) -> bool:
    """Whether a way that is not the choice costs over a hundred times what the cheapest does."""
    cheapest = min(each.usd_per_month for each in ways.frontier.ways)
    return way != ways.choice and 0 < cheapest < way.usd_per_month / _DEARER


def beaten_ways(ways: ComparedWays, shown: int, *, in_full: bool) -> list[Beaten]:
    """What is beaten, the choice first; else than `in_full` it and a few, where the table has few rows."""
    beaten = sorted(ways.frontier.beaten, key=lambda each: each.way != ways.choice)
    if in_full:
        return beaten
    near = [each for each in beaten if not is_dear(each.way, ways)]
    return near[: max(MOST_WAYS - shown, int(any(each.way == ways.choice for each in near)))]


def beaten_line(beaten: Beaten) -> str:
    """By what a way is beaten, and in what."""
    way, by = beaten
    what = f"{name(way)}, {where(way)}, {month_usd(way.usd_per_month)} a month"
    other = name(by) if by.model == way.model or by.kind != "api" else where(by)
    return printable(f"{what}: beaten by {other}, {beaten_text(way, by)}.")


def way_cells(way: Way) -> tuple[str, ...]:
    """One way as cells under HEADS."""
    return (
        printable(name(way)),
        printable(where(way)),
        f"{way.quality.value:.1f}",
        short_duration(way.seconds),
        month_usd(way.usd_per_month),
    )


def name(way: Way) -> str:
    """The option, or what a seller calls its model, without the maker."""
    return way.id.rpartition("/")[2]


def where(way: Way) -> str:
    """What it runs on in all, and whose that is: "16 x H200 SXM, rented", "DeepSeek's API"."""
    if way.kind == "api":
        return f"{way.seller}'s API"
    cards = card_numbers(way.cards, way.machines) or {"processor": way.machines}
    said = " and ".join(f"{number:,} x {each}" for each, number in cards.items())
    return f"{said}, {way.kind}"


def card_numbers(cards: Sequence[str], machines: int) -> dict[str, int]:
    """How many of each kind of `cards` so many machines have in all."""
    names = [_SIZE.sub("", card_name(each)) for each in cards]
    return {each: names.count(each) * machines for each in names}


def beaten_text(way: Way, by: Way) -> str:
    """In what one way is better than another."""
    said = []
    if by.quality.value > way.quality.value:
        said.append("better")
    if by.seconds < way.seconds:
        said.append("faster")
    if by.usd_per_month < way.usd_per_month:
        said.append("cheaper")
    return ", ".join(said) or "in nothing worse"


def left_out_text(each: UncomparedWay) -> str:
    """Why a way is not set beside the others."""
    return _LEFT_OUT[each.reason]


def left_out_line(left_out: Sequence[UncomparedWay]) -> str:
    """How many ways are left out, and why."""
    numbers = Counter(each.reason for each in left_out)
    parts = ", ".join(f"{number} {_LEFT_OUT[reason]}" for reason, number in numbers.items())
    return f"Left out: {parts}."
