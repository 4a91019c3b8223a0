"""Why a line of a usage log cannot be used. `sql/entry.sql` decides that; this finds the cause, by the same table."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Literal

from r1plan.ledger.entry import UsageEntry
from r1plan.ledger.schema import SCHEMA, Column, report_columns

# Who makes rows by hand leaves it there, and readers of the log pass over it.
_COMMA_AT_END = re.compile(r",[ \t\r]*\}\s*\Z")

Cause = Literal[
    "too_long",  # it has `length_bytes`
    "not_utf8",  # from byte `at` on
    "torn",  # it ends in the middle
    "not_json",  # `detail` is the JSON reader's word for it, `at` the column, where it knows them
    "twice",  # `column` is in it twice
    "no_number",  # NaN or an infinity is in it
    "not_an_object",  # it is `got`
    "other_schema",  # `expected` was expected in the column "schema"
    "missing",  # there is no `column`
    "unexpected",  # `expected` was expected in `column`
    "unreadable",  # it can be read by us, and not by the report's reader
]


@dataclass(frozen=True, slots=True, kw_only=True)
class LineFault:
    """What is wrong with a line; the cause says which fields are set. `got` is JSON, `at` counts from 1."""

    cause: Cause
    length_bytes: int | None = None
    at: int | None = None
    detail: str | None = None
    column: str | None = None
    expected: str | None = None
    got: str | None = None


def fault_of(line: bytes, row: type = UsageEntry) -> LineFault:
    """What is wrong with `line`, which a report over the columns of `row` cannot use."""
    found = _object_of(line)
    if isinstance(found, LineFault):
        return found
    if found.get("schema") != SCHEMA:
        return LineFault(cause="other_schema", column="schema", expected=SCHEMA, got=_json(found.get("schema")))
    for name, column in report_columns(row).items():
        if not _is_valid(found.get(name), column):
            if name not in found:
                return LineFault(cause="missing", column=name)
            return LineFault(cause="unexpected", column=name, expected=column.kind.expected, got=_json(found[name]))
    if not is_strict(line):
        return LineFault(cause="no_number")
    return LineFault(cause="unreadable")


def json_fault(line: bytes) -> LineFault:
    """Why the database cannot read `line` as an object of JSON."""
    found = _object_of(line)
    return found if isinstance(found, LineFault) else LineFault(cause="unreadable")


def _object_of(line: bytes) -> dict[str, Any] | LineFault:
    try:
        text = _COMMA_AT_END.sub("}", line.decode())
    except UnicodeDecodeError as error:
        return LineFault(cause="not_utf8", at=error.start + 1)
    try:
        found = json.loads(text, object_pairs_hook=_once)
    except _Twice as twice:
        return LineFault(cause="twice", column=twice.key)
    except json.JSONDecodeError as error:
        if error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated"):
            return LineFault(cause="torn")
        return LineFault(cause="not_json", detail=error.msg, at=error.colno)
    except (RecursionError, ValueError):
        return LineFault(cause="not_json")
    return found if isinstance(found, dict) else LineFault(cause="not_an_object", got=_json(found))


def is_strict(line: bytes) -> bool:
    """Whether `line` is JSON by RFC 8259, no key of any object twice, a comma before its last bracket passed over."""
    try:
        json.loads(_COMMA_AT_END.sub("}", line.decode()), object_pairs_hook=_once, parse_constant=_no_number)
    except (ValueError, RecursionError):
        return False
    return True


class _Twice(ValueError):
    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for key, value in pairs:
        if key in found:
            raise _Twice(key)
        found[key] = value
    return found


def _no_number(name: str) -> object:
    raise ValueError(name)


def _is_valid(value: object, column: Column) -> bool:
    kind = column.kind
    if value is None:
        return not column.needed
    if not re.fullmatch(kind.json_pattern, _json(value)):
        return False
    if kind.read is None:
        return True
    try:
        kind.read(str(value))
    except ValueError:
        return False
    return True


def _json(value: object) -> str:
    # Half a character, which JSON can escape, stays escaped: no output could hold it.
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "backslashreplace").decode()
