"""What an importer makes of records, without the files around them: `raw` as the loader would make it."""

from __future__ import annotations

import json
import re
import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from typing import Any

from duckdb import DuckDBPyConnection

from r1plan.report.database import open_database, sql
from r1plan.report.database import rows as rows_of
from r1plan.report.importers.importer import Importer, RecordShape
from r1plan.report.importers.row import COLUMNS

Record = Mapping[str, Any]
_OPEN = ExitStack()


@dataclass(frozen=True)
class Read:
    """The rows of the records, and how many fell into each trap."""

    rows: Sequence[dict[str, Any]]
    left_out: Sequence[dict[str, Any]]
    traps: Mapping[str, int]
    skipped: int

    @property
    def row(self) -> dict[str, Any]:
        (row,) = self.rows
        return row

    def total(self, column: str) -> Any:
        return sum(row[column] or 0 for row in self.rows)


@cache
def importing_database() -> DuckDBPyConnection:
    """One for all tests of a process: to open it and to make the macros takes longer than a test."""
    database = _OPEN.enter_context(open_database())
    database.execute("SET TimeZone = 'UTC'")
    database.execute(sql("import"))
    return database


def shape_for(importer: Importer, record: Record) -> RecordShape:
    return next(shape for shape in importer.shapes if all(_has(record, mark) for mark in shape.marks))


def _has(record: Record, mark: str) -> bool:
    place: Any = record
    for name in mark.split("."):
        if not isinstance(place, Mapping) or name not in place:
            return False
        place = place[name]
    return True


def _text(value: Any) -> str | None:
    if value is None or value == "":
        return None
    return value if isinstance(value, str) else json.dumps(value)


def read(importer: Importer, records: Iterable[Record], first: Record | None = None) -> Read:
    """What `importer` makes of `records`, of the kind of the first, or of `first`; of other files by "raw_file"."""
    records = list(records)
    return read_as(shape_for(importer, records[0] if first is None else first), records)


def read_sqlite(importer: Importer, database: sqlite3.Connection) -> Read:
    """What `importer` makes of a SQLite database."""
    columns = "SELECT m.name, c.name FROM sqlite_master AS m, pragma_table_info(m.name) AS c"
    there = {name for table, column in database.execute(columns) for name in (table, f"{table}.{column}")}
    shape = next(shape for shape in importer.shapes if shape.sqlite_query and shape.sqlite_needs <= there)
    cursor = database.execute(shape.sqlite_query or "")
    names = [name for name, *_ in cursor.description]
    return read_as(shape, [dict(zip(names, row, strict=True)) for row in cursor])


def value_of(shape: RecordShape, name: str) -> str:
    """The SQL of a column, in one go."""
    value = shape.values.get(name, "NULL")
    return value if name != "tags" or shape.tags is None else re.sub(r"\btags\b", value, shape.tags)


def read_as(shape: RecordShape, records: Sequence[Record]) -> Read:
    """What records of the kind `shape` become."""
    database = importing_database()
    names = ", ".join(f'"{name}" VARCHAR' for name in (*shape.reads, "raw_file"))
    database.execute(f"CREATE OR REPLACE TABLE raw ({names})")
    columns = [
        [json.dumps(record) if name == "*" else _text(record.get(name)) for record in records] for name in shape.reads
    ] + [[str(record.get("raw_file", "1")) for record in records]]
    marks = ", ".join("unnest(CAST(? AS VARCHAR[]))" for _ in columns)
    database.execute(f"INSERT INTO raw SELECT {marks}", columns)
    traps = {**shape.left_out, **shape.noted}
    values = ", ".join(f'CAST({value_of(shape, name)} AS {kind}) AS "{name}"' for name, kind in COLUMNS.items())
    told = ", ".join(f'COALESCE({condition}, false) AS "trap {trap}"' for trap, condition in traps.items())
    out = " OR ".join(f"COALESCE({condition}, false)" for condition in shape.left_out.values()) or "false"
    made = rows_of(
        database,
        f'SELECT {values}, {told or "false AS x"}, COALESCE({shape.skipped}, false) AS "is skipped",'
        f' ({out}) AS "is out" FROM {shape.relation}',
    )
    counted: Counter[str] = Counter()
    rows: list[dict[str, Any]] = []
    left_out: list[dict[str, Any]] = []
    for row in made:
        if row["is skipped"]:
            continue
        among = shape.left_out if row["is out"] else traps
        hit = tuple(trap for trap in among if row[f"trap {trap}"])
        counted.update(hit)
        (left_out if row["is out"] else rows).append({name: row[name] for name in COLUMNS} | {"traps": hit})
    return Read(rows, left_out, dict(counted), sum(row["is skipped"] for row in made))


def each(
    importer: Importer, base: Record, cases: Mapping[str, Record], identity: str = "id", prefix: str = ""
) -> dict[str, dict[str, Any]]:
    """What becomes of `base` with the changes of each case, by the case's name, which is the record's id.

    All at once: a query takes longer to plan than to run. One that is left out has its traps alone; none is skipped.
    """
    found = read(importer, [{**base, **changes, identity: prefix + name} for name, changes in cases.items()])
    rows = {row["id"].removeprefix(prefix): row for row in found.rows}
    rows |= {row["id"].removeprefix(prefix): {"traps": row["traps"], "is_out": True} for row in found.left_out}
    assert rows.keys() == cases.keys()
    return rows
