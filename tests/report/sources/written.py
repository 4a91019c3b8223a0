"""Records as files of every kind that people have them in."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
import lzma
import sqlite3
import sys
import tarfile
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

Records = Sequence[Mapping[str, Any]]


PACK: Mapping[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress, "zst": zstd.compress,
}  # fmt: skip


def lines(records: Records) -> bytes:
    return "".join(json.dumps(each) + "\n" for each in records).encode()


def table(records: Records, separator: str = ",", end: str = "\n", quoting: Any = csv.QUOTE_MINIMAL) -> bytes:
    """As CSV; what is no text stands in it as JSON."""
    names = list(dict.fromkeys(name for each in records for name in each))
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator, lineterminator=end, quoting=quoting)
    writer.writerow(names)
    writer.writerows([cell(each.get(name)) for name in names] for each in records)
    return text.getvalue().encode()


def cell(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)


def postgres_dump(name: str, records: Records) -> bytes:
    """As pg_dump writes a table: https://www.postgresql.org/docs/current/sql-copy.html."""
    names = list(dict.fromkeys(key for each in records for key in each))
    text = (
        f'--\n-- PostgreSQL database dump\n--\n\nSET statement_timeout = 0;\nCREATE TABLE public."{name}" (x text);\n\n'
    )
    text += "COPY public.other (a, b) FROM stdin;\n1\t2\n\\.\n\n\n"
    text += f'COPY public."{name}" ({", ".join(json.dumps(each) for each in names)}) FROM stdin;\n'
    for each in records:
        cells = (r"\N" if each.get(key) is None else _copied(cell(each[key])) for key in names)
        text += "\t".join(cells) + "\n"
    return (text + "\\.\n\n-- done\n").encode()


_STROKED = {92: r"\\", 39: r"\'", 10: r"\n", 34: r"\""}


def inserts(name: str, records: Records, dialect: str) -> bytes:
    """As pg_dump --inserts, mysqldump and SQLite's .dump write a table."""
    names = list(dict.fromkeys(key for each in records for key in each))
    mark = "`" if dialect == "mysql" else '"'
    table = f'public."{name}"' if dialect == "postgres" else f"{mark}{name}{mark}"
    heads = {"postgres": "--\n-- PostgreSQL database dump\n--\n", "mysql": "-- MySQL dump 10.13\n"}
    text = heads.get(dialect, "PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\n") + f"CREATE TABLE {table} (\n"
    text += ",\n".join(f"  {mark}{each}{mark} varchar(99) DEFAULT 'a,b(c'" for each in names)
    text += f",\n  PRIMARY KEY ({mark}{names[0]}{mark})\n);\n"

    def value(each: Any) -> str:
        if each is None:
            return "NULL"
        if isinstance(each, (int, float)) and not isinstance(each, bool):
            return str(each)
        quoted = cell(each).replace("'", "''")
        if dialect == "mysql":
            return "'" + cell(each).translate(_STROKED) + "'"
        if dialect == "sqlite" and "\n" in quoted:
            return f"replace('{quoted}','\\n',char(10))".replace("\n", "\\n")
        return f"'{quoted}'"

    rows = [f"({', '.join(value(each.get(key)) for key in names)})" for each in records]
    if dialect == "mysql":
        return (text + f"INSERT INTO {table} VALUES {','.join(rows)};\n-- done\n").encode()
    return (text + "".join(f"INSERT INTO {table} VALUES {row};\n" for row in rows) + "COMMIT;\n").encode()


def tarred(members: Mapping[str, bytes], mode: Any = "w") -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode=mode) as archive:
        for name, content in members.items():
            about = tarfile.TarInfo(name)
            about.size = len(content)
            archive.addfile(about, io.BytesIO(content))
    return packed.getvalue()


def _copied(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\t", r"\t").replace("\n", r"\n")


def zipped(members: Mapping[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return packed.getvalue()


def parquet(records: Records, path: Path) -> None:
    source = path.with_suffix(".made.json")
    source.write_bytes(lines(records))
    with duckdb.connect() as database:
        database.execute(
            f"COPY (SELECT * FROM read_json('{source}', sample_size = -1, maximum_object_size = 100000000, "
            f"map_inference_threshold = -1)) TO '{path}' (FORMAT parquet)"
        )
    source.unlink()


def sqlite(records: Records, path: Path) -> None:
    names = list(dict.fromkeys(name for each in records for name in each))
    with sqlite3.connect(path) as database:
        database.execute(f"CREATE TABLE spend ({', '.join(json.dumps(name) for name in names)})")
        database.executemany(
            f"INSERT INTO spend VALUES ({', '.join('?' for _ in names)})",
            [[cell(each.get(name)) or None for name in names] for each in records],
        )
    database.close()


# How the records of one file are written: by a name, bytes of it.
JSON_FILES: Mapping[str, Callable[[Records], bytes]] = {
    "lines.jsonl": lines,
    "array.json": lambda records: json.dumps(list(records)).encode(),
    "pretty.json": lambda records: json.dumps(list(records), indent=2).encode(),
    "envelope.json": lambda records: json.dumps({"object": "list", "data": list(records)}).encode(),
    "pages.jsonl": lambda records: lines([{"data": records[:7], "page": 1}, {"data": records[7:], "page": 2}]),
    "lines.jsonl.gz": lambda records: gzip.compress(lines(records)),
    "lines.jsonl.bz2": lambda records: bz2.compress(lines(records)),
    "lines.jsonl.xz": lambda records: lzma.compress(lines(records)),
    "lines.jsonl.zst": lambda records: zstd.compress(lines(records[:3])) + zstd.compress(lines(records[3:])),
    "utf16.jsonl": lambda records: lines(records).decode().encode("utf-16"),
    "mark.jsonl": lambda records: b"\xef\xbb\xbf" + lines(records).replace(b"\n", b"\r\n"),
    "export.tar.gz": lambda records: tarred(
        {"./a/export.json": json.dumps(list(records)).encode(), "x.txt": b"hi"}, "w:gz"
    ),
    "export.tar": lambda records: tarred({"a/x.jsonl.gz": gzip.compress(lines(records))}),
    "export.tar.zst": lambda records: zstd.compress(tarred({"x.jsonl": lines(records)})),
    "export.zip": lambda records: zipped({"a/export.json": json.dumps(list(records)).encode(), "README.txt": b"hi"}),
}
CSV_FILES: Mapping[str, Callable[[Records], bytes]] = {
    "plain.csv": table,
    "windows.csv": lambda records: b"\xef\xbb\xbf" + table(records, end="\r\n"),
    "semicolons.csv": lambda records: table(records, separator=";"),
    "tabs.tsv": lambda records: table(records, separator="\t"),
    "quoted.csv": lambda records: table(records, quoting=csv.QUOTE_ALL),
    "above.csv": lambda records: b"Exported on 2026-11-29\n" + table(records),
    "utf16.csv": lambda records: table(records).decode().encode("utf-16"),
    "packed.csv.gz": lambda records: gzip.compress(table(records)),
}
