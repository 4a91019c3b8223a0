"""The table `cube`: the priced requests of a report, read once and summed by all that its sums are told apart by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from duckdb import DuckDBPyConnection

from r1plan.ledger.entry import UsageEntry
from r1plan.ledger.schema import report_columns
from r1plan.report.database import sql
from r1plan.report.keys import GroupKey

_CERTAIN, _HERE = "NOT is_uncertain", "is_here"
# Each sum of money, and which requests should have an amount.
_MONEY: Mapping[str, str] = {
    "known_usd": _CERTAIN,
    "input_miss_usd": _CERTAIN,
    "cache_hit_usd": _CERTAIN,
    "thinking_usd": _CERTAIN,
    "answer_usd": _CERTAIN,
    "thinking_unknown_usd": _CERTAIN,
    "cache_saving_usd": _CERTAIN,
    "charged_usd": _CERTAIN,
    "energy_usd": _HERE,
    "energy_wh": _HERE,
    "uncertain_low_usd": "is_uncertain",
    "uncertain_high_usd": "is_uncertain",
    "estimated_low_usd": "is_estimated",
    "estimated_high_usd": "is_estimated",
}
_NAMES: Mapping[str, str] = {"known_usd": "cost_usd"}
_COUNTS = (
    *("requests", "input_tokens", "cache_hit_tokens", "output_tokens", "thinking_tokens", "unsplit_output_tokens"),
    *("uncertain_requests", "unbounded_requests", "estimated_requests", "estimated_unbounded_requests"),
    *("uncosted_requests", "unpriced_requests"),
)


def make_cube(database: DuckDBPyConnection, by: Sequence[GroupKey], source: str) -> None:
    """Make the table `cube` of `source`, the table `priced` or it with more columns, with a column for each of `by`."""
    columns = "".join(f"{key.sql(f'tag_{number}')} AS key_{number}, " for number, key in enumerate(by))
    values = {f"tag_{number}": key.tag_path for number, key in enumerate(by) if key.tag is not None}
    money = ", ".join(
        f"sum({name}) AS {name}, count(*) FILTER ({where} AND {name} IS NULL) AS unknown_{name}"
        for name, where in _MONEY.items()
    )
    statement = sql("cube").replace("/*KEYS*/", columns).replace("/*MONEY*/", money).replace("/*SOURCE*/", source)
    database.execute(statement.replace("/*PARTS*/", impossible()), values)


def impossible(row: type = UsageEntry) -> str:
    """SQL: whether a request has more of something than of what it is a part of."""
    read = report_columns(row)
    return " OR ".join(f"{each.in_report} > {read[each.part_of].in_report}" for each in read.values() if each.part_of)


def sums_statement(keys: int) -> str:
    """It sums `cube` in groups of its first `keys` keys; with none all of it, even where it is empty."""
    columns = [f"key_{number}" for number in range(keys)]
    counts = ", ".join(f"COALESCE(sum({name}), 0) AS {name}" for name in _COUNTS)
    money = ", ".join(
        f"known_sum(sum({name}), COALESCE(sum(unknown_{name}), 0)) AS {_NAMES.get(name, name)}" for name in _MONEY
    )
    statement = sql("spend").replace("/*KEYS*/", "".join(f"{each}, " for each in columns))
    statement = statement.replace("/*COUNTS*/", counts).replace("/*MONEY*/", money)
    return f"{statement} GROUP BY {', '.join(columns)}" if columns else statement
