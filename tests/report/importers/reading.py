"""What an importer makes of records, without the files around them: `raw` as the loader would make it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from r1plan.report.database import sql
from r1plan.report.importers.importer import Importer, RecordShape
from r1plan.report.importers.row import COLUMNS

Record = Mapping[str, Any]


@dataclass(frozen=True)
class Read:
    """The rows of the records, and how many fell into each trap."""

    rows: Sequence[dict[str, Any]]
    traps: Mapping[str, int]
    skipped: int

    @property
    def row(self) -> dict[str, Any]:
        (row,) = self.rows
        return row

    def total(self, column: str) -> Any:
        return sum(row[column] or 0 for row in self.rows)


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
    """What `importer` makes of `records`, of the kind of the first, or of `first`."""
    records = list(records)
    shape = shape_for(importer, records[0] if first is None else first)
    with duckdb.connect() as database:
        database.execute("SET TimeZone = 'UTC'")
        database.execute(sql("import"))
        names = ", ".join(f'"{name}" VARCHAR' for name in shape.reads)
        database.execute(f"CREATE TABLE raw ({names})")
        columns = [
            [json.dumps(record) if name == "*" else _text(record.get(name)) for record in records]
            for name in shape.reads
        ]
        marks = ", ".join("unnest(CAST(? AS VARCHAR[]))" for _ in columns)
        database.execute(f"INSERT INTO raw SELECT {marks}", columns)
        traps = {**shape.left_out, **shape.noted}
        values = ", ".join(
            f'CAST({shape.values.get(name, "NULL")} AS {kind}) AS "{name}"' for name, kind in COLUMNS.items()
        )
        told = ", ".join(f'COALESCE({condition}, false) AS "trap {trap}"' for trap, condition in traps.items())
        out = " OR ".join(f"COALESCE({condition}, false)" for condition in shape.left_out.values()) or "false"
        found = database.execute(
            f'SELECT {values}, {told or "false AS x"}, COALESCE({shape.skipped}, false) AS "is skipped",'
            f' ({out}) AS "is out" FROM {shape.relation}'
        )
        titles = [each[0] for each in found.description]
        made = [dict(zip(titles, row, strict=True)) for row in found.fetchall()]
    counted: Counter[str] = Counter()
    rows = []
    for row in made:
        if row["is skipped"]:
            continue
        hit = [trap for trap in traps if row[f"trap {trap}"]]
        counted.update(trap for trap in hit if not row["is out"] or trap in shape.left_out)
        if not row["is out"]:
            rows.append({name: row[name] for name in COLUMNS} | {"traps": tuple(hit)})
    return Read(rows, dict(counted), sum(row["is skipped"] for row in made))
