"""Providers at which requests fail."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar

from r1plan.report.database import rows
from r1plan.report.findings.finding import FindingKind, SpendFinding, finding_sql

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

# Fewer happen anywhere.
_SOME, _SHARE = 5, 50
_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class FailingProvider(SpendFinding):
    """`requests` of `of_requests` failed at `provider`. What they cost is said of lost answers and of retries."""

    kind: ClassVar[FindingKind] = "failures"
    provider: str
    of_requests: int


def find_failures(database: DuckDBPyConnection) -> tuple[FailingProvider, ...]:
    """One a provider at which at least five requests failed, and one of fifty."""
    return tuple(
        FailingProvider(
            basis="measured",
            requests=int(each["failed"]),
            low_usd=_ZERO,
            high_usd=_ZERO,
            worth_telling=each["failed"] * 20 >= each["requests"],
            provider=each["provider"],
            of_requests=int(each["requests"]),
        )
        for each in rows(database, finding_sql("failures"))
        if each["failed"] >= _SOME and each["failed"] * _SHARE >= each["requests"]
    )
