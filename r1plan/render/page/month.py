"""What a plan means for a month, on its page: figures of capacity and money, and the ways that nothing beats."""

from __future__ import annotations

from collections.abc import Iterator

from r1plan.plan.outlook.outlook import Outlook
from r1plan.render.outlook.explained import outlook_parts
from r1plan.render.outlook.frontier import HEADS, beaten_line, beaten_ways, left_out_text, shown_ways, way_cells
from r1plan.render.page.parts import PageTable


def month_parts(outlook: Outlook) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The headings with the sentences below each."""
    return tuple((part.heading, tuple(part.lines)) for part in outlook_parts(outlook))


def ways_table(outlook: Outlook) -> PageTable | None:
    """The ways to do the month's work that nothing beats; None where nobody said how many requests there are."""
    if outlook.ways is None or not outlook.ways.frontier.ways:
        return None
    rows = tuple(way_cells(way) for way in shown_ways(outlook.ways, in_full=True))
    return PageTable(HEADS, rows, frozenset({2, 3, 4}))


def ways_remarks(outlook: Outlook) -> Iterator[str]:
    """What is beaten by what, and what is left out."""
    if outlook.ways is None:
        return
    for beaten in beaten_ways(outlook.ways, 0, in_full=True):
        yield beaten_line(beaten)
    for each in outlook.ways.left_out:
        yield f"Left out: {each.id}, {left_out_text(each)}."
