"""A plan for a terminal: two lines to act on, the choice beside its alternatives, its memory, and what was rejected."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from r1plan.market.compare import ApiOffer
from r1plan.plan.plan import Plan
from r1plan.render.plan.bars import bar_lines
from r1plan.render.plan.model_lines import r1_text
from r1plan.render.plan.successors import successor_text
from r1plan.render.plan.summary import api_line, larger_line, rejected_line
from r1plan.render.plan.table import option_table
from r1plan.render.plan.view import EngineView, OptionT
from r1plan.render.text.command import command_lines
from r1plan.render.text.screen import Screen
from r1plan.render.text.wrap import wrapped

if TYPE_CHECKING:
    from r1plan.plan.outlook.outlook import Outlook

USUAL_LINES = 22
"""What is seen at once on a terminal of 24 lines, with the next prompt below."""
_HEADS = 2  # lines of a table before its first row
# How many options are shown at least, and whether the larger model is spoken of: what is tried, until all is in place.
_GIVES_WAY = ((5, True), (5, False), (3, False))
_REJECTED_LINES = 2


def plan_lines(
    view: EngineView[OptionT],
    plan: Plan[OptionT],
    api: Sequence[ApiOffer],
    screen: Screen,
    most: int | None = None,
    outlook: Outlook | None = None,
) -> Iterator[str]:
    """The plan for `screen`, in `most` lines where it can be: bars, the last options and remarks give way to that.

    The ways to do a month's work come on top of them.
    """
    opening = list(_opening(view, plan, api, screen, outlook))
    table = []
    if view.shows_table(plan):
        table = list(option_table(view, plan.options, plan.workload, screen, plan.successors))
    bars = bar_lines(view.bars(plan), screen) if table else []
    closing = _closing(view, plan, screen)
    if most is not None and table:
        shown, closing = _shortened(view, plan, screen, most - len(opening) - 1, len(table))
        if left_out := len(table) - shown:  # R1's successors are never among them
            place = len(table) - len(plan.successors) - left_out
            del table[place : place + left_out]
        if bars and len(opening) + len(table) + len(bars) + len(closing) + 3 > most:
            bars = []
    ways = _ways(outlook, screen) if most is not None else []  # else they are explained
    for part in (opening, table, bars, ways, closing):
        if part and part is not opening:
            yield ""
        yield from part


def _shortened(
    view: EngineView[OptionT], plan: Plan[OptionT], screen: Screen, room: int, wanted: int
) -> tuple[int, list[str]]:
    """How many of the table's `wanted` lines are shown, and the closing, in `room` lines together where it can be."""
    beside = len(plan.successors)
    for options, larger in _GIVES_WAY:
        closing = _closing(view, plan, screen, larger=larger)
        left = room - 1 - len(closing)
        if wanted <= left:
            return wanted, closing
        # That some are left out may take another line.
        left = room - 1 - len(_closing(view, plan, screen, wanted - left, larger=larger))
        if _HEADS + min(options + beside, wanted - _HEADS) <= left:
            return left, _closing(view, plan, screen, wanted - left, larger=larger)
    shown = min(wanted, _HEADS + _GIVES_WAY[-1][0] + beside)
    return shown, _closing(view, plan, screen, wanted - shown, larger=False)


def _opening(
    view: EngineView[OptionT],
    plan: Plan[OptionT],
    api: Sequence[ApiOffer],
    screen: Screen,
    outlook: Outlook | None,
) -> Iterator[str]:
    lines = view.opening(plan, screen.columns)
    if outlook is not None:
        from r1plan.render.outlook.opening import opening_lines

        lines = opening_lines(view, plan, outlook, screen.columns)
    for line in lines:
        yield from command_lines(line.text, screen.columns) if line.verbatim else _paragraph(line.text, screen)
    if plan.choice is not None and plan.choice.fits and plan.r1 is not None:
        yield from _paragraph(r1_text(plan.r1), screen)
    if plan.successors and (said := successor_text(plan)):
        yield from _paragraph(said, screen)
    if api:
        yield from _paragraph(api_line(api, plan.workload), screen)


def _ways(outlook: Outlook | None, screen: Screen) -> list[str]:
    if outlook is None or outlook.ways is None:
        return []
    from r1plan.render.outlook.frontier import frontier_lines

    columns = screen.columns
    lines = frontier_lines(outlook.ways, columns)
    return [each for line in lines for each in ([line] if len(line) <= columns else _paragraph(line, screen))]


def _closing(
    view: EngineView[OptionT], plan: Plan[OptionT], screen: Screen, left_out: int = 0, *, larger: bool = True
) -> list[str]:
    asked_alone = plan.choice is not None and any(each.id == plan.choice.id for each in plan.rejected)
    if asked_alone:  # its own line says why it will not do
        return []
    rejected = (_paragraph(rejected_line(view, plan, left_out, nearest=each), screen) for each in (True, False))
    said = next(rejected)
    if len(said) > _REJECTED_LINES:
        said = next(rejected)
    fits = plan.choice is not None and plan.choice.fits
    had = _paragraph(view.where_to_get(plan.choice), screen) if plan.choice is not None and fits else ()
    return [*(_paragraph(larger_line(plan), screen) if larger else ()), *said, *had]


def _paragraph(line: str, screen: Screen) -> list[str]:
    return wrapped(line, screen.columns, cut_words=True)
