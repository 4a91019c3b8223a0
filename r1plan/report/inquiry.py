"""What a reader wants to know of a report beside its sums, read from the table of priced requests."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TypedDict

from duckdb import DuckDBPyConnection

from r1plan.prices.book import PriceBook
from r1plan.report.findings.finding import SpendFinding
from r1plan.report.findings.gather import find_all
from r1plan.report.options import SpendInquiry
from r1plan.report.spend import Totals


class BesideSums(TypedDict, total=False):
    """The fields of a report that answer an inquiry."""

    findings: tuple[SpendFinding, ...]


def beside_sums(
    database: DuckDBPyConnection, book: PriceBook, logs: Sequence[Path], inquiry: SpendInquiry, totals: Totals
) -> BesideSums:
    """The answers to `inquiry` over the requests of a period, of which there are some, and which came to `totals`."""
    return BesideSums(findings=find_all(database, book, logs, totals, inquiry.now))
