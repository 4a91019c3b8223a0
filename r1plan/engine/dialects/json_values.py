"""The JSON in the data of an event, as servers write it. Pure.

Numbers with a point, and whole ones of more digits than Python takes, are read as Decimal. Raw control characters may
stand in strings, as some servers do not escape.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from json import JSONDecodeError, JSONDecoder

_DECODER = JSONDecoder(parse_float=Decimal, strict=False)
# Python refuses to read an int of more than a few thousand digits; a part of the answer may stand beside one.
_PATIENT = JSONDecoder(parse_float=Decimal, parse_int=Decimal, strict=False)
_DONE = "[DONE]"
_BETWEEN = re.compile(r"(?:\s|data:)*")
_MOST = 10_000  # objects in one event
_NO_JSON = (ValueError, RecursionError, InvalidOperation)


def value_of(text: str) -> object:
    """The JSON in `text`; None when it is none."""
    try:
        return _decoded(text)
    except _NO_JSON:
        return None


def _decoded(text: str) -> object:
    try:
        return _DECODER.decode(text)
    except JSONDecodeError:
        raise
    except ValueError:
        return _PATIENT.decode(text)


def values_of(data: str) -> Iterator[object]:
    """What stands in `data`, None for what cannot be read: one value, the objects of a list, or several in a row.

    Several come where a server leaves out the blank line between its events, or writes the name of the field twice;
    "[DONE]" is given as it stands.
    """
    try:
        value: object = _decoded(data)
    except _NO_JSON:
        value = None
    if isinstance(value, dict):
        yield value
    elif isinstance(value, list) and value and all(isinstance(each, dict) for each in value):
        yield from value
    elif value is None and (values := _in_a_row(data)):
        yield from values
    else:
        yield None


def _in_a_row(data: str) -> list[object]:
    """The objects that follow one another in `data`; none unless all of it can be read."""
    found: list[object] = []
    at = _BETWEEN.match(data).end()  # type: ignore[union-attr]  # it matches nothing, too
    while at < len(data):
        if data.startswith(_DONE, at):
            value: object = _DONE
            at += len(_DONE)
        else:
            try:
                value, at = _DECODER.raw_decode(data, at)
            except _NO_JSON:
                return []
        if not (isinstance(value, dict) or value == _DONE) or len(found) == _MOST:
            return []
        found.append(value)
        at = _BETWEEN.match(data, at).end()  # type: ignore[union-attr]
    return found
