"""The dearest single requests."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar

from r1plan.instants import from_us
from r1plan.report.database import rows
from r1plan.report.findings.finding import FindingKind, SpendFinding, finding_sql

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_MANY = 50
_TIMES_THE_MEAN = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class DearRequest:
    """One request: which it is, when it ended, and what it used and cost."""

    id: str
    at: datetime
    provider: str
    model: str
    project: str | None
    input_tokens: int | None
    cache_hit_tokens: int | None
    output_tokens: int | None
    thinking_tokens: int | None
    cost_usd: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class DearestRequests(SpendFinding):
    """The ten dearest, the dearest first. They matter on the first screen where they cost far more than others."""

    kind: ClassVar[FindingKind] = "dearest"
    dearest: tuple[DearRequest, ...]


def find_dearest(
    database: DuckDBPyConnection, cost_usd: Decimal | None, priced_requests: int
) -> DearestRequests | None:
    """None where no single request has a cost."""
    (bounds,) = rows(database, finding_sql("dearest_least"))
    found = [
        DearRequest(at=from_us(row.pop("placed_us")), **row) for row in rows(database, finding_sql("dearest"), bounds)
    ]
    if not found:
        return None
    total = sum((each.cost_usd for each in found), Decimal(0))
    whole = cost_usd or Decimal(0)
    return DearestRequests(
        basis="measured",
        requests=len(found),
        low_usd=total,
        high_usd=total,
        # A tenth of the cost in ten of many requests, or one that costs as much as ten others.
        worth_telling=priced_requests >= _MANY
        and (total * 5 >= whole or found[0].cost_usd * priced_requests >= whole * _TIMES_THE_MEAN),
        dearest=tuple(found),
    )
