"""Last step of a report: what a reader must know of the sums, and the pictures and lines that they are shown in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import get_args

from duckdb import DuckDBPyConnection

from r1plan.catalog.price import Currency
from r1plan.prices.book import TIER_INSTANT_NOT_VERIFIED
from r1plan.report.database import rows, sql
from r1plan.report.question import SpendQuestion
from r1plan.report.series.charges import Charge
from r1plan.report.series.series import Series
from r1plan.report.spend import Coverage, ReportWarning, Unpriced, WarningKind
from r1plan.report.steps.add_up import Doubts
from r1plan.report.steps.price import counted
from r1plan.report.steps.read import RowsRead

_OWN_KEYS = (
    "SELECT COALESCE(sum(COALESCE(requests, 1)), 0) AS requests, {'reported_usd': sum(tool_usd)} AS bill FROM priced"
    " WHERE source = 'openrouter' AND tool_usd > 0 HAVING count(*) > 0"
)
_USED = (
    "SELECT price_id, CAST(COALESCE(sum(requests), 0) AS BIGINT) AS requests FROM cube WHERE is_billed"
    " GROUP BY price_id ORDER BY price_id"
)


def other_currencies(database: DuckDBPyConnection, question: SpendQuestion) -> Iterator[ReportWarning]:
    """A warning for each other currency than the report's in which requests of the period are billed."""
    for billed_in, count in database.execute(sql("other_currency"), counted(question)).fetchall():
        known = billed_in in get_args(Currency)
        yield ReportWarning(kind="other_currency" if known else "unknown_currency", count=count, currency=billed_in)


def doubtful(doubts: Doubts) -> Iterator[ReportWarning]:
    """A warning for each doubt that there is."""
    counts: Mapping[WarningKind, int] = {
        "unknown_tokens": doubts.unknown_tokens,
        "impossible_usage": doubts.impossible_usage,
        "unknown_requests": doubts.unknown_requests,
        "several_prices": doubts.several_prices,
    }
    for kind, count in counts.items():
        if count:
            yield ReportWarning(kind=kind, count=count)


def differing_bills(database: DuckDBPyConnection, question: SpendQuestion) -> Iterator[ReportWarning]:
    """Where a provider's own bills are not what our prices come to."""
    for row in rows(database, sql("bills")):
        yield ReportWarning(kind="bill_differs", count=row.pop("requests"), currency=question.currency, **row)


def own_keys(database: DuckDBPyConnection, read: RowsRead) -> Iterator[ReportWarning]:
    """What providers bill themselves for requests that OpenRouter sent them under keys of one's own."""
    if any(each.importer == "openrouter" for each in read.imported):
        for row in rows(database, _OWN_KEYS):
            yield ReportWarning(kind="billed_elsewhere", count=int(row["requests"]), tool="openrouter", **row["bill"])


def price_caveats(database: DuckDBPyConnection, caveats: Mapping[str, tuple[str, ...]]) -> Iterator[ReportWarning]:
    """The doubts about the prices in use, but for the tier's instant: it stands on every row, for few requests."""
    for row in rows(database, _USED):
        for caveat in caveats[row["price_id"]]:
            if caveat != TIER_INSTANT_NOT_VERIFIED:
                yield ReportWarning(kind="price_caveat", count=row["requests"], price_id=row["price_id"], caveat=caveat)


def unpriced(database: DuckDBPyConnection) -> tuple[Unpriced, ...]:
    """The requests without a known price, by who answered them."""
    return tuple(Unpriced(**row) for row in rows(database, sql("unpriced")))


def coverage(database: DuckDBPyConnection) -> Coverage | None:
    """How the costs that were forecast came out; None where none was."""
    if not database.execute("SELECT 1 FROM entry WHERE forecast_p50_usd IS NOT NULL LIMIT 1").fetchall():
        return None
    (found,) = rows(database, sql("coverage"))
    return Coverage(**found) if found["requests"] else None


def series_of(database: DuckDBPyConnection, question: SpendQuestion, doubts: Doubts) -> Series | None:
    """What pictures are drawn from, where the question's detail is that and there is something to draw."""
    if question.detail != "series" or doubts.first_at is None or doubts.last_at is None:
        return None
    from r1plan.report.series.read import read_series

    return read_series(database, question.book, question.period.timezone, doubts.first_at, doubts.last_at)


def charges_of(database: DuckDBPyConnection, question: SpendQuestion, doubts: Doubts) -> tuple[Charge, ...]:
    """The lines of a bill, where the question's detail is that."""
    if question.detail != "charges" or doubts.first_at is None or doubts.last_at is None:
        return ()
    from r1plan.report.series.read import read_charges

    return read_charges(database, question.period.timezone, doubts.first_at, doubts.last_at)
