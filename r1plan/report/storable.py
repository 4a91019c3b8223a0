"""Prices as the text that the report's tables hold exactly."""

from __future__ import annotations

from decimal import Decimal

from r1plan.errors import CatalogError
from r1plan.prices.cost import EXACT
from r1plan.prices.schedule import EffectivePrice

_STEP, _MOST_USD = Decimal("1e-15"), 1000


def storable_rate(usd: Decimal, price: EffectivePrice) -> str:
    """`usd` a token, which is of `price`, for DECIMAL(20, 15). Raises CatalogError where it would be rounded."""
    if usd >= _MOST_USD or EXACT.remainder(usd, _STEP):
        raise CatalogError(f"{price.id}: the price {usd} USD a token has more digits than a report can add up.")
    return format(usd, "f")
