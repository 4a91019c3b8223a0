"""Lines that hold lists of records as a line for each record."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, BinaryIO

from r1plan.report.importers.importer import Unfolding
from r1plan.report.invalid_line import LineFault, json_fault


def unfold_lines(lines: Iterable[bytes], how: Unfolding, target: BinaryIO) -> Iterator[tuple[int, LineFault]]:
    """Write a line for each record that `lines` hold into `target`; the numbers of those that are no object of JSON.

    A line without such lists is a record itself.
    """
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            value = None
        if isinstance(value, dict):
            target.writelines(_line(each, how) for each in _records(value, how))
        else:
            yield number, json_fault(line)


def _records(value: Mapping[str, Any], how: Unfolding) -> Iterator[Mapping[str, Any]]:
    first, *others = how.levels
    if not any(isinstance(value.get(name), list) for name in first):
        yield value
    for outer in _within([value], first):
        found: Iterable[Mapping[str, Any]] = [outer]
        for names in others:
            found = _within(found, names)
        yield from ({**each, how.kept: outer.get(how.kept)} for each in found)


def _within(values: Iterable[Mapping[str, Any]], names: frozenset[str]) -> Iterator[Mapping[str, Any]]:
    for value in values:
        for name in names & value.keys():
            items = value[name]
            yield from (each for each in items if isinstance(each, dict)) if isinstance(items, list) else ()


def _line(record: Mapping[str, Any], how: Unfolding) -> bytes:
    return json.dumps({name: value for name, value in record.items() if name not in how.dropped}).encode() + b"\n"
