"""What the requests of a report ask of one's own machine: how long they are, and at which hours they come."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from duckdb import DuckDBPyConnection

from r1plan.market.month import hour_of_week
from r1plan.plan.month.demand import HOURS_A_WEEK, Demand
from r1plan.plan.quality import known_thinking_over_r1
from r1plan.report.database import rows, sql
from r1plan.report.month.groups import Cell, grouped
from r1plan.report.month.week import week_shares
from r1plan.report.whatif.answers import Answers
from r1plan.route.forecast.lengths import PRIOR_WORTH
from r1plan.route.forecast.statistics import ENOUGH_ROWS

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_QUARTER = timedelta(minutes=15)
_DAY = timedelta(days=1)
_HOURS = """
SELECT started_us // 900000000 AS quarter, count(*) AS number
FROM what_if_load WHERE stays IS NULL AND NOT is_aggregate GROUP BY quarter ORDER BY quarter
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """The demand of the requests that came to their end, in `days`, and how many they are.

    Of `unsplit` requests it is not known how much was thinking: it was taken as in the others.
    """

    demand: Demand
    days: float
    requests: int
    unsplit: int


def read_load(
    database: DuckDBPyConnection, answers: Answers, since: datetime, until: datetime, assumed: Demand
) -> Load | None:
    """The load of the table `priced` from `since` until `until`, on the clock of `assumed`; None where there is none.

    Thinking is brought to R1's by published averages. Hours are those of single requests, and of few ones also what is
    `assumed`.
    """
    database.execute(sql("what_if_load"))
    found = rows(database, sql("what_if_lengths"))
    if not found:
        return None
    told: defaultdict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for each in found:
        if not each["is_unsplit"]:
            for name in (_served(answers, each), ""):
                told[name][0] += each["thought"]
                told[name][1] += each["written"]
    cells: list[Cell] = []
    for each in found:
        served = _served(answers, each)
        over_r1 = known_thinking_over_r1(served) or 1.0
        thought = each["thought"]
        if each["is_unsplit"]:
            thought = each["written"] * _thinking_share(told.get(served), told.get(""), assumed)
        cells.append([each["number"], each["entire"], each["hit"], thought / over_r1, each["written"] - thought])
    number = sum(each["number"] for each in found)
    days = max((until - since) / _DAY, 1.0)
    demand = Demand(
        lengths=grouped(cells),
        hour_shares=_hour_shares(database, since, until, assumed),
        timezone=assumed.timezone,
        requests_per_day=number / days,
        basis="logged",
        hours_basis="logged" if number >= ENOUGH_ROWS else "assumed",
    )
    unsplit = sum(each["number"] for each in found if each["is_unsplit"])
    return Load(demand=demand, days=days, requests=round(number), unsplit=round(unsplit))


def _served(answers: Answers, row: dict[str, object]) -> str:
    price_id = row["price_id"]
    return answers.served((str(row["provider"]), str(row["model"])), None if price_id is None else str(price_id))


def _thinking_share(own: list[float] | None, everyone: list[float] | None, assumed: Demand) -> float:
    """What share of an output is thinking: by the model's own rows that tell, else by all, else as assumed."""
    for each in (own, everyone):
        if each is not None and each[1]:
            return each[0] / each[1]
    thinking, answer = assumed.mean("thinking_tokens"), assumed.mean("answer_tokens")
    return thinking / (thinking + answer) if thinking + answer else 0.0


def _hour_shares(database: DuckDBPyConnection, since: datetime, until: datetime, assumed: Demand) -> tuple[float, ...]:
    counts, zone = [0] * HOURS_A_WEEK, ZoneInfo(assumed.timezone)
    for quarter, number in database.execute(_HOURS).fetchall():
        counts[hour_of_week((_EPOCH + quarter * _QUARTER).astimezone(zone))] += number
    if not any(counts):
        return assumed.hour_shares
    end = max(until, since + _DAY)
    return week_shares(counts, since, end, assumed.timezone, assumed.hour_shares, PRIOR_WORTH)
