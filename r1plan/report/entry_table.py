"""The statement that reads log lines into the table `entry`: sql/entry.sql, filled with the columns of the log."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from r1plan.ledger.entry import UsageEntry
from r1plan.ledger.schema import NAME, OBJECT, SCHEMA, TEXT, WORDS, Column, Kind, report_columns
from r1plan.report.database import sql
from r1plan.report.importers.row import COLUMNS

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

# What is the same in every row of ours. Of another column that importers fill we have nothing.
_OURS = {"requests": "1", "span_us": "0", "source": "'r1plan'"}
_BEGIN = {
    NAME.json_pattern: '"',
    TEXT.json_pattern: '"',
    OBJECT.json_pattern: "{",
    WORDS.json_pattern: "[",
}


def entry_statement(row: type = UsageEntry, *, file: str = "NULL", has_lines: bool = True) -> str:
    """It makes a row of each line of the files $files, with what a report reads of the columns of `row`.

    `file` is SQL for the number of a line's file. Without lines there are no files either, and no row.
    """
    read = report_columns(row)
    checks = [f"""CAST(schema AS VARCHAR) = '"{SCHEMA}"'""", *(_check(*each) for each in read.items())]
    return (
        sql("entry")
        .replace("/*LINES*/", sql("line") if has_lines else _no_lines(read))
        .replace("/*FILE*/", file)
        .replace("/*JSON*/", ", ".join(f"{name}: 'JSON'" for name in ("schema", *read)))
        .replace("/*VALUES*/", ",\n    ".join(_value(*each) for each in read.items()))
        .replace("/*PLAIN*/", sql("plain_row"))
        .replace("/*CHECKS*/", "\n            AND ".join(checks))
    )


def _no_lines(read: Iterable[str]) -> str:
    columns = ", ".join(f"CAST(NULL AS JSON) AS {name}" for name in ("schema", *read))
    return f"SELECT {columns}, CAST(NULL AS VARCHAR) AS file WHERE false"


def absent_values(row: type = UsageEntry, names: Iterable[str] = COLUMNS) -> Iterator[str]:
    """SQL: the columns `names` that a row of ours does not have, of the types that they have in others."""
    ours = {each.in_report for each in report_columns(row).values()}
    return (_absent(name, COLUMNS[name]) for name in names if name not in ours)


def add_columns(database: DuckDBPyConnection, names: Iterable[str]) -> None:
    """Give the table `entry` those of the columns `names` of importers.row that it has not."""
    there = column_types(database, "entry")
    for name in names:
        if name not in there:
            database.execute(f"ALTER TABLE entry ADD COLUMN {name} {COLUMNS[name]}")


def lacking_values(database: DuckDBPyConnection, types: Mapping[str, str]) -> Iterator[str]:
    """SQL: the columns that rows of others, or of ours, with their `types`, can have, and those of `told` have not."""
    there = column_types(database, "told")
    return (_absent(name, type_) for name, type_ in {**types, **COLUMNS}.items() if name not in there)


def column_types(database: DuckDBPyConnection, table: str) -> dict[str, str]:
    """The columns of a table."""
    return {row[0]: row[1] for row in database.execute(f"DESCRIBE {table}").fetchall()}


def _absent(name: str, type_: str) -> str:
    return f"CAST({_OURS.get(name, 'NULL')} AS {type_}) AS {name}"


def text_pattern(kind: Kind) -> str:
    """What the text of a valid value of `kind`, which JSON writes in quotes, matches as a whole."""
    return kind.json_pattern.strip('"')


def _value(name: str, column: Column) -> str:
    return f"{column.kind.sql.format(json=name)} AS {column.in_report}"


def _check(name: str, column: Column) -> str:
    """Whether the value is valid, by the rule of `invalid_line`."""
    kind = column.kind
    text = f"CAST({name} AS VARCHAR)"
    begin = _BEGIN.get(kind.json_pattern)
    # What is read is JSON already: how it begins says of what sort it is, in a fraction of the time.
    check = f"starts_with({text}, '{begin}')" if begin else f"regexp_matches({text}, '^{kind.json_pattern}$')"
    if kind.json_pattern == NAME.json_pattern:
        check += f""" AND {text} <> '""'"""
    if kind.read is not None:
        check += f" AND {kind.sql.format(json=name)} IS NOT NULL"
    return check if column.needed else f"({name} IS NULL OR {check})"
