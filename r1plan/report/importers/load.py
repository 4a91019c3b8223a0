"""The records of other tools' files as rows of the report's table `entry`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any

from duckdb import DuckDBPyConnection, OutOfMemoryException
from duckdb import Error as DatabaseError

from r1plan.report.database import rows, sql
from r1plan.report.entry_table import add_columns
from r1plan.report.importers.importer import Importer, RecordShape
from r1plan.report.importers.names import OurNames
from r1plan.report.importers.row import COLUMNS
from r1plan.report.importers.statements import (
    KEEP_ONE_OF_EACH,
    RECORD_FAULTS,
    appending_statement,
    counting_statement,
    kept_statement,
    made_statement,
    names_statement,
)
from r1plan.report.invalid_line import LineFault, json_fault
from r1plan.report.sources.plain import ToolFile
from r1plan.report.sources.relation import literal, raw_of_csv, raw_of_json, raw_of_parquet, value_bytes
from r1plan.report.spend import FileFault, ImportedFiles, RecordFault, ReportWarning

_NAMED_RECORDS = 5


@dataclass(frozen=True, slots=True)
class _Group:
    """Files that one statement reads: of one tool, one kind of record and one layout."""

    files: tuple[ToolFile, ...]
    number: int
    columns: tuple[tuple[str, str], ...] = ()
    has_wide_rows: bool = False

    @property
    def shape(self) -> RecordShape:
        return self.files[0].kind.shape

    def raw(self) -> str:
        first, files = self.files[0], [each.source.file for each in self.files]
        if first.layout == "csv" and first.header is not None:
            return raw_of_csv(self.shape, files, first.header, has_wide_rows=self.has_wide_rows)
        if first.layout == "parquet":
            return raw_of_parquet(self.shape, files, self.columns)
        sizes = [value_bytes(each.source.file, each.layout, each.source.longest_line_bytes) for each in self.files]
        return raw_of_json(files, first.layout, first.kind, max(sizes))


def load_imported(
    database: DuckDBPyConnection, files: Sequence[ToolFile], names: OurNames
) -> tuple[list[ImportedFiles], list[ReportWarning]]:
    """Add the rows of `files` to the table `entry`; what was read of them, and what could not be used.

    What several files of one tool tell is settled later, by its id, which is the tool's own.
    """
    if not files:
        return [], []
    # A moment that Parquet holds with a time zone is written in the session's.
    database.execute("SET TimeZone = 'UTC'")
    database.execute(sql("import"))
    imported: list[ImportedFiles] = []
    warnings: list[ReportWarning] = []
    by_tool: dict[str, list[ToolFile]] = {}
    for each in files:
        by_tool.setdefault(each.kind.importer.name, []).append(each)
    for found in by_tool.values():
        importer = found[0].kind.importer
        if importer.settled:
            columns = ", ".join(f'"{name}" {kind}' for name, kind in COLUMNS.items())
            database.execute(f"CREATE OR REPLACE TABLE loaded ({columns})")
        for group in _groups(database, found):
            read, said = _read_group(database, group, names)
            imported += read
            warnings += said
        if importer.settled:
            # Else what stands in several files is settled once all tools' rows are there.
            if repeated := _keep_one_of_each(database):
                warnings.append(ReportWarning(kind="repeated_rows", count=repeated, tool=importer.name))
            if importer.contradicted:
                warnings += [
                    ReportWarning(kind="cost_file_differs", tool=importer.name, count=row.pop("days"), **row)
                    for row in rows(database, importer.contradicted)
                ]
            _append(database, importer, importer.settled, names)
        if unnamed := _bills_in_no_currency(database, importer):
            warnings.append(ReportWarning(kind="currency_assumed", count=unnamed, tool=importer.name))
    for name in ("loaded", "made"):
        database.execute(f"DROP TABLE IF EXISTS {name}")
    database.execute("DROP VIEW IF EXISTS raw")
    return imported, warnings


def _groups(database: DuckDBPyConnection, files: Sequence[ToolFile]) -> Iterator[_Group]:
    """Files that stand next to each other and are read alike, together."""

    def kind(each: ToolFile) -> tuple[Any, ...]:
        columns = _parquet_columns(database, each.source.file) if each.layout == "parquet" else ()
        return id(each.kind.shape), each.layout, each.kind.envelope, each.kind.spelling, each.header, columns

    for number, (key, found) in enumerate(groupby(files, kind)):
        yield _Group(tuple(found), number, key[-1])


def _parquet_columns(database: DuckDBPyConnection, file: Path) -> tuple[tuple[str, str], ...]:
    statement = "DESCRIBE SELECT * FROM read_parquet($file, binary_as_string = true)"
    return tuple((row[0], row[1]) for row in database.execute(statement, {"file": literal(file)}).fetchall())


def _read_group(
    database: DuckDBPyConnection, group: _Group, names: OurNames
) -> tuple[list[ImportedFiles], list[ReportWarning]]:
    """Add the rows of `group`. Of several files one that cannot be read is left out alone."""
    try:
        return _read_files(database, group, names)
    except DatabaseError as error:
        if len(group.files) == 1:
            return [], [
                ReportWarning(kind="unreadable_file", file=group.files[0].source.name, file_fault=_fault(error))
            ]
    imported, warnings = [], []
    for each in group.files:
        read, said = _read_group(database, replace(group, files=(each,)), names)
        imported += read
        warnings += said
    return imported, warnings


def _fault(error: DatabaseError) -> FileFault:
    if isinstance(error, OutOfMemoryException):
        return "no_memory"
    return "too_large" if "object_size" in str(error) or "max_line_size" in str(error) else "damaged"


def _read_files(
    database: DuckDBPyConnection, group: _Group, names: OurNames
) -> tuple[list[ImportedFiles], list[ReportWarning]]:
    shape, importer = group.shape, group.files[0].kind.importer
    _make(database, group)
    if group.files[0].layout == "csv" and _has_wide_rows(database):
        _make(database, replace(group, has_wide_rows=True))
    counts = rows(database, counting_statement(shape))[0]
    noted = {trap: counts[f"noted {trap}"] for trap in shape.noted if counts[f"noted {trap}"]}
    kept = kept_statement(shape, group.number, noted)
    if importer.settled:
        database.execute(f"INSERT INTO loaded BY NAME {kept}")
    else:
        _append(database, importer, kept, names)
    read = ImportedFiles(
        importer=importer.name,
        files=tuple(each.source.name for each in group.files),
        rows=counts["rows"],
        skipped=counts["skipped"],
        left_out={trap: counts[f"out {trap}"] for trap in shape.left_out if counts[f"out {trap}"]},
        noted=noted,
    )
    faults: dict[RecordFault, int] = {fault: counts[f"fault {fault}"] for fault in RECORD_FAULTS}
    return [read], list(_unusable(database, group, faults))


def _make(database: DuckDBPyConnection, group: _Group) -> None:
    for table in ("reject_errors", "reject_scans"):
        database.execute(f"DROP TABLE IF EXISTS {table}")
    database.execute(f"CREATE OR REPLACE TEMP VIEW raw AS {group.raw()}")
    database.execute(made_statement(group.shape))


def _has_wide_rows(database: DuckDBPyConnection) -> bool:
    """Whether a row of a CSV was too long to be read."""
    found = (
        _has_rejected(database)
        and database.execute(
            "SELECT count(*) FROM reject_errors WHERE error_type = 'LINE SIZE OVER MAXIMUM'"
        ).fetchone()
    )
    return bool(found and found[0])


def _has_rejected(database: DuckDBPyConnection) -> bool:
    there = {name for (name,) in database.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
    return "reject_errors" in there


def _unusable(
    database: DuckDBPyConnection, group: _Group, faults: Mapping[RecordFault, int]
) -> Iterator[ReportWarning]:
    """What in the files of `group` is no row: lines that are no JSON or CSV, and `faults` of records."""
    named = 0
    for each in group.files:
        if each.layout == "lines":
            for number, line_fault in _no_json(database, each):
                named += 1
                yield ReportWarning(kind="bad_line", file=each.source.name, line=number, fault=line_fault)
    if group.files[0].layout == "csv":
        yield from _rejected(database, group)
    left = {**faults, "no_instant": max(0, faults["no_instant"] - named)}
    more = f" and {len(group.files) - 1} more" if len(group.files) > 1 else ""
    for fault, count in left.items():
        if count:
            yield ReportWarning(
                kind="bad_record",
                file=f"{group.files[0].source.name}{more}",
                count=count,
                record_fault=fault,
                ids=_ids(database, fault),
            )


def _ids(database: DuckDBPyConnection, fault: RecordFault) -> tuple[str, ...]:
    statement = (
        "SELECT id FROM made WHERE fault = $fault AND NOT is_skipped AND NOT is_out AND id IS NOT NULL LIMIT $most"
    )
    return tuple(row["id"] for row in rows(database, statement, {"fault": fault, "most": _NAMED_RECORDS}))


def _no_json(database: DuckDBPyConnection, file: ToolFile) -> Iterator[tuple[int, LineFault]]:
    """The numbers of the lines of `file` that are no object of JSON, and what is wrong with each."""
    statement = (
        "SELECT place - 1 FROM (SELECT row_number() OVER () AS place, json FROM read_json_objects($file, "
        "format = 'newline_delimited', ignore_errors = true, maximum_object_size = 34603008)) "
        "WHERE json IS NULL OR json_type(json) <> 'OBJECT'"
    )
    source = file.source
    # In the place of one that is too long stands an empty object.
    for number, length in source.too_long.items():
        yield number, LineFault(cause="too_long", length_bytes=length)
    places = {place for (place,) in database.execute(statement, {"file": literal(source.file)}).fetchall()}
    if places:
        for _, number, line in source.lines_at(places):
            yield number, json_fault(line)


def _rejected(database: DuckDBPyConnection, group: _Group) -> Iterator[ReportWarning]:
    statement = """
        SELECT file_path AS file, error_type IN ('MISSING COLUMNS', 'TOO MANY COLUMNS') AS is_cells,
            count(DISTINCT line) AS count, list_sort(list(DISTINCT line)) AS lines
        FROM reject_errors JOIN reject_scans USING (scan_id, file_id)
        GROUP BY ALL ORDER BY ALL
    """
    if not _has_rejected(database):
        return
    told = {str(each.source.file): each.source.name for each in group.files}
    for row in rows(database, statement):
        yield ReportWarning(
            kind="bad_record",
            file=told.get(row["file"], row["file"]),
            count=row["count"],
            record_fault="columns" if row["is_cells"] else "not_text",
            lines=tuple(row["lines"][:_NAMED_RECORDS]),
        )


def _keep_one_of_each(database: DuckDBPyConnection) -> int:
    """How many rows go because another has their id."""
    ((count,),) = database.execute(KEEP_ONE_OF_EACH).fetchall()
    return int(count)


def _bills_in_no_currency(database: DuckDBPyConnection, importer: Importer) -> int:
    """How many bills of a tool that knows several currencies do not say theirs."""
    if not any("currency" in shape.values for shape in importer.shapes):
        return 0
    statement = "SELECT count(*) FROM entry WHERE source = $source AND reported_usd IS NOT NULL AND currency IS NULL"
    ((count,),) = database.execute(statement, {"source": importer.name}).fetchall()
    return int(count)


def _append(database: DuckDBPyConnection, importer: Importer, kept: str, names: OurNames) -> None:
    """Add the rows that `kept` selects to `entry`, providers and models by the names of the price book."""
    found = [(row["provider"], row["model"]) for row in rows(database, names_statement(kept))]
    sellers = [names.provider(provider) for provider, _ in found]
    ours = [(seller, names.model(seller, model)) for seller, (_, model) in zip(sellers, found, strict=True)]
    add_columns(database, [name for name, *_ in database.execute(f"DESCRIBE {kept}").fetchall()])
    values: dict[str, object] = {"source": importer.name}
    is_renamed = ours != found
    if is_renamed:
        values |= {
            "from_provider": [provider for provider, _ in found],
            "from_model": [model for _, model in found],
            "to_provider": sellers,
            "to_model": [model for _, model in ours],
        }
    database.execute(appending_statement(kept, is_renamed=is_renamed), values)
