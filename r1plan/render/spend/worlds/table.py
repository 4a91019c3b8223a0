"""A report's other worlds as a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from r1plan.money import money
from r1plan.render.spend.worlds.words import stays_text
from r1plan.render.text.sanitize import printable
from r1plan.render.text.table import column_widths, table_row, table_width
from r1plan.render.text.units import count
from r1plan.render.text.width import shortened
from r1plan.render.text.wrap import wrapped
from r1plan.report.whatif.values import WhatIf

_SHOWN_SELLERS = 10
_NAME_CELLS = 28  # a name keeps these before columns are left out
_NARROW_HEADS = ("what if", "cost there", "at most", "as it was", "saved")
WHAT_IF_HEADS = ("what if", "cost there", "at least", "at most", "as it was", "saved", "requests", "that stay")


def what_if_cells(each: WhatIf, currency: str) -> Iterator[str]:
    """One world's cells, under WHAT_IF_HEADS: a dash for what is not known, or where nothing can be moved.

    What is saved is of the requests whose own cost is known; "+ ?" says that there are others.
    """
    yield printable(each.target)
    for amount in (each.cost_usd, each.low_usd, each.high_usd):
        yield _money(amount, currency)
    own = "-" if each.cost_usd is None else "not known"
    more = " + ?" if each.instead_unknown_requests else ""
    yield own if each.instead_usd is None else f"{money(each.instead_usd, currency)}{more}"
    yield (
        "-"
        if each.saving_usd is None
        else f"{'-' if each.saving_usd < 0 else ''}{money(abs(each.saving_usd), currency)}"
    )
    yield f"{each.movable_requests:,}"
    yield f"{each.immovable_requests:,}"


def seller_lines(replays: Sequence[WhatIf], currency: str, width: int) -> Iterator[str]:
    """The month with each seller of `replays`, the first ones, as a table for a terminal of `width` columns."""
    if not replays:
        return
    rows = [WHAT_IF_HEADS, *(tuple(what_if_cells(each, currency)) for each in replays[:_SHOWN_SELLERS])]
    widths = column_widths(rows)
    if table_width([min(widths[0], _NAME_CELLS), *widths[1:]]) > width:
        kept = [WHAT_IF_HEADS.index(head) for head in _NARROW_HEADS]
        rows = [tuple(row[column] for column in kept) for row in rows]
        widths = column_widths(rows)
    widths[0] = max(_NAME_CELLS // 2, widths[0] - max(0, table_width(widths) - width))
    for number, row in enumerate(rows):
        if number == 1:
            yield "─" * min(width, table_width(widths))
        name = shortened(row[0], widths[0], (widths[0] - 1) // 4)
        yield table_row((name, *row[1:]), widths, "<" + ">" * (len(row) - 1))
    if len(replays) > _SHOWN_SELLERS:
        yield f"and {count(len(replays) - _SHOWN_SELLERS, 'more seller')}: --format md, or --json."
    first = replays[0]
    if first.immovable:
        yield from wrapped(f"With the first seller {stays_text(first)}.", width, later="  ")


def _money(amount: Decimal | None, currency: str) -> str:
    return "-" if amount is None else money(amount, currency)
