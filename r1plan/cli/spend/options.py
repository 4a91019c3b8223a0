"""The options of `r1plan cost-report` as one value."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from r1plan.catalog.price import Currency
from r1plan.report.keys import GroupKey
from r1plan.report.period import Period


@dataclass(frozen=True, slots=True, kw_only=True)
class SpendOptions:
    """What one report is asked to say.

    `paths` are files, folders, patterns, addresses or "-"; none: the program's own monthly logs. `importer` is the tool
    that wrote them, "auto" where each is to be recognised. `what_if` are the other worlds in which the same requests
    are priced, at `as_of` instead of their own moments where it is given. `reconcile` are providers' own figures, which
    may differ from ours by `tolerance_usd`. `engine` is "duckdb", or the address of a Spark cluster.
    """

    period: Period
    now: datetime
    paths: tuple[str, ...] = ()
    by: tuple[GroupKey, ...] = ()
    currency: Currency = "USD"
    importer: str = "auto"
    what_if: tuple[str, ...] = ()
    as_of: datetime | None = None
    reconcile: tuple[str, ...] = ()
    tolerance_usd: Decimal | None = None
    budget_usd: Decimal | None = None
    engine: str = "duckdb"
    explain: bool = False
