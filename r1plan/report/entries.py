"""The log rows in the database: every usable one once, every other one named."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

from duckdb import DuckDBPyConnection

from r1plan.ledger.entry import UsageEntry
from r1plan.report.database import rows, sql
from r1plan.report.entry_table import absent_values, entry_statement
from r1plan.report.invalid_line import LineFault, fault_of, is_strict
from r1plan.report.log_source import LogSource
from r1plan.report.sources.relation import literal
from r1plan.report.spend import ReportWarning
from r1plan.report.store.quick_table import is_plain, quick_bytes_statement, quick_statement
from r1plan.report.store.settle import settle_imported

_NAMED_IDS = 5
# Of rows that others add.
_DEFAULTS: Mapping[str, str] = {"requests": "1", "span_us": "0", "usable": "true"}
# More than the longest line that is read has, and what DuckDB takes unasked: more of it takes more memory.
_WIDE_LINE_BYTES, _LINE_BYTES = 33 << 20, 16 << 20
_GLANCE_LINES, _GLANCE_BYTES = 20, 1 << 16

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
    numbered = dict(enumerate(sources, 1))
    unusable = _read_plain(database, numbered, row)
    again = {number: numbered[number] for number in numbered if number not in unusable}
    if again:
        unusable |= _read_anew(database, again, row)
    warnings: list[ReportWarning] = []
    for number, source in numbered.items():
        ordinals = unusable[number]
        if ordinals is None or ordinals:
            warnings += _invalid_lines(source, ordinals, row)
    warnings += _without_repeated(database)
    absent = ", ".join(absent_values(row))
    if imported is None:
        # What no row of ours has is not stored with each.
        database.execute(f"CREATE VIEW entry AS SELECT *, rowid, {absent} FROM logged")  # noqa: S608
    else:
        database.execute(f"CREATE TABLE entry AS SELECT *, {absent} FROM logged")  # noqa: S608
        database.execute("DROP TABLE logged")
        for name, value in _DEFAULTS.items():
            database.execute(f"ALTER TABLE entry ALTER {name} SET DEFAULT {value}")
        warnings += imported(database)
        warnings += settle_imported(database)
    return warnings


def _read_plain(
    database: DuckDBPyConnection, sources: Mapping[int, LogSource], row: type
) -> dict[int, Collection[int] | None]:
    """Make the table `logged` of those of `sources` that our own writer wrote, and find the unusable lines of each.

    They are told by their places among those that are not blank; None: all. A file that is not among them has no row.
    """
    plain = {number: source for number, source in sources.items() if _looks_plain(source, row)}
    if not plain:
        database.execute(f"CREATE TABLE logged AS {entry_statement(row, has_lines=False)}")
        return {}
    database.execute(f"CREATE TABLE logged AS {quick_statement(row, file=_number(plain))}", _values(plain))
    unusable = _unusable(database, plain)
    told = dict(database.execute(quick_bytes_statement(row)).fetchall())
    for number, source in plain.items():
        places = unusable[number]
        if places is None or _unusable_bytes(source, places) + told.get(number, 0) != _bytes(source):
            del unusable[number]
    others = [number for number in plain if number not in unusable]
    if len(others) == len(plain):
        database.execute("TRUNCATE logged")
    elif others:
        database.execute("DELETE FROM logged WHERE list_contains($others, file)", {"others": others})
    return unusable


def _read_anew(
    database: DuckDBPyConnection, sources: Mapping[int, LogSource], row: type
) -> dict[int, Collection[int] | None]:
    """Add the rows of `sources`, whoever wrote them, and find the unusable lines of each as `_read_plain` does."""
    statement = entry_statement(row, file=_number(sources))
    database.execute(f"INSERT INTO logged BY NAME {statement}", _values(sources))
    _refuse_lax_lines(database, sources)
    return _unusable(database, sources)


def _looks_plain(source: LogSource, row: type) -> bool:
    with source.file.open("rb") as stream:
        lines = stream.readlines(_GLANCE_BYTES)
    return bool(lines) and all(is_plain(line, row) for line in lines[:_GLANCE_LINES])


def _number(sources: Mapping[int, LogSource]) -> str:
    """SQL: the number among `sources` of the file of a line."""
    return "list_position(CAST($names AS VARCHAR[]), file)" if len(sources) > 1 else str(next(iter(sources)))


def _values(sources: Mapping[int, LogSource]) -> dict[str, object]:
    wide = any(source.has_wide_lines for source in sources.values())
    values: dict[str, object] = {
        "files": [literal(source.file) for source in sources.values()],
        "line_bytes": _WIDE_LINE_BYTES if wide else _LINE_BYTES,
    }
    if len(sources) > 1:
        # Each at the place of its number.
        values["names"] = [
            str(sources[number].file) if number in sources else None for number in range(1, max(sources) + 1)
        ]
    return values


def _unusable(database: DuckDBPyConnection, sources: Mapping[int, LogSource]) -> dict[int, Collection[int] | None]:
    """The places of the lines of each of `sources` that are no rows, among those that are not blank."""
    seen = {file for (file,) in database.execute("SELECT DISTINCT file FROM logged").fetchall()}
    # DuckDB sees no row at all in a file of one byte.
    found: dict[int, Collection[int] | None] = {number: set() if number in seen else None for number in sources}
    for number, places in database.execute(sql("unusable")).fetchall():
        if number in found:
            found[number] = set(places)
    return found


def _unusable_bytes(source: LogSource, places: Collection[int]) -> int:
    return sum(len(line.removesuffix(b"\n")) + 1 for _, _, line in source.lines_at(places)) if places else 0


def _bytes(source: LogSource) -> int:
    """How long the file is, with an end of its last line."""
    with source.file.open("rb") as stream:
        size = stream.seek(0, os.SEEK_END)
        stream.seek(max(0, size - 1))
        return size + (stream.read(1) != b"\n")


def _without_repeated(database: DuckDBPyConnection) -> list[ReportWarning]:
    """Leave the last row of each id in the table `logged`, and say which requests ended more than once."""
    warnings = []
    database.execute(sql("repeated"))
    ((again,),) = database.execute("SELECT count(*) FROM repeated").fetchall()
    if not again:
        return []
    repeated = rows(database, "SELECT id FROM repeated WHERE ends > 1 ORDER BY last_place")
    if repeated:
        ids = tuple(each["id"] for each in repeated[:_NAMED_IDS])
        warnings.append(ReportWarning(kind="duplicate_ids", count=len(repeated), ids=ids))
    database.execute(sql("not_repeated"))
    return warnings


def _refuse_lax_lines(database: DuckDBPyConnection, sources: Mapping[int, LogSource]) -> None:
    """Call unusable what DuckDB reads and no other reader of JSON does, or does differently.

    It takes a comma before a bracket, NaN and Infinity, and the first of several values of one key. A comma before the
    last bracket is passed over by all readers of the log.
    """
    values = {name: value for name, value in _values(sources).items() if name != "names"}
    ((suspects, shapes),) = database.execute(sql("lax_lines"), values).fetchall()
    if not suspects and not shapes:
        return
    places: dict[str, list[int]] = {}
    for file, ordinal in database.execute(sql("lax_places"), {**values, "shapes": shapes}).fetchall():
        places.setdefault(file, []).append(ordinal)
    for number, source in sources.items():
        suspected = set(places.get(str(source.file), ()))
        lax = [place for place, _, line in source.lines_at(suspected) if not is_strict(line)] if suspected else []
        if lax:
            database.execute(sql("lax_unusable"), {"file": number, "lax": lax})


def _invalid_lines(source: LogSource, ordinals: Collection[int] | None, row: type) -> Iterator[ReportWarning]:
    """A warning for each line of `source` whose place among those that are not blank is in `ordinals`; None: all."""
    for _, number, line in source.lines_at(ordinals):
        length = source.too_long.get(number)
        fault = LineFault(cause="too_long", length_bytes=length) if length else fault_of(line, row)
        yield ReportWarning(kind="bad_line", file=source.name, line=number, fault=fault)
