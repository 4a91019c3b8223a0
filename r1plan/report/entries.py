"""The log rows in the database: every usable one once, every other one named."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from duckdb import DuckDBPyConnection

from r1plan.ledger.entry import UsageEntry
from r1plan.report.database import rows, sql
from r1plan.report.entry_table import entry_statement
from r1plan.report.invalid_line import LineFault, fault_of, is_strict
from r1plan.report.log_source import LogSource
from r1plan.report.spend import ReportWarning
from r1plan.report.store.settle import settle_imported

_NAMED_IDS = 5
# Of rows that others add.
_DEFAULTS: Mapping[str, str] = {"requests": "1", "span_us": "0", "usable": "true"}
# More than the longest line that is read has, and what DuckDB takes unasked: more of it takes more memory.
_WIDE_LINE_BYTES, _LINE_BYTES = 33 << 20, 16 << 20

RowLoader = Callable[[DuckDBPyConnection], Iterable[ReportWarning]]
"""Adds rows of other tools to the table `entry`: it INSERTs columns of `importers.row.COLUMNS` BY NAME, cast to their
types, `id`, `source`, `provider`, `model` and `started_us` never NULL. Where it names no `requests` they are 1, and
`span_us` is 0. It says what it could not use; what is told twice is settled behind it."""


def load_entries(
    database: DuckDBPyConnection,
    sources: Sequence[LogSource],
    row: type = UsageEntry,
    imported: RowLoader | None = None,
) -> list[ReportWarning]:
    """Fill the table `entry` from `sources`, the last row of each id, and say what could not be used.

    `row` has the columns of a line. `imported` adds the rows of other tools. Without either the table is empty.
    """
    wide = any(source.has_wide_lines for source in sources)
    unusable = _read(database, sources, _WIDE_LINE_BYTES if wide else _LINE_BYTES, row)
    seen = {each["file"] for each in rows(database, "SELECT DISTINCT file FROM entry")}
    warnings: list[ReportWarning] = []
    for source in sources:
        name = str(source.file)
        # DuckDB sees no row at all in a file of one byte.
        ordinals = unusable.get(name) if name in seen else None
        if ordinals or name not in seen:
            warnings += _invalid_lines(source, ordinals, row)
    warnings += _without_repeated(database)
    if imported is not None:
        warnings += imported(database)
        warnings += settle_imported(database)
    return warnings


def _read(
    database: DuckDBPyConnection, sources: Sequence[LogSource], line_bytes: int, row: type
) -> dict[str, set[int]]:
    """Fill the table `entry`; the places of the lines that are no rows among those of each file that are not blank."""
    values = {"files": [_literal(str(source.file)) for source in sources], "line_bytes": line_bytes}
    database.execute(entry_statement(row, has_lines=bool(sources)), values if sources else None)
    for name, value in _DEFAULTS.items():
        database.execute(f"ALTER TABLE entry ALTER {name} SET DEFAULT {value}")
    if not sources:
        return {}
    _refuse_lax_lines(database, sources, values)
    unusable: dict[str, set[int]] = {}
    for each in rows(database, sql("unusable")):
        unusable.setdefault(each["file"], set()).add(each["ordinal"])
    return unusable


def _without_repeated(database: DuckDBPyConnection) -> list[ReportWarning]:
    """Leave the last row of each id in the table `entry`, and say which requests ended more than once."""
    warnings = []
    database.execute(sql("repeated"))
    repeated = rows(database, "SELECT id FROM repeated WHERE ends > 1 ORDER BY last_row")
    if repeated:
        ids = tuple(each["id"] for each in repeated[:_NAMED_IDS])
        warnings.append(ReportWarning(kind="duplicate_ids", count=len(repeated), ids=ids))
    database.execute("DELETE FROM entry USING repeated WHERE entry.id = repeated.id AND entry.rowid <> last_row")
    return warnings


def _refuse_lax_lines(database: DuckDBPyConnection, sources: Sequence[LogSource], values: Mapping[str, object]) -> None:
    """Call unusable what DuckDB reads and no other reader of JSON does, or does differently.

    It takes a comma before a bracket, NaN and Infinity, and the first of several values of one key. A comma before the
    last bracket is passed over by all readers of the log.
    """
    ((suspects, shapes),) = database.execute(sql("lax_lines"), dict(values)).fetchall()
    if not suspects and not shapes:
        return
    where = {**values, "shapes": shapes}
    places: dict[str, dict[int, int]] = {}
    for file, ordinal, rowid in database.execute(sql("lax_places"), where).fetchall():
        places.setdefault(file, {})[ordinal] = rowid
    lax = [
        places[name][ordinal]
        for source in sources
        if (name := str(source.file)) in places
        for ordinal, _, line in source.lines_at(places[name])
        if not is_strict(line)
    ]
    database.execute("UPDATE entry SET usable = false WHERE list_contains($lax, rowid)", {"lax": lax})


def _literal(name: str) -> str:
    """`name` so that DuckDB, which expands patterns, reads that file alone."""
    return re.sub(r"[*?\[]", r"[\g<0>]", name)


def _invalid_lines(source: LogSource, ordinals: set[int] | None, row: type) -> Iterator[ReportWarning]:
    """A warning for each line of `source` whose place among those that are not blank is in `ordinals`; None: all."""
    for _, number, line in source.lines_at(ordinals):
        length = source.too_long.get(number)
        fault = LineFault(cause="too_long", length_bytes=length) if length else fault_of(line, row)
        yield ReportWarning(kind="bad_line", file=source.name, line=number, fault=fault)
