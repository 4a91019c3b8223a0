"""The report over usage logs: DuckDB reads, prices and sums. Its steps are the modules of steps/."""

from __future__ import annotations

from contextlib import ExitStack

from duckdb import DuckDBPyConnection

from r1plan.report.database import open_database
from r1plan.report.inquiry import beside_sums, future_warning
from r1plan.report.question import SpendQuestion
from r1plan.report.reconcile.result import Reconciliation
from r1plan.report.spend import SpendReport, Totals
from r1plan.report.steps.add_up import sum_groups, sum_requests, usable_rows
from r1plan.report.steps.crossing import crossing_sums
from r1plan.report.steps.price import price_entries
from r1plan.report.steps.read import read_rows
from r1plan.report.steps.tell import (
    charges_of,
    coverage,
    differing_bills,
    doubtful,
    other_currencies,
    own_keys,
    price_caveats,
    series_of,
    unpriced,
)
from r1plan.report.whatif.values import WhatIf


def spend_report(question: SpendQuestion) -> SpendReport:
    """The answer to `question`. A line that cannot be used is left out and named in the warnings.

    Raises LogError for what the database cannot do.
    """
    with open_database() as here, ExitStack() as opened:
        return report_in(_engine(here, question, opened), question)


def report_in(database: DuckDBPyConnection, question: SpendQuestion) -> SpendReport:
    """The answer to `question`, worked out in `database`, which is empty."""
    period, currency = question.period, question.currency
    names = tuple(key.name for key in question.by)
    with ExitStack() as copies:
        read = read_rows(database, question, copies)
        if read.is_nothing:
            return SpendReport(
                period=period, by=names, totals=Totals(), currency=currency, warnings=tuple(read.warnings)
            )
        caveats = price_entries(database, question)
        totals, doubts = sum_requests(database, question)
        warnings = (
            *read.warnings,
            *other_currencies(database, question),
            *(future_warning(database, question.inquiry) if question.inquiry else ()),
            *doubtful(doubts),
            *(crossing_sums(database, question) if read.imported else ()),
            *differing_bills(database, question),
            *own_keys(database, read),
            *price_caveats(database, caveats),
        )
        return SpendReport(
            period=period,
            by=names,
            totals=totals,
            currency=currency,
            groups=sum_groups(database, question.by) if doubts.first_at else (),
            unpriced=unpriced(database),
            warnings=warnings,
            first_at=doubts.first_at,
            last_at=doubts.last_at,
            forecast=coverage(database) if currency == "USD" else None,  # a row's own forecast is dollars
            usable_rows=usable_rows(database),
            series=series_of(database, question, doubts),
            charges=charges_of(database, question, doubts),
            what_if=_what_if(database, question),
            imported=tuple(read.imported),
            reconcile=_reconciliations(database, question),
            **beside_sums(database, question, read.own, totals),
        )


def _engine(here: DuckDBPyConnection, question: SpendQuestion, opened: ExitStack) -> DuckDBPyConnection:
    """What runs the statements of a report: DuckDB `here`, or Spark where the rows are with it."""
    if question.engine == "duckdb":
        return here
    from r1plan.report.spark.session import open_spark_database

    return opened.enter_context(open_spark_database(here, question.engine))


def _what_if(database: DuckDBPyConnection, question: SpendQuestion) -> tuple[WhatIf, ...]:
    if question.what_if is None:
        return ()
    from r1plan.report.whatif.replay import replayed

    return replayed(database, question.what_if, question.book, question.currency)


def _reconciliations(database: DuckDBPyConnection, question: SpendQuestion) -> tuple[Reconciliation, ...]:
    if question.reconcile is None:
        return ()
    from r1plan.report.reconcile.against import reconciliations

    return reconciliations(database, question.reconcile, question.period, question.book, question.currency)
