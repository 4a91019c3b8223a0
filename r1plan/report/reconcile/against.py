"""The bills that a report is held against."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial

from duckdb import DuckDBPyConnection

from r1plan.catalog.price import Currency
from r1plan.prices.book import PriceBook
from r1plan.report.period import Period
from r1plan.report.reconcile.compare import TOLERANCE_USD, compare
from r1plan.report.reconcile.logged import near_edges, read_log
from r1plan.report.reconcile.result import Reconciliation
from r1plan.report.reconcile.sides import Bill


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconcileQuestion:
    """Bills to compare with the log, and how much each may differ, in the report's currency."""

    bills: tuple[Bill, ...]
    tolerance_usd: Decimal = TOLERANCE_USD


def reconciliations(
    database: DuckDBPyConnection, question: ReconcileQuestion, period: Period, book: PriceBook, currency: Currency
) -> tuple[Reconciliation, ...]:
    """Each bill of `question` against the table `priced`, which holds the requests of `period` in `currency`."""
    found = []
    for bill in question.bills:
        log = read_log(database, bill.provider, {line.model for line in bill.lines}, period, book)
        found.append(
            compare(
                bill,
                replace(log, currency=currency),
                partial(near_edges, database, bill.provider),
                question.tolerance_usd,
            )
        )
    return tuple(found)
