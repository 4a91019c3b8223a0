"""A report's other worlds as a table, for pages and Markdown."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from r1plan.money import money
from r1plan.render.text.sanitize import printable
from r1plan.report.whatif.values import WhatIf

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


def _money(amount: Decimal | None, currency: str) -> str:
    return "-" if amount is None else money(amount, currency)
