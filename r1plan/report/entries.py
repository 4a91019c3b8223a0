"""The log rows in the database: every usable one once, every other one named."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from duckdb import DuckDBPyConnection

from r1plan.ledger.entry import UsageEntry
from r1plan.report.database import rows, sql
from r1plan.report.entry_table import absent_values, column_types, entry_statement, lacking_values
from r1plan.report.invalid_line import LineFault, fault_of, is_strict
from r1plan.report.log_source import LogSource
from r1plan.report.spend import ReportWarning
from r1plan.report.store.plain_lines import bytes_of, bytes_of_lines, file_number, groups, line_values, looks_plain
from r1plan.report.store.quick_table import quick_bytes_statement, quick_statement
from r1plan.report.store.row_files import LARGE_BYTES, RowFiles
from r1plan.report.store.settle import settle_imported

if TYPE_CHECKING:
    from r1plan.report.store.kept_rows import KeptRows

NAMED_IDS = 5  # of the ids that ended more than once
# Of rows that others add.
_DEFAULTS: Mapping[str, str] = {"requests": "1", "span_us": "0", "usable": "true"}
# What is asked of them to count each request once, and no row of ours has.
_SETTLED = ("source", "span_us", "requests", "response_id", "currency")
_SETTLED_TOO = (
    *("id", "provider", "started_us", "ended_us", "input_tokens", "cache_hit_tokens", "output_tokens"),
    *("thinking_tokens", "reported_usd", "flags", "usable"),
)

RowLoader = Callable[[DuckDBPyConnection], Iterable[ReportWarning]]
"""Adds rows of other tools to the table `entry`: it INSERTs columns of `importers.row.COLUMNS` BY NAME, cast to their
types, which `entry_table.add_columns` makes. `id`, `source`, `provider`, `model` and `started_us` are never NULL. Where
it names no `requests` they are 1, and `span_us` is 0. It says what it could not use; what is told twice is settled
behind it."""


def load_entries(
    database: DuckDBPyConnection,
    sources: Sequence[LogSource],
    row: type = UsageEntry,
    imported: RowLoader | None = None,
    kept: KeptRows | None = None,
    large_bytes: int = LARGE_BYTES,
) -> list[ReportWarning]:
    """Fill the table `entry` from `sources`, the last row of each id, and say what could not be used.

    `row` has the columns of a line. `imported` adds the rows of other tools. Without either the table is empty. `kept`
    is where those of a large log, of `large_bytes` and more, are, or will be, for whoever asks again.
    """
    warnings = read_own(database, dict(enumerate(sources, 1)), row, kept, large_bytes)
    is_repeated, repeated = _repeated(database)
    warnings += repeated
    unrepeated = sql("not_replaced") if is_repeated else ""
    if imported is None:
        own = sql("own_entry").replace("/*ABSENT*/", ", ".join(absent_values(row)))
        database.execute(f"CREATE VIEW entry AS {own.replace('/*ROWID*/', 'place AS rowid,')}{unrepeated}")
    else:
        warnings += add_imported(database, row, imported, unrepeated, is_alone=not sources)
    return warnings


def read_own(
    database: DuckDBPyConnection,
    numbered: Mapping[int, LogSource],
    row: type,
    kept: KeptRows | None = None,
    large_bytes: int = LARGE_BYTES,
) -> list[ReportWarning]:
    """Make the view `own_row` of the rows of our own logs, each with its number, and say what could not be used."""
    files = RowFiles(database, row, kept, large_bytes)
    unusable: dict[int, Collection[int] | None] = {}
    for number, source in numbered.items():
        if (places := files.read(number, source)) is not None:
            unusable[number] = places
    others = {each: numbered[each] for each in numbered if each not in unusable}
    if others or not numbered:
        unusable |= _read_plain(database, others, row)
    again = {each: numbered[each] for each in numbered if each not in unusable}
    if again:
        unusable |= _read_anew(database, again, row)
    warnings: list[ReportWarning] = []
    for number, source in numbered.items():
        told = files.warnings(number)
        if told is None:
            told = tuple(_invalid_lines(source, unusable[number], row))
            files.keep(number, source, told)
        warnings += told
    database.execute(files.view(has_lines=bool(others or not numbered)))
    return warnings


def add_imported(
    database: DuckDBPyConnection, row: type, imported: RowLoader, which: str = "", *, is_alone: bool = False
) -> list[ReportWarning]:
    """Make the view `entry` of what `imported` adds to the rows of the view `own_row`, which goes.

    `which` is SQL behind it: which of those count. `is_alone`: there are none.
    """
    own = sql("own_entry").replace("/*ABSENT*/", ", ".join(absent_values(row, _SETTLED)))
    database.execute(f"CREATE TABLE entry AS {own.replace('/*NOT_STORED*/', ', is_plain')}{which}")
    database.execute("DROP VIEW own_row")
    database.execute("DROP TABLE IF EXISTS logged")
    for name, value in _DEFAULTS.items():
        database.execute(f"ALTER TABLE entry ALTER {name} SET DEFAULT {value}")
    types = column_types(database, "entry")
    if is_alone:
        # A column that no row has takes as long to write as any.
        for name in types.keys() - {*_SETTLED, *_SETTLED_TOO}:
            database.execute(f"ALTER TABLE entry DROP COLUMN {name}")
    warnings = [*imported(database), *settle_imported(database)]
    database.execute("ALTER TABLE entry RENAME TO told")
    absent = ", ".join(("rowid", *lacking_values(database, types)))
    database.execute(f"CREATE VIEW entry AS SELECT *, {absent} FROM told")  # noqa: S608
    return warnings


def _read_plain(
    database: DuckDBPyConnection, sources: Mapping[int, LogSource], row: type
) -> dict[int, Collection[int] | None]:
    """Make the table `logged` of those of `sources` that our own writer wrote, and find the unusable lines of each.

    They are told by their places among those that are not blank; None: all. A file that is not among them has no row.
    """
    plain = {number: source for number, source in sources.items() if looks_plain(source, row)}
    if not plain:
        database.execute(f"CREATE TABLE logged AS {entry_statement(row, has_lines=False)}")
        return {}
    for index, group in enumerate(groups(plain)):
        into = "INSERT INTO logged BY NAME" if index else "CREATE TABLE logged AS"
        database.execute(f"{into} {quick_statement(row, file=file_number(group))}", line_values(group))
    unusable = _unusable(database, plain)
    told = dict(database.execute(quick_bytes_statement(row)).fetchall())
    for number, source in plain.items():
        places = unusable[number]
        if places is None or bytes_of_lines(source, places) + told.get(number, 0) != bytes_of(source):
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
    for group in groups(sources):
        statement = entry_statement(row, file=file_number(group))
        database.execute(f"INSERT INTO logged BY NAME {statement}", line_values(group))
        _refuse_lax_lines(database, group)
    return _unusable(database, sources)


def _unusable(database: DuckDBPyConnection, sources: Mapping[int, LogSource]) -> dict[int, Collection[int] | None]:
    """The places of the lines of each of `sources` that are no rows, among those that are not blank."""
    seen = {file for (file,) in database.execute("SELECT DISTINCT file FROM logged").fetchall()}
    # DuckDB sees no row at all in a file of one byte.
    found: dict[int, Collection[int] | None] = {number: set() if number in seen else None for number in sources}
    for number, places in database.execute(sql("unusable")).fetchall():
        if number in found:
            found[number] = set(places)
    return found


def _repeated(database: DuckDBPyConnection) -> tuple[bool, list[ReportWarning]]:
    """Whether rows replace others, whose places are then in the table `replaced`; and which requests ended twice."""
    database.execute(sql("repeated"))
    ((again,),) = database.execute("SELECT count(*) FROM repeated").fetchall()
    if not again:
        return False, []
    database.execute(sql("replaced"))
    repeated = rows(database, "SELECT id FROM repeated WHERE ends > 1 ORDER BY last_place")
    ids = tuple(each["id"] for each in repeated[:NAMED_IDS])
    return True, [ReportWarning(kind="duplicate_ids", count=len(repeated), ids=ids)] if repeated else []


def _refuse_lax_lines(database: DuckDBPyConnection, sources: Mapping[int, LogSource]) -> None:
    """Call unusable what DuckDB reads and no other reader of JSON does, or does differently.

    It takes a comma before a bracket, NaN and Infinity, and the first of several values of one key. A comma before the
    last bracket is passed over by all readers of the log.
    """
    values = {name: value for name, value in line_values(sources).items() if name != "names"}
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
    if ordinals is not None and not ordinals:
        return
    for _, number, line in source.lines_at(ordinals):
        length = source.too_long.get(number)
        fault = LineFault(cause="too_long", length_bytes=length) if length else fault_of(line, row)
        yield ReportWarning(kind="bad_line", file=source.name, line=number, fault=fault)
