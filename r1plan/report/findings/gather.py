"""All findings of a report, the dearest first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from r1plan.instants import in_us
from r1plan.prices.book import PriceBook
from r1plan.report.findings.broken_prefix import BrokenPrefix, find_broken_prefix, named_changes
from r1plan.report.findings.changed_message import changes_of
from r1plan.report.findings.cut_at_limit import find_cut
from r1plan.report.findings.dearest import find_dearest
from r1plan.report.findings.failures import find_failures
from r1plan.report.findings.finding import SpendFinding, finding_sql
from r1plan.report.findings.lost_answers import find_lost_answers
from r1plan.report.findings.peak_hours import find_peak_hours
from r1plan.report.findings.retries import find_retries
from r1plan.report.findings.served_change import find_served_changes
from r1plan.report.findings.thinking_drift import find_thinking_drift
from r1plan.report.findings.tool_differs import find_tool_differs
from r1plan.report.spend import Totals

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

# To look for them takes as long as all else where there are few requests.
_NONE_SUPERSEDED = "CREATE OR REPLACE TABLE superseded (source VARCHAR, id VARCHAR)"


def find_all(
    database: DuckDBPyConnection, book: PriceBook, logs: Sequence[Path], totals: Totals, now: datetime
) -> tuple[SpendFinding, ...]:
    """What stands out at `now` in the table of priced requests, which came to `totals`: the most dollars first.

    `logs` are read again only where turns of a conversation lost their place in the cache: which message changed then.
    """
    database.execute(finding_sql("cell"))
    found = _found(database, book, totals, now)
    return tuple(sorted((_named(each, logs) for each in found), key=_place))


def _found(database: DuckDBPyConnection, book: PriceBook, totals: Totals, now: datetime) -> Iterator[SpendFinding]:
    now_us = in_us(now)
    cost_usd = totals.cost_usd
    again = "SELECT 1 FROM entry WHERE attempt_of IS NOT NULL AND attempt_of <> id LIMIT 1"
    are_repeated = bool(database.execute(again).fetchall())
    database.execute(finding_sql("superseded") if are_repeated else _NONE_SUPERSEDED)
    single = (
        find_retries(database, cost_usd) if are_repeated else None,
        find_lost_answers(database, cost_usd, now_us),
        find_broken_prefix(database, cost_usd),
        find_cut(database, cost_usd),
        find_peak_hours(database, book, cost_usd, now),
        find_dearest(database, cost_usd, totals.requests),
    )
    yield from (each for each in single if each is not None)
    yield from find_failures(database)
    yield from find_thinking_drift(database, cost_usd)
    yield from find_served_changes(database, book)
    yield from find_tool_differs(database)


def _named(finding: SpendFinding, logs: Sequence[Path]) -> SpendFinding:
    if not isinstance(finding, BrokenPrefix):
        return finding
    return named_changes(finding, changes_of(((each.before_id, each.id) for each in finding.worst), logs))


# What only tells, and what avoids nothing, stands behind what does.
_TELLING = {"served_change": 1, "tool_differs": 1, "dearest": 2}


def _place(finding: SpendFinding) -> tuple[int, bool, Decimal, str]:
    most = finding.low_usd if finding.high_usd is None else finding.high_usd
    return _TELLING.get(finding.kind, 0), finding.high_usd is not None, -most, repr(finding)
