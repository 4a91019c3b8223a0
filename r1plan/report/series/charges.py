"""What was charged, by day and kind of usage: what a bill has lines for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

ChargeKind = Literal[
    "fresh_input",
    "cached_input",
    "thinking",
    "answer",
    "output",  # of which nobody said how much was thinking
    "requests",  # that the provider billed, and whose price is not known
    "electricity",  # in watt-hours
    "uncertain",  # requests, of which only bounds are known
    "unpriced",  # requests, of which no price is known
    "uncosted",  # requests answered here, whose electricity is not known
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """The usage of one kind on a day at a unit price, and what it cost; the costs of all charges are the report's cost.

    `quantity` is tokens, requests or watt-hours, None where it is not known. `unit_usd` times the quantity is exactly
    `usd`; None where the price of a unit is not known. `usd` is None where the cost is not: it is then from `low_usd`
    to `high_usd`, where those are known. `tags` is a JSON object.
    """

    day: date
    provider: str
    model: str
    served: str | None
    project: str | None
    key: str | None
    tags: str | None
    price_id: str | None
    kind: ChargeKind
    unit_usd: Decimal | None
    quantity: Decimal | None
    usd: Decimal | None
    low_usd: Decimal | None = None
    high_usd: Decimal | None = None
