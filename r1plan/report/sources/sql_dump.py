"""The rows of a dump in SQL: between COPY and a line with a backslash and a dot, or as the values of INSERTs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

_COPY = re.compile(rb"COPY (?P<table>.+?) \((?P<columns>.+)\) FROM stdin;\s*\Z", re.IGNORECASE)
_BEGINS = re.compile(
    r"\s*(--|/\*|SET |COPY .+ FROM stdin|CREATE |INSERT INTO |BEGIN|START TRANSACTION|PRAGMA |SELECT pg_catalog"
    r"|\\restrict )",
    re.IGNORECASE,
)
_ESCAPED = {b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v"}
_ESCAPE = re.compile(rb"\\(x[0-9a-fA-F]{1,2}|[0-7]{1,3}|.)", re.DOTALL)

# One statement: as much as a server takes of one at once, and more.
_MOST_STATEMENT_BYTES = 64 << 20
_STATEMENT = re.compile(rb"\s*(CREATE TABLE|INSERT INTO|REPLACE INTO)\b", re.IGNORECASE)
_NAME = r'(?:"(?:[^"]|"")*"|`(?:[^`]|``)*`|[\w$]+)'
_CREATE = re.compile(rf"\s*CREATE TABLE\s+(?:IF NOT EXISTS\s+)?(?P<table>(?:{_NAME}\.)?{_NAME})\s*\(", re.IGNORECASE)
_INSERT = re.compile(
    rf"\s*(?:INSERT|REPLACE) INTO\s+(?P<table>(?:{_NAME}\.)?{_NAME})\s*(?:\((?P<columns>[^)]*)\)\s*)?VALUES\s*",
    re.IGNORECASE,
)
_NO_COLUMN = re.compile(
    r"(CONSTRAINT|PRIMARY|UNIQUE|KEY|INDEX|FOREIGN|CHECK|EXCLUDE|FULLTEXT|SPATIAL|LIKE)\b", re.IGNORECASE
)
# A value, or what stands between values. MySQL alone escapes with strokes.
_PLAIN_TEXT, _STROKED_TEXT = r"'((?:[^']|'')*)'", r"'((?:[^'\\]|''|\\.)*)'"
_PIECE = r"\s*(?:(?P<mark>[(),;])|(?P<prefix>[xXeENb])?{text}|(?P<word>[^\s(),;']+))(?:::[\w ]+(?:\[\])?)?"
_STROKES = {"0": "\0", "b": "\b", "n": "\n", "r": "\r", "t": "\t", "Z": "\x1a"}


@dataclass(frozen=True, slots=True)
class DumpedRow:
    """A row of `table` as a line of JSON, every value a text or null; `columns` are those of its table."""

    table: str
    columns: tuple[str, ...]
    line: bytes


class TooLong(Exception):
    """A statement is longer than any server takes."""


class Torn(Exception):
    """The dump ends in the middle of its rows; those before were given."""


def is_dump(text: str) -> bool:
    """Whether a file that begins so is a dump in SQL."""
    return _BEGINS.match(text) is not None


def dumped_rows(lines: Iterable[bytes]) -> Iterator[DumpedRow]:
    """The rows of all tables that `lines` of a dump have, in its order. Raises TooLong, and at its end Torn.

    The text format of COPY: https://www.postgresql.org/docs/current/sql-copy.html. INSERTs are those of PostgreSQL,
    MySQL and SQLite; where they name no columns these are those of the CREATE TABLE before.
    """
    created: dict[str, tuple[str, ...]] = {}
    table = ""
    columns: tuple[str, ...] = ()
    statement: list[bytes] = []
    statement_bytes = 0
    is_mysql = False
    for line in lines:
        if columns:
            if line.rstrip(b"\r\n") == b"\\.":
                columns = ()
            elif line.endswith(b"\n"):  # else it may lack anything, even of its last cell
                yield _row(table, columns, [_value(cell) for cell in line.rstrip(b"\r\n").split(b"\t")])
        elif statement or _STATEMENT.match(line):
            statement.append(line)
            statement_bytes += len(line)
            if statement_bytes > _MOST_STATEMENT_BYTES:
                raise TooLong
            if _is_whole(statement, is_mysql):
                yield from _inserted(b"".join(statement).decode("utf-8", "replace"), created, is_mysql)
                statement, statement_bytes = [], 0
        elif found := _COPY.match(line):
            table = _unquoted(found["table"].decode("utf-8", "replace").rpartition(".")[2])
            columns = tuple(_unquoted(each) for each in found["columns"].decode("utf-8", "replace").split(", "))
        is_mysql = is_mysql or line.startswith((b"-- MySQL dump", b"-- MariaDB dump", b"/*!40101 SET", b"/*M!999999"))
    if columns:
        raise Torn
    if statement:
        yield from _inserted(b"".join(statement).decode("utf-8", "replace"), created, is_mysql)
        raise Torn


def _is_whole(statement: Sequence[bytes], is_mysql: bool) -> bool:
    if not statement[-1].rstrip().endswith(b";"):
        return False
    text = b"".join(statement)
    if is_mysql:
        text = re.sub(rb"\\.", b"", text, flags=re.DOTALL)
    return text.count(b"'") % 2 == 0


def _inserted(text: str, created: dict[str, tuple[str, ...]], is_mysql: bool) -> Iterator[DumpedRow]:
    """The rows that the statement `text` inserts; the columns of a table that it creates go into `created`."""
    if found := _CREATE.match(text):
        created[_unquoted(found["table"].rpartition(".")[2])] = tuple(_created(text[found.end() :]))
    elif found := _INSERT.match(text):
        table = _unquoted(found["table"].rpartition(".")[2])
        named = found["columns"]
        columns = tuple(_unquoted(each) for each in named.split(",")) if named else created.get(table, ())
        for values in _tuples(text, found.end(), is_mysql):
            # What names no columns, and whose table is not told, cannot be read.
            if columns:
                yield _row(table, columns, values)


def _created(body: str) -> Iterator[str]:
    """The names of the columns in what stands in the brackets of CREATE TABLE."""
    depth, start = 0, 0
    for found in re.finditer(r"'(?:[^']|'')*'|[(),]", body):
        mark = found[0]
        depth += (mark == "(") - (mark == ")")
        if depth < 0 or (mark == "," and depth == 0):
            part = body[start : found.start()].strip()
            if part and not _NO_COLUMN.match(part) and (name := re.match(_NAME, part)):
                yield _unquoted(name[0])
            start = found.end()
        if depth < 0:
            return


def _tuples(text: str, at: int, is_mysql: bool) -> Iterator[list[str | None]]:
    piece = re.compile(_PIECE.format(text=_STROKED_TEXT if is_mysql else _PLAIN_TEXT), re.DOTALL)
    values: list[str | None] = []
    depth = 0
    call: list[str] | None = None
    while found := piece.match(text, at):
        at = found.end()
        mark, word, quoted = found["mark"], found["word"], found[3]
        if mark == "(":
            depth += 1
            if depth == 2:  # of a function: SQLite writes replace('a\\nb','\\n',char(10))
                call = [] if call is None else call
                values and values.pop()
        elif mark == ")":
            depth -= 1
            if depth == 1 and call is not None:
                values.append(call[0].replace("\\n", "\n").replace("\\r", "\r") if call else None)
                call = None
            elif depth == 0:
                yield values
                values = []
        elif mark == ";":
            return
        elif word and word.startswith("_") and text[at : at + 1] in ("'", " "):
            continue  # MySQL says what letters the text is in: _binary 'x'
        elif mark is None and depth:
            value = _literal(word, quoted, found["prefix"], is_mysql)
            if call is None:
                values.append(value)
            elif value is not None and quoted is not None:
                call.append(value)


def _literal(word: str | None, quoted: str | None, prefix: str | None, is_mysql: bool) -> str | None:
    if quoted is None:
        return None if word is None or word.upper() == "NULL" else word
    text = quoted.replace("''", "'")
    if prefix in ("x", "X"):
        return bytes.fromhex(text).decode("utf-8", "replace") if re.fullmatch(r"([0-9a-fA-F]{2})*", text) else text
    if is_mysql or prefix in ("e", "E"):
        return re.sub(r"\\(.)", lambda found: _STROKES.get(found[1], found[1]), text, flags=re.DOTALL)
    return text


def _row(table: str, columns: tuple[str, ...], values: Sequence[str | None]) -> DumpedRow:
    return DumpedRow(table, columns, json.dumps(dict(zip(columns, values, strict=False))).encode() + b"\n")


def _unquoted(name: str) -> str:
    name = name.strip()
    for mark in '"`':
        if name.startswith(mark):
            return name[1:-1].replace(mark * 2, mark)
    return name


def _value(cell: bytes) -> str | None:
    if cell == b"\\N":
        return None
    return (
        _ESCAPE.sub(_character, cell).decode("utf-8", "replace") if b"\\" in cell else cell.decode("utf-8", "replace")
    )


def _character(escape: re.Match[bytes]) -> bytes:
    word = escape[1]
    if word[:1] == b"x" and len(word) > 1:
        return bytes([int(word[1:], 16)])
    if word.isdigit():
        return bytes([int(word, 8) & 0xFF])
    return _ESCAPED.get(word, word)
