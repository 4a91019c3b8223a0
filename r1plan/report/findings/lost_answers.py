"""Answers that were paid for, or may be, and never received whole."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar

from r1plan.report.database import rows
from r1plan.report.findings.finding import FindingKind, SpendFinding, finding_sql, is_much

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class LostReason:
    """How many answers were lost for `reason`, a word of the log's `end_reason`, or its status."""

    reason: str
    requests: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LostAnswers(SpendFinding):
    """Requests that were broken off, failed or never ended, and cost something; `reasons`, the dearest first."""

    kind: ClassVar[FindingKind] = "lost_answers"
    reasons: tuple[LostReason, ...]


def find_lost_answers(database: DuckDBPyConnection, cost_usd: Decimal | None, now_us: int) -> LostAnswers | None:
    """None where every answer that cost something came, or was asked for again; the table `superseded` has those."""
    found = rows(database, finding_sql("lost_answers"), {"now_us": now_us})
    if not found:
        return None
    low = sum((each["low_usd"] for each in found), _ZERO)
    high = sum((each["high_usd"] for each in found), _ZERO)
    unbounded = any(each["unbounded"] for each in found)
    return LostAnswers(
        basis="measured" if low == high and not unbounded else "estimated",
        requests=int(sum(each["requests"] for each in found)),
        low_usd=low,
        high_usd=None if unbounded else high,
        worth_telling=is_much(None if unbounded else high, cost_usd),
        reasons=tuple(LostReason(reason=each["reason"], requests=int(each["requests"])) for each in found),
    )
