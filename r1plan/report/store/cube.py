"""The table `cube`: the priced requests, read once and summed by all that a report and its findings tell apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from duckdb import DuckDBPyConnection

from r1plan.ledger.entry import UsageEntry
from r1plan.ledger.schema import report_columns
from r1plan.report.database import sql, sql_text
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
_FEW = 4
# What a report is seldom grouped by.
_RAW = frozenset({"project", "key", "tags"})
_NAMES: Mapping[str, str] = {"known_usd": "cost_usd"}
_COUNTS = (
    *("requests", "input_tokens", "cache_hit_tokens", "output_tokens", "thinking_tokens", "unsplit_output_tokens"),
    *("uncertain_requests", "unbounded_requests", "estimated_requests", "estimated_unbounded_requests"),
    *("uncosted_requests", "unpriced_requests"),
)


# Within each no zone's day begins; within the smallest nothing does.
_STEPS_US = (15 * 60 * 10**6, 60 * 10**6, 10**6, 1)


def make_priced(database: DuckDBPyConnection, here: Mapping[str, object]) -> None:
    """Make the views `request` and `priced` of the table `entry`; `here` are the values of the first.

    `other_priced` has those alone that are not plain, so that no cost is worked out for the others.
    """
    # A view takes no parameters.
    database.execute(_filled(_request(database), here))
    classified = _filled(sql("classified"), here)

    def priced(requests: str) -> str:
        return sql("priced").replace("/*CLASSIFIED*/", classified.replace("/*REQUEST*/", requests))

    database.execute(f"CREATE VIEW priced AS {priced('request')}")
    counted = "SELECT count(*), count(CASE WHEN NOT is_plain THEN 1 END) FROM request"
    ((many, others),) = database.execute(counted).fetchall()
    if others * _FEW < many:
        # A few among many take as long as all would, wherever they are read.
        database.execute("CREATE TABLE other_request AS SELECT * FROM request WHERE NOT is_plain")
        database.execute(f"CREATE TABLE other_priced AS {priced('other_request')}")
    else:
        database.execute("CREATE VIEW other_priced AS SELECT * FROM priced WHERE NOT is_plain")


def _request(database: DuckDBPyConnection) -> str:
    is_stored = "is_plain" in (name for name, *_ in database.execute("SELECT * FROM entry LIMIT 0").description)
    plain = ["entry.is_plain"] if is_stored else [sql("plain_row"), "span_us = 0", "requests IS NOT DISTINCT FROM 1"]
    # Who has a price that another instant of a request decides than its end.
    found = "SELECT DISTINCT provider FROM price JOIN band USING (band) WHERE decides <> 'completion' ORDER BY ALL"
    others = [provider for (provider,) in database.execute(found).fetchall()]
    if others:
        plain.append(f"NOT list_contains({_texts(others)}, provider)")
    statement = sql("request").replace("/*STORED*/", " EXCLUDE (is_plain)" if is_stored else "")
    return statement.replace("/*PLAIN*/", " AND ".join(plain))


def _filled(statement: str, values: Mapping[str, object]) -> str:
    for name, value in values.items():
        text = str(value).lower() if isinstance(value, (int, bool)) else _texts(value)
        statement = statement.replace(f"${name}", text)
    return statement


def _texts(values: object) -> str:
    quoted = (sql_text(str(each)) for each in values) if isinstance(values, list) else ()
    return f"[{', '.join(quoted)}]"


def make_cube(database: DuckDBPyConnection, by: Sequence[GroupKey]) -> None:
    """Make the table `cube` of the requests in `priced`, with a column for each of `by`; some need the table `day`."""
    in_days = any(key.needs_days for key in by)
    raw = "".join(f"{name}, " for name in dict.fromkeys(key.column for key in by) if name in _RAW)
    _sum_plain(database, raw, in_days=in_days)
    database.execute(sql("plain_priced"))
    columns = "".join(f"{key.sql(f'tag_{number}')} AS key_{number}, " for number, key in enumerate(by))
    values = {f"tag_{number}": key.tag_path for number, key in enumerate(by) if key.tag is not None}
    money = ", ".join(
        f"sum({name}) AS {name}, count(CASE WHEN {where} AND {name} IS NULL THEN 1 END) AS unknown_{name}"
        for name, where in _MONEY.items()
    )
    statement = sql("cube").replace("/*KEYS*/", columns).replace("/*MONEY*/", money).replace("/*RAW*/", raw)
    statement = statement.replace("/*DAYS*/", " ASOF JOIN day ON priced.placed_us >= day.start_us" if in_days else "")
    database.execute(statement.replace("/*PARTS*/", impossible()), values)


def _sum_plain(database: DuckDBPyConnection, raw: str, *, in_days: bool) -> None:
    """Make the table `plain` by the widest steps within which no price and, `in_days`, no day begins."""
    above = "SELECT DISTINCT input_above FROM band WHERE input_above >= 0 ORDER BY ALL"
    bands = " + ".join(
        ["0", *(f"CAST(input_tokens > {tokens} AS INTEGER)" for (tokens,) in database.execute(above).fetchall())]
    )
    statement = sql("plain").replace("/*RAW*/", raw).replace("/*BANDS*/", bands).replace("/*PARTS*/", impossible())
    cut = sql("cut_within").replace("/*DAYS*/", "UNION SELECT start_us FROM day" if in_days else "")
    for step_us in _STEPS_US:
        database.execute(statement, {"step_us": step_us})
        ((is_cut,),) = database.execute(cut).fetchall()
        if not is_cut:
            return


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
