"""What a reader wants to know of a report beside its sums, read from the table of priced requests."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import TypedDict

from duckdb import DuckDBPyConnection

from r1plan.instants import from_us, in_us
from r1plan.report.database import rows
from r1plan.report.explain.explanation import Explanation, explanation
from r1plan.report.findings.finding import SpendFinding
from r1plan.report.findings.gather import find_all
from r1plan.report.pace.budget import BudgetUse, budget_use
from r1plan.report.pace.forecast import SpendPace, spend_pace
from r1plan.report.pace.quarters import QuarterSpend, quarterly_spend
from r1plan.report.period import Period
from r1plan.report.question import SpendInquiry, SpendQuestion
from r1plan.report.spend import ReportWarning, TierHour, Totals

_CLOCK = (
    "SELECT quarter // 4 % 24 AS hour, tier, COALESCE(sum(requests), 0) AS requests,"
    " COALESCE(sum(known_usd), 0) AS cost_usd FROM cube WHERE is_hourly"
    " GROUP BY hour, tier ORDER BY hour, tier NULLS LAST"
)
_FUTURE = "SELECT COALESCE(sum(COALESCE(requests, 1)), 0) FROM priced WHERE placed_us > $now_us"
_HELD = "SELECT min(COALESCE(ended_us, started_us)), max(COALESCE(ended_us, started_us)) FROM entry WHERE usable"


class BesideSums(TypedDict, total=False):
    """The fields of a report that answer an inquiry."""

    findings: tuple[SpendFinding, ...]
    clock: tuple[TierHour, ...]
    pace: SpendPace | None
    budget: BudgetUse | None
    held_at: tuple[datetime, datetime] | None
    explanation: Explanation | None


def beside_sums(
    database: DuckDBPyConnection, question: SpendQuestion, own: Sequence[Path], totals: Totals
) -> BesideSums:
    """The answers to the inquiry of `question`, whose requests came to `totals`; `own` are those logs that are ours."""
    inquiry, period = question.inquiry, question.period
    if inquiry is None:
        return BesideSums()
    if not database.execute("SELECT 1 FROM cube LIMIT 1").fetchall():
        ((first, last),) = database.execute(_HELD).fetchall()
        nothing = BesideSums(budget=_budget(inquiry, totals, (), period, None))
        return nothing if first is None else {**nothing, "held_at": (from_us(first), from_us(last))}
    is_running = period.start is not None and period.until is not None and period.start <= inquiry.now < period.until
    quarters = quarterly_spend(database) if is_running or inquiry.budget_usd is not None else ()
    pace = spend_pace(quarters, period, inquiry.now)
    found = BesideSums(pace=pace, budget=_budget(inquiry, totals, quarters, period, pace))
    if inquiry.has_findings:
        found["findings"] = find_all(database, question.book, own, totals, inquiry.now)
        found["clock"] = tuple(TierHour(**row) for row in rows(database, _CLOCK))
    if inquiry.is_explained:
        found["explanation"] = explanation(database, question.book, len(question.logs))
    return found


def future_warning(database: DuckDBPyConnection, inquiry: SpendInquiry) -> Iterator[ReportWarning]:
    """A warning where requests are said to have ended after `inquiry.now`."""
    ((last_us,),) = database.execute("SELECT max(last_us) FROM cube").fetchall()
    if last_us is None or last_us <= in_us(inquiry.now):
        return
    ((count,),) = database.execute(_FUTURE, {"now_us": in_us(inquiry.now)}).fetchall()
    if count:
        yield ReportWarning(kind="in_future", count=int(count))


def _budget(
    inquiry: SpendInquiry, totals: Totals, quarters: Sequence[QuarterSpend], period: Period, pace: SpendPace | None
) -> BudgetUse | None:
    if inquiry.budget_usd is None:
        return None
    spent = totals.cost_usd or Decimal(0)
    at_least = spent + (totals.uncertain_low_usd or 0)
    is_bounded = totals.uncertain_high_usd is not None and not totals.unbounded_requests
    at_most = spent + (totals.uncertain_high_usd or 0) if is_bounded and not totals.unpriced_requests else None
    return budget_use(inquiry.budget_usd, spent, at_least, at_most, quarters, period, pace)
