"""What was charged, by day and kind of usage: what a bill has lines for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from duckdb import DuckDBPyConnection

from r1plan.report.database import rows, sql
from r1plan.report.series.read import load_slots

ChargeKind = Literal[
    "fresh_input",
    "cached_input",
    "thinking",
    "answer",
    "output",  # of which nobody said how much was thinking
    "requests",  # that the provider billed, and whose price is not known
    "electricity",  # in watt-hours
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """The usage of one kind on a day at a unit price, and what it cost; the costs of all charges are the report's cost.

    `quantity` is tokens, requests or watt-hours, None where it is not known. `unit_usd` times the quantity is exactly
    `usd`; None where the price of a unit is not known. `tags` is a JSON object.
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
    usd: Decimal


def read_charges(database: DuckDBPyConnection, timezone: str, first: datetime, last: datetime) -> tuple[Charge, ...]:
    """The charges of the table `priced`, whose requests are placed from `first` to `last`, in days of `timezone`."""
    load_slots(database, first, last, timezone)
    return tuple(Charge(**row) for row in rows(database, sql("charge")))
