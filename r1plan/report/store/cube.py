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


# Most requests: a price, and no amount of their own that is compared with it. Few enough tokens that no sum of them is
# too large for an exact product.
_PLAIN = (
    "(is_billed AND NOT is_estimated AND requests = 1 AND price_number IS NOT NULL AND reported_usd IS NULL"
    " AND forecast_p50_usd IS NULL AND input_tokens < 1000000000 AND output_tokens < 1000000000)"
)


def make_priced(database: DuckDBPyConnection, here: Mapping[str, object]) -> None:
    """Make the views `classified` and `priced` of the table `entry`. A view takes no parameters: `here` are its values.

    `other_priced` has those alone that are not plain, so that no cost is worked out for the others.
    """
    statement = sql("classified")
    for name, value in here.items():
        text = str(value).lower() if isinstance(value, (int, bool)) else _texts(value)
        statement = statement.replace(f"${name}", text)
    database.execute(statement)
    others = f"(SELECT * FROM classified WHERE {_PLAIN} IS NOT TRUE)"  # noqa: S608
    for view, rows in (("priced", "classified"), ("other_priced", others)):
        database.execute(sql("priced").replace("/*PRICED*/", view).replace("/*CLASSIFIED*/", rows))


def _texts(values: object) -> str:
    quoted = ("'" + str(each).replace("'", "''") + "'" for each in values) if isinstance(values, list) else ()
    return f"[{', '.join(quoted)}]"


def make_cube(database: DuckDBPyConnection, by: Sequence[GroupKey]) -> None:
    """Make the table `cube` of the requests in `priced`, with a column for each of `by`; some need the table `day`."""
    days = " ASOF JOIN day ON priced.placed_us >= day.start_us" if any(key.needs_days for key in by) else ""
    columns = "".join(f"{key.sql(f'tag_{number}')} AS key_{number}, " for number, key in enumerate(by))
    values = {f"tag_{number}": key.tag_path for number, key in enumerate(by) if key.tag is not None}
    money = ", ".join(
        f"sum({name}) AS {name}, count(*) FILTER ({where} AND {name} IS NULL) AS unknown_{name}"
        for name, where in _MONEY.items()
    )
    statement = sql("cube").replace("/*KEYS*/", columns).replace("/*MONEY*/", money).replace("/*PLAIN*/", _PLAIN)
    statement = statement.replace("/*SOURCE*/", f"priced{days}").replace("/*OTHERS*/", f"other_priced AS priced{days}")
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
