"""Rows of other tools in a report, put there as an importer's loader does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from duckdb import DuckDBPyConnection

from r1plan.catalog.price import Currency
from r1plan.prices.book import PriceBook
from r1plan.report.entry_table import add_columns
from r1plan.report.importers.row import COLUMNS
from r1plan.report.keys import parse_keys
from r1plan.report.period import Period
from r1plan.report.query import spend_report
from r1plan.report.question import SpendQuestion
from r1plan.report.spend import ReportWarning, SpendReport
from r1plan.report.whatif.target import WhatIfQuestion

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAY_US = 86_400_000_000


def us(at: datetime) -> int:
    return (at - EPOCH) // timedelta(microseconds=1)


def loader(rows: Sequence[Mapping[str, Any]]) -> Any:
    def load(database: DuckDBPyConnection) -> list[ReportWarning]:
        add_columns(database, {name: None for row in rows for name in row})
        for row in rows:
            selected = ", ".join(f"CAST(${name} AS {COLUMNS[name]}) AS {name}" for name in row)
            values = {name: str(value) if isinstance(value, Decimal) else value for name, value in row.items()}
            database.execute(f"INSERT INTO entry BY NAME SELECT {selected}", values)
        return []

    return load


def report_of(
    rows: Sequence[Mapping[str, Any]],
    prices: PriceBook,
    *,
    by: str = "",
    currency: Currency = "USD",
    accounts: Mapping[str, Currency] | None = None,
    period: Period | None = None,
    what_if: WhatIfQuestion | None = None,
) -> SpendReport:
    billed, load = accounts or {}, loader(rows)
    return spend_report(
        SpendQuestion(
            [],
            period or Period(),
            parse_keys(by),
            prices,
            imported=load,
            currency=currency,
            accounts=billed,
            what_if=what_if,
        )
    )


def kinds(report: SpendReport) -> dict[str, int]:
    return {each.kind: each.count for each in report.warnings if each.kind != "price_caveat"}
