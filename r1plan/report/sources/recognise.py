"""Which tool wrote a file, by the fields of its first records."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from r1plan.ledger.schema import SCHEMA
from r1plan.report.importers.importer import Importer, RecordShape
from r1plan.report.sources.csv_header import column_key

Record = Mapping[str, Any]
_OUR_NAME = SCHEMA.partition("/")[0]
_NAMED_FIELDS = 8


@dataclass(frozen=True, slots=True)
class Recognised:
    """A tool's kind of record; `envelope` is the field of each JSON value in which the records stand, if any.

    `spelling`: fields of `shape.reads` that these records have in other capitals, and how.
    """

    importer: Importer
    shape: RecordShape
    envelope: str | None = None
    spelling: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class NotRecognised:
    """What was seen in place of a known record: its fields, and the tool that has most of them, if one has any."""

    fields: tuple[str, ...]
    nearest: str | None
    missing: tuple[str, ...]


def is_ours(records: Iterable[Record]) -> bool:
    """Whether some of `records` is a row of our own log."""
    return any(str(record.get("schema", "")).partition("/")[0] == _OUR_NAME for record in records)


def recognise(records: Sequence[Record], importers: Sequence[Importer]) -> Recognised | NotRecognised:
    """The kind that most of `records` are of; of two the one with more marks, else the first of `importers`.

    A file may begin with records of another kind, and each value may be an envelope with a list of records in it.
    Where none is known as it is spelled, capitals do not count: databases have names in small letters alone.
    """
    for is_spelled in (True, False):
        for envelope, found in _readings(records):
            if (best := _best(found, importers, is_spelled)) is not None:
                importer, shape = best
                spelling = () if is_spelled else _spelling(shape, _fields(found))
                return Recognised(importer, shape, envelope, spelling)
    return not_recognised(_fields(records), importers)


def _best(
    records: Sequence[Record], importers: Sequence[Importer], is_spelled: bool
) -> tuple[Importer, RecordShape] | None:
    best: tuple[tuple[int, int], tuple[Importer, RecordShape]] | None = None
    if not is_spelled:
        records = [{column_key(name): value for name, value in record.items()} for record in records]
    for importer in importers:
        for shape in importer.shapes:
            # A whole record is read by paths, in which capitals count.
            if not is_spelled and "*" in shape.reads:
                continue
            marks = shape.marks if is_spelled else {column_key(mark) for mark in shape.marks}
            count = sum(has_marks(record, marks) for record in records)
            rank = (count, len(marks))
            if count and (best is None or rank > best[0]):
                best = rank, (importer, shape)
    return best[1] if best else None


def _spelling(shape: RecordShape, fields: Iterable[str]) -> tuple[tuple[str, str], ...]:
    there = list(fields)
    found = {column_key(name): name for name in reversed(there)}
    return tuple(
        (name, found[column_key(name)]) for name in shape.reads if name not in there and column_key(name) in found
    )


def recognise_columns(columns: Iterable[str], importers: Sequence[Importer]) -> Recognised | NotRecognised:
    """The kind whose marks are all among `columns`, those of a table; of two the one with more marks."""
    names = list(columns)
    keys = {column_key(name) for name in names}
    best: Recognised | None = None
    for importer in importers:
        for shape in importer.shapes:
            better = best is None or len(shape.marks) > len(best.shape.marks)
            if better and shape.marks and {column_key(mark) for mark in shape.marks} <= keys:
                best = Recognised(importer, shape)
    return replace(best, spelling=_spelling(best.shape, names)) if best else not_recognised(names, importers)


def forced(fields: Iterable[str], importer: Importer) -> Recognised:
    """The kind of `importer` that has most of `fields`, for who says which tool wrote a file."""
    names = set(fields)
    shape = max(importer.shapes, key=lambda each: len(_first_parts(each) & names) / max(len(each.marks), 1))
    return Recognised(importer, shape, spelling=_spelling(shape, names))


def not_recognised(fields: Iterable[str], importers: Sequence[Importer]) -> NotRecognised:
    """What to say of a file with `fields`."""
    names = tuple(fields)
    shares = [
        (len(_first_parts(shape) & set(names)) / len(_first_parts(shape)), importer.name, shape)
        for importer in importers
        for shape in importer.shapes
        if shape.marks
    ]
    share, nearest, shape = max(shares, key=lambda each: each[0], default=(0, None, None))
    missing = tuple(sorted(_first_parts(shape) - set(names))) if shape and share else ()
    return NotRecognised(names[:_NAMED_FIELDS], nearest if share else None, missing)


def has_marks(record: Record, marks: Iterable[str]) -> bool:
    """Whether `record` has every field of `marks`; "a.b" is b inside a, which may be JSON in a text."""
    return all(_has(record, mark) for mark in marks)


def _has(record: Record, mark: str) -> bool:
    value: Any = record
    for name in (mark,) if mark in record else mark.split("."):
        if isinstance(value, str) and value[:1] == "{":
            try:
                value = json.loads(value)
            except ValueError:
                return False
        if not isinstance(value, Mapping) or name not in value:
            return False
        value = value[name]
    return True


def _readings(records: Sequence[Record]) -> Iterator[tuple[str | None, Sequence[Record]]]:
    """The records as they are, then those within each field that holds objects, that with the most of them first."""
    yield None, records
    inside: dict[str, list[Record]] = {}
    for record in records:
        for name, value in record.items():
            for item in value if isinstance(value, list) else (value,):
                if isinstance(item, Mapping):
                    inside.setdefault(name, []).append(item)
    yield from sorted(inside.items(), key=lambda each: -len(each[1]))


def _fields(records: Iterable[Record]) -> Iterator[str]:
    return iter(dict.fromkeys(name for record in records for name in record))


def _first_parts(shape: RecordShape) -> set[str]:
    return {mark.partition(".")[0] for mark in shape.marks}
