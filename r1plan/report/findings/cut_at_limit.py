"""Answers that were cut at their limit of tokens, above all where thinking ate the answer."""

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
class CutAtLimit(SpendFinding):
    """`requests` ended at their limit; of `eaten` of them at least 95 % of the output was thinking.

    `low_usd` is what those `eaten` cost, `high_usd` what all did. `model` at `provider` cost the most of it;
    `longest_tokens` has the longest output.
    """

    kind: ClassVar[FindingKind] = "cut_at_limit"
    eaten: int
    provider: str
    model: str
    longest_tokens: int


def find_cut(database: DuckDBPyConnection, cost_usd: Decimal | None) -> CutAtLimit | None:
    """None where no answer was cut."""
    found = rows(database, finding_sql("cut_at_limit"))
    if not found:
        return None
    high = sum((each["cost_usd"] for each in found), _ZERO)
    return CutAtLimit(
        basis="measured",
        requests=int(sum(each["requests"] for each in found)),
        low_usd=sum((each["eaten_usd"] for each in found), _ZERO),
        high_usd=high,
        worth_telling=is_much(high, cost_usd),
        eaten=int(sum(each["eaten"] for each in found)),
        provider=found[0]["provider"],
        model=found[0]["model"],
        longest_tokens=max(each["longest_tokens"] for each in found),
    )
