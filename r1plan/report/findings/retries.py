"""Questions that were asked more than once, and what the attempts cost that nobody needed."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar

from r1plan.report.database import rows
from r1plan.report.findings.finding import FindingKind, SpendFinding, finding_sql, is_much

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_MANY = 20
_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retries(SpendFinding):
    """`requests` attempts beside the one that answered, most of them (`at_provider`) at `provider`.

    `unanswered` questions got no answer at all.
    """

    kind: ClassVar[FindingKind] = "retries"
    provider: str
    at_provider: int
    unanswered: int


def find_retries(database: DuckDBPyConnection, cost_usd: Decimal | None) -> Retries | None:
    """The attempts of all questions, of the table `superseded`; None where each was asked once."""
    found = rows(database, finding_sql("retries"))
    if not found:
        return None
    requests = sum(each["requests"] for each in found)
    low = sum((each["low_usd"] for each in found), _ZERO)
    high = sum((each["high_usd"] for each in found), _ZERO)
    unbounded = any(each["unbounded"] for each in found)
    return Retries(
        basis="measured" if low == high and not unbounded else "estimated",
        requests=requests,
        low_usd=low,
        high_usd=None if unbounded else high,
        worth_telling=is_much(None if unbounded else high, cost_usd) or requests >= _MANY,
        provider=found[0]["provider"],
        at_provider=found[0]["requests"],
        unanswered=sum(each["unanswered"] for each in found),
    )
