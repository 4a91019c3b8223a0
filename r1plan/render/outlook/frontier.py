"""The ways to do a month's work beside each other, and what was left out."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from r1plan.money import month_usd
from r1plan.plan.outlook.frontier import Beaten, Way
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
_LEFT_OUT = {
    "serves none": "cannot serve it",
    "context": "cuts off most requests",
    "needs more machines": "cannot serve it alone",
    "cost unknown": "cost is not known",
    "no published score": "has no published score",
    "price ends": "price ends within the month",
    "another currency": "is sold in another currency",
}


def frontier_lines(ways: ComparedWays, columns: int, *, in_full: bool = False) -> Iterator[str]:
    """A table of about five ways, none wider than so many columns; `in_full` of all, with what is beaten by which."""
    found = ways.frontier
    shown = found.ways if in_full else found.shown(MOST_WAYS, ways.own)
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
    if more := len(found.ways) - len(shown):
        yield f"{count(more, 'more way')} that nothing beats (--explain)."
    yield from (beaten_line(each) for each in (found.beaten if in_full else found.beaten[: MOST_WAYS - len(shown)]))
    if in_full:
        for each in ways.left_out:
            yield printable(f"{each.id} {left_out_text(each)}")
    elif ways.left_out:
        yield left_out_line(ways.left_out)


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
    """What it runs on in all, and whose that is: "1 x RTX 4090", "16 x H200 SXM, rented", "DeepSeek's API"."""
    if way.kind == "api":
        return f"{way.seller}'s API"
    names = [_SIZE.sub("", card_name(each)) for each in way.cards] or ["processor"]
    cards = {each: names.count(each) * way.machines for each in names}
    said = " and ".join(f"{number:,} x {each}" for each, number in cards.items())
    return said if way.kind == "electricity" else f"{said}, {way.kind}"


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
    if each.reason == "needs more machines" and each.machines is not None:
        return f"cannot serve it alone: that takes {each.machines:,} such machines"
    return _LEFT_OUT[each.reason]


def left_out_line(left_out: Sequence[UncomparedWay]) -> str:
    """How many ways are left out, and why."""
    numbers = Counter(each.reason for each in left_out)
    parts = ", ".join(f"{number} {_LEFT_OUT[reason]}" for reason, number in numbers.items())
    return f"Left out: {parts}."
