"""Tokens that a bill prices otherwise than the book: at the other tier of the clock, or at a price we do not know."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from decimal import Decimal

from r1plan.report.reconcile.cells import Cell
from r1plan.report.reconcile.result import BillDifference
from r1plan.report.reconcile.sides import Kind, TokenPrices


def repriced(
    cell: Cell, day: str, today: Collection[TokenPrices], other_tiers: Collection[TokenPrices]
) -> list[BillDifference]:
    """What the bill's own prices explain; its tokens are then counted at ours.

    `today` are the book's rates of the day, `other_tiers` those of the same rows at other hours and days.
    """
    if not cell.is_priced:
        return []
    lines = []
    for (kind, price), tokens in sorted(cell.billed.items(), key=lambda item: (item[0][0], item[0][1] or 0)):
        if price is None or not tokens:
            continue
        unpriced = cell.logged.get((kind, None), 0) - cell.billed.get((kind, None), 0)
        if unpriced > 0:
            number = min(tokens, unpriced)
            lines.append(_moved(cell, day, kind, price, None, number))
            continue
        if any(rates.of(kind) == price for rates in today) or cell.logged.get((kind, price)):
            continue
        ours = _ours(cell, kind, price, tokens)
        if ours is not None:
            line = _moved(cell, day, kind, price, ours, tokens)
            is_tier = any(rates.of(kind) == price for rates in other_tiers)
            lines.append(line if not is_tier else _as_tier(line))
    return lines


def _ours(cell: Cell, kind: Kind, price: Decimal, tokens: int) -> Decimal | None:
    """The price in the log that the bill's `price` stands for: of as many tokens, else of some that the bill lacks."""
    found = [
        (each, number) for (other, each), number in cell.logged.items() if other == kind and each is not None and number
    ]
    if not found:
        return None
    return min(
        found,
        key=lambda item: (
            item[1] - cell.billed.get((kind, item[0]), 0) != tokens,
            bool(cell.billed.get((kind, item[0]))),
            abs(item[0] - price),
        ),
    )[0]


def _moved(cell: Cell, day: str, kind: Kind, price: Decimal, ours: Decimal | None, tokens: int) -> BillDifference:
    cell.billed[kind, price] -= tokens
    cell.billed[kind, ours] = cell.billed.get((kind, ours), 0) + tokens
    return BillDifference(
        cause="unpriced" if ours is None else "price",
        day=day,
        model=cell.model,
        usd=tokens * (price - (ours or Decimal(0))),
        tokens={kind: tokens},
        kind=kind,
        billed_price=price,
        our_price=ours,
    )


def _as_tier(line: BillDifference) -> BillDifference:
    return replace(line, cause="tier")
