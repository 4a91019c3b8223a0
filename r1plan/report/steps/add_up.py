"""Third step of a report: the sums over all priced requests and over each group of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from duckdb import DuckDBPyConnection

from r1plan.instants import from_us, in_us
from r1plan.report.database import rows, sql
from r1plan.report.keys import IN_TIME, GroupKey
from r1plan.report.period import Period, day_starts
from r1plan.report.question import SpendQuestion
from r1plan.report.spend import Group, Totals
from r1plan.report.steps.price import within
from r1plan.report.store.cube import make_cube, sums_statement

_PLACED = "COALESCE(ended_us, started_us)"
_SPAN = f"SELECT min({_PLACED}), max({_PLACED}) FROM entry WHERE usable"  # noqa: S608
_SPLIT = (
    *("input_miss_usd", "cache_hit_usd", "thinking_usd", "answer_usd", "thinking_unknown_usd", "cache_saving_usd"),
    "charged_usd",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubts:
    """How many requests have what makes their cost doubtful, and when the first and the last of all were."""

    first_at: datetime | None
    last_at: datetime | None
    unknown_tokens: int
    impossible_usage: int
    unknown_requests: int
    several_prices: int


def sum_requests(database: DuckDBPyConnection, question: SpendQuestion) -> tuple[Totals, Doubts]:
    """Make the table `cube` of the view `priced`; the totals of all requests in it, and what is doubtful of them."""
    if any(key.needs_days for key in question.by):
        _load_days(database, question.period)
    make_cube(database, question.by)
    ((_, totals),) = _sums(database, ())
    (found,) = rows(database, sql("doubts"))
    first_us, last_us = found.pop("first_us"), found.pop("last_us")
    doubts = Doubts(
        first_at=None if first_us is None else from_us(first_us),
        last_at=None if last_us is None else from_us(last_us),
        **found,
    )
    return totals, doubts


def sum_groups(database: DuckDBPyConnection, by: Sequence[GroupKey]) -> tuple[Group, ...]:
    """The groups of `by`, the keys of the table `cube`: months, days and hours in order, else the dearest first."""
    return tuple(Group(keys, totals) for keys, totals in sorted(_sums(database, by), key=_place)) if by else ()


def usable_rows(database: DuckDBPyConnection) -> int:
    """How many rows of any time the logs hold."""
    ((found,),) = database.execute("SELECT count(*) FROM entry WHERE usable").fetchall()
    return int(found)


def _load_days(database: DuckDBPyConnection, period: Period) -> None:
    """Fill the table `day` with the days of the period's time zone that requests of the period are in."""
    ((first_us, last_us),) = database.execute(
        f"{_SPAN} AND {_PLACED} >= $start_us AND {_PLACED} < $until_us", within(period)
    ).fetchall()
    starts = [] if first_us is None else list(day_starts(from_us(first_us), from_us(last_us), period.timezone))
    values = {"start_us": [in_us(at) for at, _ in starts], "day": [day for _, day in starts]}
    database.execute(sql("day"), values)


def _sums(database: DuckDBPyConnection, by: Sequence[GroupKey]) -> list[tuple[dict[str, str | None], Totals]]:
    """The totals of each group of `by`, the keys of the table `cube`; of all requests, even none, when it is empty."""
    sums = []
    for row in rows(database, sums_statement(len(by))):
        keys = {key.name: row.pop(f"key_{number}") for number, key in enumerate(by)}
        if not row["cost_usd"] and row["uncertain_requests"]:
            row["cost_usd"] = None  # nothing but bounds, and what cost nothing
        if row["cost_usd"] is None:
            row.update(dict.fromkeys(_SPLIT))
        sums.append((keys, Totals(**row) if row.pop("row_count") else Totals()))
    return sums


def _place(each: tuple[dict[str, str | None], Totals]) -> tuple[tuple[str, ...], Decimal, int, tuple[str, ...]]:
    keys, totals = each
    cost_usd = totals.cost_usd or Decimal(0)
    in_time = tuple(value or "" for name, value in keys.items() if name in IN_TIME)
    return in_time, -cost_usd, -totals.requests, tuple(value or "" for value in keys.values())
