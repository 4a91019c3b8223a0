"""What all findings say: how sure it is, how many requests it is about, and how many dollars."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from importlib.resources import files
from typing import ClassVar, Literal

FindingKind = Literal[
    "retries",
    "lost_answers",
    "failures",
    "broken_prefix",
    "cut_at_limit",
    "peak_hours",
    "thinking_drift",
    "served_change",
    "tool_differs",
    "dearest",
]

FindingBasis = Literal[
    "measured",  # it is in the log
    "estimated",  # something is assumed that the log does not say
]


@dataclass(frozen=True, slots=True, kw_only=True)
class SpendFinding:
    """Something found in the requests of a report.

    It is about `requests` of them, and `low_usd` to `high_usd` of what they cost or may have cost, in the report's
    currency; `high_usd` None: nobody knows how much at most. One dollar can be in several findings: they are never to
    be added up. `worth_telling`: it belongs on the first screen.
    """

    kind: ClassVar[FindingKind]
    basis: FindingBasis
    requests: int
    low_usd: Decimal
    high_usd: Decimal | None
    worth_telling: bool = True


def is_much(usd: Decimal | None, of_usd: Decimal | None) -> bool:
    """Whether `usd` is worth a reader's time: a hundredth of the whole, and a cent."""
    return usd is None or (usd >= Decimal("0.01") and usd * 100 >= (of_usd or 0))


def finding_sql(name: str) -> str:
    """The text of findings/sql/`name`.sql, which reads the table of priced requests."""
    return files("r1plan.report.findings").joinpath(f"sql/{name}.sql").read_text("utf-8")
