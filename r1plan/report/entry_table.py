"""The statement that reads log lines into the table `entry`: sql/entry.sql, filled with the columns of the log."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from r1plan.ledger.entry import UsageEntry
from r1plan.ledger.schema import SCHEMA, Column, report_columns
from r1plan.report.database import sql
from r1plan.report.importers.row import COLUMNS

# What is the same in every row of ours. Of another column that importers fill we have nothing.
_OURS = {"requests": "1", "span_us": "0", "source": "'r1plan'"}


def entry_statement(row: type = UsageEntry) -> str:
    """It makes a row of each line of the files $files, with what a report reads of the columns of `row`."""
    read = report_columns(row)
    checks = [f"""CAST(schema AS VARCHAR) = '"{SCHEMA}"'""", *(_check(*each) for each in read.items())]
    return (
        sql("entry")
        .replace("/*JSON*/", ", ".join(f"{name}: 'JSON'" for name in ("schema", *read)))
        .replace("/*VALUES*/", ",\n    ".join(_value(*each) for each in read.items()))
        .replace("/*ABSENT*/", ",\n    ".join(_absent(read.values())))
        .replace("/*CHECKS*/", "\n            AND ".join(checks))
    )


def doubts_statement(row: type = UsageEntry) -> str:
    """It counts what a reader must know beside the sums, by the columns of `row` that are part of another."""
    read = report_columns(row)
    parts = [f"{each.in_report} > {read[each.part_of].in_report}" for each in read.values() if each.part_of]
    return sql("doubts").replace("/*PARTS*/", " OR ".join(parts))


def _absent(read: Iterable[Column]) -> Iterator[str]:
    """The columns that a row of ours does not have, of the types that they have in others."""
    ours = {each.in_report for each in read}
    for name, type_ in COLUMNS.items():
        if name not in ours:
            yield f"CAST({_OURS.get(name, 'NULL')} AS {type_}) AS {name}"


def _value(name: str, column: Column) -> str:
    return f"{column.kind.sql.format(json=name)} AS {column.in_report}"


def _check(name: str, column: Column) -> str:
    """Whether the value is valid, by the rule of `invalid_line`."""
    kind = column.kind
    check = f"regexp_matches(CAST({name} AS VARCHAR), '^{kind.json_pattern}$')"
    if kind.read is not None:
        check += f" AND {kind.sql.format(json=name)} IS NOT NULL"
    return check if column.needed else f"({name} IS NULL OR {check})"
