"""The bills that a report is held against."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial

from duckdb import DuckDBPyConnection

from r1plan.catalog.price import Currency
from r1plan.instants import in_us
from r1plan.prices.book import PriceBook
from r1plan.report.period import Period
from r1plan.report.reconcile.compare import TOLERANCE_USD, compare
from r1plan.report.reconcile.logged import near_edges, read_log, requests_of
from r1plan.report.reconcile.result import BillDifference, Reconciliation
from r1plan.report.reconcile.sides import DAY_US, Bill


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
        near = partial(near_edges, database, bill.provider)
        compared = compare(bill, replace(log, currency=currency), near, question.tolerance_usd)
        found.append(replace(compared, lines=tuple(_named(database, compared, line) for line in compared.lines)))
    return tuple(found)


def _named(database: DuckDBPyConnection, found: Reconciliation, line: BillDifference) -> BillDifference:
    """`line` with the request that was not billed, where it is one and only one has just its tokens."""
    if line.cause != "extra" or line.requests != -1 or " " in line.day:
        return line
    names = next((names for names in found.same_models if line.model in names), (line.model,))
    midnight = datetime.fromisoformat(f"{line.day}T00:00:00+00:00") - timedelta(minutes=found.offset_minutes)
    start_us = in_us(midnight)
    ids = requests_of(database, found.provider, names, (start_us, start_us + DAY_US), line.tokens)
    return replace(line, ids=ids) if len(ids) == 1 else line
