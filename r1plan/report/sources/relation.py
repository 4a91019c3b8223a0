"""The relation `raw` of files: a column of text for each field that an importer reads, whatever the files' layout.

And `raw_file`, the name of the file: one that is given with another may tell the same again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from duckdb import DuckDBPyConnection

from r1plan.report.database import sql_name, sql_text
from r1plan.report.importers.importer import RecordShape
from r1plan.report.sources.csv_header import CsvHeader, column_key
from r1plan.report.sources.layout import Layout
from r1plan.report.sources.recognise import Recognised

_FORMATS = {"lines": "newline_delimited", "array": "array", "values": "unstructured"}
_LINE_BYTES = 33 << 20
# The database's own limit for a row of a CSV. Each thread reads four times as much at once.
_ROW_BYTES = 2_000_000
# A document with all its records in one value: more of it would not fit into the memory of a small machine.
LARGEST_VALUE_BYTES = 256 << 20
_SAMPLED_ROWS = 100
_AT_ONCE = 64
_WITH_NAME = "filename = 'raw_file'"


def value_bytes(file: Path, layout: Layout, longest_line_bytes: int | None = None) -> int:
    """The longest JSON value that is read of `file`, no line of which is longer than `longest_line_bytes`.

    Each thread reads twice as much at once, and what it makes of that is in memory several times.
    """
    if layout == "lines":
        return _LINE_BYTES if longest_line_bytes is None else max(1 << 20, longest_line_bytes + 2)
    return max(16 << 20, min(file.stat().st_size + 1, LARGEST_VALUE_BYTES))


def json_values(database: DuckDBPyConnection, file: Path, layout: Layout) -> Iterator[str]:
    """The JSON values of `file` as texts; of lines those that are no JSON are left out."""
    found = database.cursor().execute(
        f"SELECT CAST(json AS VARCHAR) FROM {_objects(layout)} WHERE json IS NOT NULL",
        {"files": [literal(file)], "value_bytes": value_bytes(file, layout)},
    )
    while rows := found.fetchmany(_AT_ONCE):
        for (text,) in rows:
            yield text


def parquet_sample(database: DuckDBPyConnection, file: Path) -> tuple[list[str], list[dict[str, Any]]]:
    """The columns of a Parquet file and its first rows as JSON objects."""
    values = {"files": [literal(file)]}
    described = database.execute("DESCRIBE SELECT * FROM read_parquet($files, binary_as_string = true)", values)
    columns = [row[0] for row in described.fetchall()]
    found = database.execute(
        f"SELECT to_json(row) FROM (SELECT * FROM read_parquet($files, binary_as_string = true) LIMIT {_SAMPLED_ROWS})"
        " AS row",
        values,
    )
    return columns, [json.loads(text) for (text,) in found.fetchall()]


def raw_of_json(files: Sequence[Path], layout: Layout, kind: Recognised, size: int) -> str:
    """The SELECT of `raw` over JSON files of one layout, none of whose values is of more than `size` bytes."""
    shape, envelope = kind.shape, kind.envelope
    spelled = {name: name for name in shape.reads} | dict(kind.spelling)
    names = _list(files)
    if envelope is None and "*" not in shape.reads:
        columns = ", ".join(f"{sql_text(spelled[name])}: 'VARCHAR'" for name in shape.reads)
        read = (
            f"read_json({names}, format = '{_FORMATS[layout]}', auto_detect = false, records = 'true', "
            f"ignore_errors = {'true' if layout == 'lines' else 'false'}, maximum_object_size = {size}, {_WITH_NAME}, "
            f"columns = {{{columns}}})"
        )
        return _select(
            ", ".join(f"NULLIF({sql_name(spelled[name])}, '') AS {sql_name(name)}" for name in shape.reads), read
        )
    objects = _objects(layout).replace("$files", names).replace("$value_bytes", str(size))
    if envelope is not None:
        # A list of records, or one alone.
        inside, each = sql_text(f'$."{envelope}"'), sql_text(f'$."{envelope}"[*]')
        several = f"json_type(json, {inside}) = 'ARRAY'"
        records = f"CASE WHEN {several} THEN json_extract(json, {each}) ELSE [json_extract(json, {inside})] END"
        # What has no such field, as other events of a stream have none, holds no record.
        there = f"json_type(json, {inside}) IN ('ARRAY', 'OBJECT')"
        objects = f"(SELECT unnest({records}) AS json, raw_file FROM {objects} WHERE {there})"
    columns = ", ".join(
        f"CAST(json AS VARCHAR) AS {sql_name(name)}"
        if name == "*"
        else f"NULLIF(json_extract_string(json, {sql_text(_pointer(spelled[name]))}), '') AS {sql_name(name)}"
        for name in shape.reads
    )
    return _select(columns, objects)


def raw_of_csv(shape: RecordShape, files: Sequence[Path], header: CsvHeader, *, has_wide_rows: bool = False) -> str:
    """The SELECT of `raw` over CSV files of one header; what is no row is in reject_errors afterwards.

    Unless it `has_wide_rows`, one of more than 2 MB is none: each of them costs the whole reading its second core.
    """
    columns: list[str] = []
    names: dict[str, str] = {}
    for number, name in enumerate(header.columns):
        columns.append(f"'c{number}': 'VARCHAR'")
        names.setdefault(column_key(name), f"c{number}")
    most_bytes = _LINE_BYTES if has_wide_rows else _ROW_BYTES
    read = (
        f"read_csv({_list(files)}, auto_detect = false, header = true, skip = {header.lines_above}, "
        f"delim = {sql_text(header.separator)}, quote = '\"', escape = '\"', columns = {{{', '.join(columns)}}}, "
        f"max_line_size = {most_bytes}, store_rejects = true, rejects_limit = 100000, "
        f"null_padding = false, {_WITH_NAME})"
    )
    return _select(", ".join(_column(name, names) for name in shape.reads), read)


def raw_of_parquet(shape: RecordShape, files: Sequence[Path], columns: Sequence[tuple[str, str]]) -> str:
    """The SELECT of `raw` over Parquet files of the same `columns`, each with its type."""
    names: dict[str, str] = {}
    for name, kind in columns:
        names.setdefault(column_key(name), _as_text(sql_name(name), kind))
    read = f"read_parquet({_list(files)}, binary_as_string = true, union_by_name = true, {_WITH_NAME})"
    return _select(", ".join(_column(name, names) for name in shape.reads), read)


def _as_text(column: str, kind: str) -> str:
    """The SQL of a typed column as text: of a scalar its text, of anything else its JSON."""
    if kind == "JSON":
        return f"json_extract_string({column}, '$')"
    if re.search(r"(STRUCT|MAP|UNION)\(|\[", kind):
        return f"CAST(to_json({column}) AS VARCHAR)"
    return f"CAST({column} AS VARCHAR)"


def _column(name: str, names: dict[str, str]) -> str:
    found = names.get(column_key(name))
    return f"NULLIF({found}, '') AS {sql_name(name)}" if found else f"CAST(NULL AS VARCHAR) AS {sql_name(name)}"


def _select(columns: str, source: str) -> str:
    return f"SELECT {columns}, raw_file FROM {source}"


def _objects(layout: Layout) -> str:
    ignore = "true" if layout == "lines" else "false"
    return (
        f"read_json_objects($files, format = '{_FORMATS[layout]}', ignore_errors = {ignore}, "
        f"maximum_object_size = $value_bytes, {_WITH_NAME})"
    )


def _pointer(name: str) -> str:
    return "/" + name.replace("~", "~0").replace("/", "~1")


def _list(files: Sequence[Path]) -> str:
    return "[" + ", ".join(sql_text(literal(file)) for file in files) + "]"


def literal(file: Path) -> str:
    """The name of `file` so that the database, which expands patterns, reads that file alone."""
    return re.sub(r"[*?\[]", r"[\g<0>]", str(file))
