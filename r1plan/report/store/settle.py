"""The rows of other tools beside our own: each request once, whichever files and tools tell it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from duckdb import DuckDBPyConnection

from r1plan.report.database import sql
from r1plan.report.spend import ReportWarning, WarningKind

# By the statement that finds the rows that must not be counted, in the order in which they go.
_NOT_COUNTED: Mapping[str, WarningKind] = {
    "imported_again": "repeated_rows",
    "imported_elsewhere": "repeated_responses",
    "imported_twice_summed": "sums_by_other_key",
    "imported_nested": "sums_in_sums",
    "imported_sums": "sums_beside_rows",
}


def settle_imported(database: DuckDBPyConnection) -> Iterator[ReportWarning]:
    """Leave each imported request once in the table `entry`, and say what is not counted.

    Of a tool's rows with one id, which two of its exports share, the fullest with an end counts; of sums the one that
    has most, as those of a day grow while it goes on. Of one response that several tools tell, the row counts that
    knows most of it, and of sums of one time by several keys, or of a time and of its parts, one kind. Sums of a time
    of which the same tool also tells single requests are not counted; where another tool tells them, that is said, for
    they may be others.
    """
    database.execute(sql("imported_plain"))
    tools = "SELECT DISTINCT source FROM entry WHERE usable AND source <> 'r1plan'"
    several = [tool for (tool,) in database.execute(tools).fetchall()]
    for name, kind in _NOT_COUNTED.items():
        # Every other tool's own id is that of the response, or of a request of its own.
        if kind == "repeated_responses" and len(several) < 2 and several not in (["otel"], ["opencode"]):
            continue
        database.execute(f"CREATE OR REPLACE TABLE not_counted AS {sql(name)}")
        found = database.execute("SELECT source, count(*) FROM not_counted GROUP BY source ORDER BY source").fetchall()
        if found:
            database.execute("DELETE FROM entry USING not_counted WHERE entry.rowid = not_counted.row")
        for source, count in found:
            yield ReportWarning(kind=kind, count=count, tool=source)
    for source, count in database.execute(sql("imported_beside")).fetchall():
        yield ReportWarning(kind="sums_beside_others", count=count, tool=source)
