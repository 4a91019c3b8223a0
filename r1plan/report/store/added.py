"""The rows of another tool's file, put beside those of our own logs."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from duckdb import DuckDBPyConnection

from r1plan.report.importers.row import COLUMNS


def add_rows(
    database: DuckDBPyConnection, select: str, columns: Collection[str], values: Mapping[str, object] | None = None
) -> int:
    """Put what `select` finds, with the parameters `values`, into the table `entry`; how many rows that were.

    `columns` are those of `importers.row.COLUMNS` that `select` gives, in any order; the others are NULL, but for
    `requests`, 1, and `span_us`, 0, which no row may leave open: where they are not among `columns` they are filled in.
    The rows are usable ones, of which `id` is never NULL: what is not was left out by `select`.
    """
    filled = {"requests": "1", "span_us": "0"}
    wanted = [f"CAST({name} AS {type_}) AS {name}" for name, type_ in COLUMNS.items() if name in columns]
    wanted += [f"{value} AS {name}" for name, value in filled.items() if name not in columns]
    statement = f"INSERT INTO entry BY NAME SELECT {', '.join(wanted)}, true AS usable FROM ({select})"  # noqa: S608
    ((count,),) = database.execute(statement, dict(values) if values else None).fetchall()
    return int(count)
