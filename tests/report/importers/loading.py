"""A small loader of one importer's records, for the tests of importers: what each makes of them, and its traps."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import duckdb

from r1plan.report.database import rows
from r1plan.report.importers.importer import Importer, RecordShape
from r1plan.report.importers.row import COLUMNS
from tests.report.importers.reading import importing_database, value_of

_KEEP_THE_FULLEST = """
    DELETE FROM loaded WHERE rowid NOT IN (
        SELECT arg_max(rowid, (COALESCE(input_tokens, 0) + COALESCE(output_tokens, 0), rowid)) FROM loaded GROUP BY id
    )
"""


@dataclass(frozen=True)
class Loaded:
    """The rows that a report would have of some files, by id, and how many records fell into each trap."""

    rows: Mapping[str, Mapping[str, Any]]
    traps: Mapping[str, int] = field(default_factory=dict)

    def total(self, column: str) -> Any:
        return sum(row[column] for row in self.rows.values() if row[column] is not None)


def shape_of(importer: Importer, records: Sequence[Mapping[str, Any]]) -> RecordShape:
    """The first kind of `importer` that some record has all the marks of."""
    return next(shape for shape in importer.shapes if any(_has(record, shape.marks) for record in records))


def _has(record: Mapping[str, Any], marks: Iterable[str]) -> bool:
    def inside(path: str) -> bool:
        value: Any = record
        for name in path.split("."):
            if isinstance(value, str) and value[:1] in "{[":
                value = json.loads(value)
            if not isinstance(value, Mapping) or name not in value:
                return False
            value = value[name]
        return True

    return all(inside(mark) for mark in marks)


def _text(value: Any) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return value
    return json.dumps(value)


def raw_table(database: duckdb.DuckDBPyConnection, shape: RecordShape, records: Sequence[Mapping[str, Any]]) -> None:
    """`raw` of `records`, as `RecordShape.reads` says."""
    columns = ", ".join(f'"{name}" VARCHAR' for name in (*shape.reads, "raw_file"))
    database.execute(f"CREATE OR REPLACE TABLE raw ({columns})")
    _add(database, shape, records, "1")


def _add(
    database: duckdb.DuckDBPyConnection, shape: RecordShape, records: Sequence[Mapping[str, Any]], file: str
) -> None:
    values = [
        [json.dumps(record) if name == "*" else _text(record.get(name)) for record in records] for name in shape.reads
    ]
    columns = ", ".join("unnest(CAST(? AS VARCHAR[]))" for _ in shape.reads)
    database.execute(f"INSERT INTO raw SELECT {columns}, ?", [*values, file])


def load(importer: Importer, *files: Sequence[Mapping[str, Any]]) -> Loaded:
    """What `importer` makes of `files`, each the records that a reader of its format finds in it.

    Files of one kind that stand next to each other are read together; of rows with one id the fullest stays.
    """
    traps: dict[str, int] = {}
    database = importing_database()
    columns = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
    database.execute(f"CREATE OR REPLACE TABLE loaded ({columns})")
    for _, group in groupby(files, lambda records: id(shape_of(importer, records))):
        together = list(group)
        shape = shape_of(importer, together[0])
        raw_table(database, shape, together[0])
        for number, records in enumerate(together[1:]):
            _add(database, shape, records, str(number + 2))
        _count(database, shape, traps)
        names = list(shape.values)
        out = " OR ".join(f"COALESCE({each}, false)" for each in (shape.skipped, *shape.left_out.values()))
        made = ", ".join(f"CAST({value_of(shape, name)} AS {COLUMNS[name]}) AS {name}" for name in names)
        database.execute(
            f"INSERT INTO loaded ({', '.join(names)}) SELECT {made} FROM {shape.relation} WHERE NOT ({out})"
        )
    database.execute(_KEEP_THE_FULLEST)
    found = rows(database, importer.settled or "SELECT * FROM loaded")
    assert all(row["id"] for row in found)
    by_id = {row["id"]: row for row in found}
    assert len(by_id) == len(found), "an id stands for two rows"
    return Loaded(rows=by_id, traps={trap: count for trap, count in traps.items() if count})


def _count(database: duckdb.DuckDBPyConnection, shape: RecordShape, traps: dict[str, int]) -> None:
    out = " OR ".join(f"COALESCE({each}, false)" for each in (shape.skipped, *shape.left_out.values()))
    counts = {
        **{trap: f"({each}) AND NOT COALESCE({shape.skipped}, false)" for trap, each in shape.left_out.items()},
        **{trap: f"({each}) AND NOT ({out})" for trap, each in shape.noted.items()},
    }
    if counts:
        filters = ", ".join(f"count(*) FILTER ({condition})" for condition in counts.values())
        (found,) = database.execute(f"SELECT {filters} FROM {shape.relation}").fetchall()
        for trap, count in zip(counts, found, strict=True):
            traps[trap] = traps.get(trap, 0) + count
