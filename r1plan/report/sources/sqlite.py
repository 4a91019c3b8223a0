"""The records of a SQLite file, which another program may be writing: read from a copy that holds one moment."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import BinaryIO

from r1plan.report.importers.importer import Importer, RecordShape
from r1plan.report.sources.csv_header import column_key
from r1plan.report.sources.recognise import NotRecognised, Recognised, not_recognised

_PATIENCE_S = 5.0
_WAL = 2  # bytes 18 and 19 of a database whose changes go into a -wal file first
_ROWS = 1000


class Busy(Exception):
    """Another program holds the database, and does not let go of it."""


def copy_database(file: Path, copy: Path, patience_s: float = _PATIENCE_S) -> None:
    """Make `copy` a database with what `file` held at one moment; nothing is written beside `file`.

    Another program that writes is waited for `patience_s`.
    Raises Busy, sqlite3.DatabaseError where it is damaged, OSError.
    """
    try:
        with closing(_opened(file, patience_s)) as source, closing(sqlite3.connect(copy)) as target:
            # Whoever writes is waited for here, and not for ever: a backup would.
            source.execute("BEGIN")
            source.execute("SELECT count(*) FROM sqlite_master").fetchone()
            source.backup(target)
    except sqlite3.OperationalError as error:
        copy.unlink(missing_ok=True)
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise Busy from error
        _copy_files(file, copy)
    with closing(sqlite3.connect(copy)) as database:
        (found,) = database.execute("PRAGMA quick_check(1)").fetchone()
        if found != "ok":
            raise sqlite3.DatabaseError(str(found))


def _opened(file: Path, patience_s: float) -> sqlite3.Connection:
    with file.open("rb") as stream:
        header = stream.read(20)
    is_written = Path(f"{file}-wal").exists()
    # One that nobody writes would get files beside it only for being read.
    rest = "immutable=1" if header[18:19] == bytes([_WAL]) and not is_written else "mode=ro"
    return sqlite3.connect(f"{file.resolve().as_uri()}?{rest}", uri=True, timeout=patience_s)


def _copy_files(file: Path, copy: Path) -> None:
    """The files as they are, with what is not yet in the database itself: where it may not be opened for reading."""
    shutil.copyfile(file, copy)
    for ending in ("-wal", "-journal"):
        with suppress(FileNotFoundError):
            shutil.copyfile(f"{file}{ending}", f"{copy}{ending}")


def recognise_database(copy: Path, importers: Sequence[Importer]) -> tuple[Recognised, str] | NotRecognised:
    """The kind of record that the database holds, with the SELECT for them: by an importer's own, else by one table."""
    with closing(sqlite3.connect(copy)) as database:
        tables = {name: columns_of(database, name) for name in table_names(database)}
    there = {*tables, *(f"{table}.{column}" for table, columns in tables.items() for column in columns)}
    for importer in importers:
        for shape in importer.shapes:
            if shape.sqlite_query and shape.sqlite_needs <= there:
                return Recognised(importer, shape), shape.sqlite_query
    best: tuple[int, Recognised, str] | None = None
    for table, columns in tables.items():
        keys = {column_key(name) for name in columns}
        for importer in importers:
            for shape in importer.shapes:
                if shape.marks and {column_key(mark) for mark in shape.marks} <= keys:
                    rank = len(shape.marks)
                    if best is None or rank > best[0]:
                        best = rank, Recognised(importer, shape), f"SELECT * FROM {_quoted(table)}"
    if best is not None:
        return best[1], best[2]
    return not_recognised([f"table {name}" for name in tables], importers)


def table_names(database: sqlite3.Connection) -> list[str]:
    """The tables and views of `database`."""
    found = database.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view') ORDER BY name")
    return [name for (name,) in found if not name.startswith("sqlite_")]


def columns_of(database: sqlite3.Connection, table: str) -> list[str]:
    """The columns of a table or view; none where a view's own table is gone."""
    with suppress(sqlite3.OperationalError):
        return [row[1] for row in database.execute(f"PRAGMA table_info({_quoted(table)})")]
    return []


def write_records(copy: Path, query: str, shape: RecordShape, target: BinaryIO) -> None:
    """Write each row of `query` as a line of JSON under the names that `shape` reads. Raises sqlite3.DatabaseError."""
    names = {column_key(name): name for name in shape.reads}
    with closing(sqlite3.connect(copy)) as database:
        database.text_factory = lambda text: text.decode("utf-8", "replace")
        found = database.execute(query)
        columns = [names.get(column_key(column[0]), column[0]) for column in found.description]
        while rows := found.fetchmany(_ROWS):
            target.writelines(_line(dict(zip(columns, row, strict=True))) for row in rows)


def _line(record: dict[str, object]) -> bytes:
    return json.dumps({name: _value(value) for name, value in record.items()}).encode() + b"\n"


def _value(value: object) -> object:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
