"""A file that is not packed: what its records are laid out as, who wrote them, and where they are read from."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO

from duckdb import DuckDBPyConnection
from duckdb import Error as DatabaseError

from r1plan.ledger.blocks import LONGEST_LINE_BYTES
from r1plan.report.importers.importer import Importer, Unfolding
from r1plan.report.log_source import LogSource, line_source, temporary_file
from r1plan.report.sources.csv_header import CsvHeader, csv_header
from r1plan.report.sources.encoding import is_utf8, lines_to_utf8, to_utf8
from r1plan.report.sources.layout import (
    Layout,
    beginning_of,
    encoding_of,
    events_in,
    holds_no_record,
    layout_of,
    records_in,
)
from r1plan.report.sources.recognise import (
    NotRecognised,
    Recognised,
    forced,
    is_ours,
    not_recognised,
    recognise,
    recognise_columns,
)
from r1plan.report.sources.relation import json_values, parquet_sample
from r1plan.report.sources.sql_dump import TooLong, Torn, dumped_rows
from r1plan.report.sources.sqlite import Busy, copy_database, recognise_database, write_records
from r1plan.report.sources.unfold import unfold_lines
from r1plan.report.spend import FileFault, ReportWarning

_SAMPLED_RECORDS, _SAMPLED_BYTES = 1000, 8 << 20
_OURS = "r1plan"


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolFile:
    """A file of another tool: `source` is what is read, `kind` what its records are, `header` that of a CSV."""

    source: LogSource
    layout: Layout
    kind: Recognised
    header: CsvHeader | None = None


@dataclass(slots=True)
class OpenedSources:
    """What can be read of the files given, in their order, and what is to be said of the others."""

    own: list[LogSource] = field(default_factory=list)
    foreign: list[ToolFile] = field(default_factory=list)
    warnings: list[ReportWarning] = field(default_factory=list)


class PlainFiles:
    """Files that are not packed, opened one by one: what is said of them gathers in `said`."""

    def __init__(
        self,
        database: DuckDBPyConnection,
        copies: ExitStack,
        forced_to: str | None,
        is_kept: Callable[[LogSource], bool],
    ) -> None:
        self.said = OpenedSources()
        self._database, self._copies, self._forced_to, self._is_kept = database, copies, forced_to, is_kept

    @cached_property
    def _importers(self) -> Sequence[Importer]:
        # Who reads our own logs alone waits for none of them.
        from r1plan.report.importers.known import IMPORTERS

        return [each for each in IMPORTERS if self._forced_to in (None, each.name)]

    def refuse(self, name: str, fault: FileFault, about: NotRecognised | None = None) -> None:
        """Say that `name` is not read, and why; once, where what it was packed in was torn as it is."""
        fields, nearest, missing = (about.fields, about.nearest, about.missing) if about else ((), None, ())
        warning = ReportWarning(
            kind="unreadable_file", file=name, file_fault=fault, fields=fields, nearest=nearest, missing=missing
        )
        if self.said.warnings[-1:] != [warning]:
            self.said.warnings.append(warning)

    def open(self, name: str, file: Path, begin: bytes) -> None:
        """Say of `file`, which is told as `name` and begins so, what it holds."""
        encoding = encoding_of(begin)
        if encoding != "utf-8":
            file = self._converted(file, encoding)
            begin = beginning_of(file)
        layout = layout_of(begin)
        if layout == "lines" and b"\n" not in begin and not _has_lines(file):
            layout = "values"  # one document, too long for a line
        if layout in ("csv", "values") and not is_utf8(file):
            self.said.warnings.append(ReportWarning(kind="other_encoding", file=name))
            file = self._converted(file, "cp1252")
            begin = beginning_of(file)
        match layout:
            case None:
                self.refuse(name, "no_records")
            case "sqlite":
                self._open_database(name, file)
            case "parquet":
                self._open_parquet(name, file)
            case "csv":
                self._open_csv(name, file, begin)
            case "sql":
                self._open_dump(name, file)
            case "events":
                copy = temporary_file(self._copies)
                with file.open("rb") as stream, copy.open("wb") as target:
                    target.writelines(events_in(stream))
                if copy.stat().st_size:
                    self._open_json(name, copy, "lines")
                else:
                    self.refuse(name, "no_records")
            case "lines" if self._forced_to in (None, _OURS) and is_ours(records_in(begin)):
                whole = LogSource(name=name, file=file)
                self.said.own.append(whole if self._is_kept(whole) else line_source(name, file, self._copies))
            case "lines" | "array" | "values" | "empty":
                self._open_json(name, file, layout)

    def _open_dump(self, name: str, file: Path) -> None:
        tables: dict[str, tuple[tuple[str, ...], Path]] = {}
        is_whole = True
        with file.open("rb") as stream, ExitStack() as targets:
            written: dict[str, BinaryIO] = {}
            try:
                for row in dumped_rows(stream):
                    if row.table not in tables:
                        tables[row.table] = row.columns, temporary_file(self._copies)
                        written[row.table] = targets.enter_context(tables[row.table][1].open("wb"))
                    written[row.table].write(row.line)
            except (TooLong, Torn):
                is_whole = False
                self.refuse(name, "damaged")
        if not tables and is_whole:
            self.refuse(name, "sql_inserts")
        for table, (columns, copy) in tables.items():
            kind = recognise_columns(columns, self._importers)
            if isinstance(kind, Recognised):
                source = LogSource(name=f"{name}/{table}", file=copy, is_table=True)
                self.said.foreign.append(ToolFile(source=source, layout="lines", kind=kind))
        if tables and not any(each.source.name.startswith(f"{name}/") for each in self.said.foreign):
            self.refuse(name, "unknown_tables", not_recognised((f"table {each}" for each in tables), self._importers))

    def _converted(self, file: Path, encoding: str) -> Path:
        copy = temporary_file(self._copies)
        with file.open("rb") as stream, copy.open("wb") as target:
            to_utf8(stream, encoding, target)
        return copy

    def _open_json(self, name: str, file: Path, layout: Layout) -> None:
        if layout == "empty" or self._forced_to == _OURS:
            self.said.own.append(line_source(name, file, self._copies))
            return
        as_given = file
        if layout == "lines" and not is_utf8(file):
            file = temporary_file(self._copies)
            with as_given.open("rb") as stream, file.open("wb") as target:
                lines_to_utf8(stream, target)
        source = LogSource(name=name, file=file)
        if layout == "lines":
            source = line_source(name, file, self._copies)
        try:
            records = _sample(self._database, source.file, layout)
        except DatabaseError as error:
            too_large = "maximum_object_size" in str(error) or "maximum object size" in str(error)
            self.refuse(name, "too_large" if too_large else "damaged_json")
            return
        if is_ours(records) and self._forced_to is None:
            own = as_given if layout == "lines" else self._as_lines(source.file, layout)
            self.said.own.append(line_source(name, own, self._copies))
            return
        if len(records) < 2 and holds_no_record(file):
            return  # an export of a time without requests
        kind = recognise(records, self._importers)
        if isinstance(kind, NotRecognised) and self._forced_to is not None and records:
            kind = forced(dict.fromkeys(key for record in records for key in record), self._importers[0])
        if isinstance(kind, Recognised):
            if file != as_given:
                self.said.warnings.append(ReportWarning(kind="other_encoding", file=name))
            if layout == "lines" and kind.shape.unfolding and kind.envelope is None:
                source = self._unfolded(source, kind.shape.unfolding)
                kind = replace(kind, shape=kind.shape.unfolding.shape)
            self.said.foreign.append(ToolFile(source=source, layout=layout, kind=kind))
        elif not kind.fields and layout == "lines":
            # No object among them: each line is named as one of our own log that cannot be used.
            self.said.own.append(line_source(name, as_given, self._copies))
        else:
            self.refuse(name, "unknown_fields" if kind.fields else "no_records", kind)

    def _unfolded(self, source: LogSource, how: Unfolding) -> LogSource:
        """A copy of `source` with a line for each record that its lines hold; lines that hold none are named."""
        copy = temporary_file(self._copies)
        with source.file.open("rb") as stream, copy.open("wb") as target:
            for number, fault in unfold_lines(stream, how, target):
                self.said.warnings.append(ReportWarning(kind="bad_line", file=source.name, line=number, fault=fault))
        return replace(line_source(source.name, copy, self._copies), too_long=source.too_long)

    def _as_lines(self, file: Path, layout: Layout) -> Path:
        copy = temporary_file(self._copies)
        with copy.open("wb") as target:
            target.writelines(
                json.dumps(json.loads(text)).encode() + b"\n" for text in json_values(self._database, file, layout)
            )
        return copy

    def _open_csv(self, name: str, file: Path, begin: bytes) -> None:
        wanted = {name for each in self._importers for shape in each.shapes for name in (*shape.marks, *shape.reads)}
        header = csv_header(begin.decode("utf-8", "replace"), wanted)
        if header is None:
            # Lines of something else: our own log says of each what is wrong with it.
            self.said.own.append(line_source(name, file, self._copies))
            return
        kind = recognise_columns(header.columns, self._importers)
        if isinstance(kind, NotRecognised) and self._forced_to not in (None, _OURS):
            kind = forced(header.columns, self._importers[0])
        if isinstance(kind, Recognised):
            source = LogSource(name=name, file=file)
            self.said.foreign.append(ToolFile(source=source, layout="csv", kind=kind, header=header))
        else:
            self.refuse(name, "unknown_fields", kind)

    def _open_parquet(self, name: str, file: Path) -> None:
        try:
            columns, records = parquet_sample(self._database, file)
        except DatabaseError:
            self.refuse(name, "damaged")
            return
        kind = recognise_columns(columns, self._importers)
        if isinstance(kind, NotRecognised):
            kind = recognise(records, self._importers)
        if isinstance(kind, NotRecognised) and self._forced_to not in (None, _OURS):
            kind = forced(columns, self._importers[0])
        if isinstance(kind, Recognised):
            kind, source = replace(kind, envelope=None), LogSource(name=name, file=file)
            self.said.foreign.append(ToolFile(source=source, layout="parquet", kind=kind))
        else:
            self.refuse(name, "unknown_fields", not_recognised(columns, self._importers))

    def _open_database(self, name: str, file: Path) -> None:
        copy = temporary_file(self._copies)
        records = temporary_file(self._copies)
        try:
            copy_database(file, copy)
            found = recognise_database(copy, self._importers)
            if isinstance(found, NotRecognised):
                self.refuse(name, "unknown_tables" if found.fields else "no_records", found)
                return
            kind, query = found
            with records.open("wb") as target:
                write_records(copy, query, kind.shape, target)
        except Busy:
            self.refuse(name, "busy")
        except sqlite3.Error:
            self.refuse(name, "damaged")
        else:
            source = LogSource(name=name, file=records, is_table=True)
            self.said.foreign.append(ToolFile(source=source, layout="lines", kind=kind))


def _has_lines(file: Path) -> bool:
    with file.open("rb") as stream:
        first = stream.readline(LONGEST_LINE_BYTES)
        return len(first) < LONGEST_LINE_BYTES or first.endswith(b"\n")


def _sample(database: DuckDBPyConnection, file: Path, layout: Layout) -> list[dict[str, Any]]:
    """The first objects of a JSON file, at most 1,000 of them and 8 MiB."""
    records, size_bytes = [], 0
    for text in json_values(database, file, layout):
        size_bytes += len(text)
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict):
            records.append(value)
        if len(records) == _SAMPLED_RECORDS or size_bytes > _SAMPLED_BYTES:
            break
    return records
