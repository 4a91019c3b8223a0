"""A plan's first lines with what it means for a month: the headline says whom the machine serves, and for what."""

from __future__ import annotations

from collections.abc import Iterator

from r1plan.money import month_usd
from r1plan.plan.outlook.outlook import Outlook
from r1plan.plan.plan import Plan
from r1plan.render.outlook.words import api_name, bill_name, break_even_text, month_clause
from r1plan.render.plan.view import EngineView, Line, OptionT

_ROOM = 0.6  # of a line: the headline leaves the table's figures out, as more follows it


def opening_lines(
    view: EngineView[OptionT], plan: Plan[OptionT], outlook: Outlook | None, columns: int
) -> Iterator[Line]:
    """The view's own opening; where a month was asked about its headline says more, and a line on money follows."""
    if outlook is None or outlook.choice is None:
        yield from view.opening(plan, columns)
        return
    clause = month_clause(outlook)
    lines = list(view.opening(plan, int(columns * _ROOM) if clause else columns))
    if clause and lines:
        yield Line(f"{lines[0].text.removesuffix('.')}; {clause}.")
        lines = lines[1:]
    yield from lines
    if outlook.is_asked and (money := money_line(outlook)):
        yield Line(money)


def money_line(outlook: Outlook) -> str:
    """What the output costs, and from where on that pays."""
    choice, against, even = outlook.choice, outlook.against, outlook.break_even
    if choice is None or not choice.capacity.requests_per_day:
        return ""
    said = []
    flat_out = choice.cost.usd_per_mtok_flat_out
    if outlook.demand.requests_per_day is None and flat_out is not None:
        kind = bill_name(choice.cost.kind).capitalize()
        said.append(f"{kind} without a pause: {month_usd(flat_out)} a million tokens of output.")
    if even is not None and against is not None:
        said.append(break_even_text(even, api_name(against), choice.cost.kind))
    return " ".join(said)
