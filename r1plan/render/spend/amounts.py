"""Bounds of an amount as text."""

from __future__ import annotations

from decimal import Decimal

from r1plan.money import money


def span(low: Decimal | None, high: Decimal | None, currency: str) -> str:
    """Two bounds: "$0.02 to $0.24"; one figure where they are equal."""
    if low is None and high is None:
        return "an amount that is not known"
    known = "an unknown amount" if low is None else money(low, currency)
    return known if low == high else f"{known} to {'an unknown amount' if high is None else money(high, currency)}"
