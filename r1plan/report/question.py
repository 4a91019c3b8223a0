"""What a report is made of and asked to say, as one value."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from r1plan.catalog.price import Currency
from r1plan.prices.book import PriceBook
from r1plan.report.keys import GroupKey
from r1plan.report.period import Period
from r1plan.report.sources.given import Given

if TYPE_CHECKING:
    from r1plan.report.entries import RowLoader
    from r1plan.report.reconcile.against import ReconcileQuestion
    from r1plan.report.spend import Detail
    from r1plan.report.whatif.target import WhatIfQuestion


@dataclass(frozen=True, slots=True, kw_only=True)
class SpendInquiry:
    """What a reader wants to know beside the sums, as seen at `now`: how a running period goes on, and what stands out.

    `budget_usd` is what the period may cost. Without `has_findings` nothing is looked for. `is_explained`: where the
    figures come from.
    """

    now: datetime
    budget_usd: Decimal | None = None
    has_findings: bool = True
    is_explained: bool = False


@dataclass(frozen=True, slots=True)
class SpendQuestion:
    """What the requests of `period` in `logs` cost at the prices of `book`, in groups of `by`.

    Only requests at accounts that are billed in `currency` count; `accounts` says which are not billed in USD, as
    `book` was told. A pipe among `found`, which a folder had, is not read. `importer` is the tool that wrote all of
    `logs`; None: each says it. `sellers` gives the providers by what other tools call them (`OurNames`). `detail` is
    what the report holds beside its sums, and `inquiry` what a reader wants to be told of them. `imported` adds more
    rows. `rows_in` is a folder of our own in which the rows of large logs are kept for whoever asks again.
    `engine` is "duckdb", or the address of the Spark cluster that reads, prices and sums our own logs.
    """

    logs: Sequence[Given]
    period: Period
    by: Sequence[GroupKey]
    book: PriceBook
    _: KW_ONLY
    currency: Currency = "USD"
    accounts: Mapping[str, Currency] = field(default_factory=lambda: MappingProxyType({}))
    found: Collection[Given] = ()
    importer: str | None = None
    sellers: Callable[[], Mapping[str, str]] = dict
    detail: Detail | None = None
    what_if: WhatIfQuestion | None = None
    inquiry: SpendInquiry | None = None
    reconcile: ReconcileQuestion | None = None
    imported: RowLoader | None = None
    rows_in: Path | None = None
    engine: str = "duckdb"
