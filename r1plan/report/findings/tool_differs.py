"""What a tool reckoned by its own table of prices, where that is not what the requests cost."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar

from r1plan.report.database import rows
from r1plan.report.findings.finding import FindingKind, SpendFinding, finding_sql

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_CENT = Decimal("0.01")
_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolDiffers(SpendFinding):
    """`tool` says that `requests` cost `tool_usd`; they cost `priced_usd`. Nobody paid the difference."""

    kind: ClassVar[FindingKind] = "tool_differs"
    tool: str
    tool_usd: Decimal
    priced_usd: Decimal


def find_tool_differs(database: DuckDBPyConnection) -> tuple[ToolDiffers, ...]:
    """One a tool that is off by a cent and by a hundredth."""
    found = []
    for each in rows(database, finding_sql("tool_differs")):
        off = abs(each["tool_usd"] - each["priced_usd"])
        if off >= _CENT and off * 100 >= each["priced_usd"]:
            found.append(
                ToolDiffers(
                    basis="measured",
                    requests=int(each["requests"]),
                    low_usd=_ZERO,
                    high_usd=_ZERO,
                    tool=each["source"],
                    tool_usd=each["tool_usd"],
                    priced_usd=each["priced_usd"],
                )
            )
    return tuple(found)
