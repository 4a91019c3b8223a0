"""From the content of a YAML file to typed values, with pydantic's findings said in plain words."""

from __future__ import annotations

import json
import types
import typing
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, NoReturn, TypeVar

from pydantic import TypeAdapter, ValidationError

from r1plan.catalog.reading.files import CatalogFile
from r1plan.catalog.reading.parse import Location, line_of, read
from r1plan.errors import CatalogError

T = TypeVar("T")

_WORDS = {
    "int_type": "expected a whole number",
    "int_from_float": "expected a whole number",
    "int_parsing_size": "expected a smaller whole number",
    "float_type": "expected a number",
    "finite_number": "expected a number",
    "string_type": "expected text",
    "bool_type": "expected true or false",
    "tuple_type": "expected a list",
    "dict_type": "expected a mapping",
    "dataclass_type": "expected a mapping of fields",
}


_MOST_NAME_CHARACTERS, _MOST_PROBLEM_CHARACTERS = 60, 600
_ADAPTERS: dict[type, TypeAdapter[Any]] = {}


def adapter(shape: type) -> TypeAdapter[Any]:
    """The validator of `shape`, a dataclass that is one whole file. It is built once."""
    if shape not in _ADAPTERS:
        _ADAPTERS[shape] = TypeAdapter(shape)
    return _ADAPTERS[shape]


def load_file(shape: type[T], file: CatalogFile) -> T:
    """`file` as a `shape`. Raises CatalogError, which names file, field and value."""
    content = read(file)
    try:
        # JSON in between so that strict means strict: '80' is text, 1 is not true, and a list may fill a tuple.
        value: T = adapter(shape).validate_json(json.dumps(content), strict=True)
    except ValidationError as error:
        problems = error.errors(include_url=False)
        # A misspelt field is missing too; the spelling is what to mend.
        first = next((each for each in problems if each["type"] == "unexpected_keyword_argument"), problems[0])
        others = f" ({len(problems) - 1} more in this file)" if len(problems) > 1 else ""
        location = tuple(first["loc"])
        if first["type"] == "unexpected_keyword_argument":
            name = str(location[-1])
            near = _near(name, _field_names(shape, location[:-1]))
            fail(file, content, location[:-1], f"unknown field '{name}'{near}{others}", at=location)
        if first["type"] == "missing":
            fail(file, content, location, f"this field is missing{others}")
        fail(file, content, location, f"{_words(first)}{others}")
    return value


def fail(file: CatalogFile, content: Any, location: Location, problem: str, at: Location | None = None) -> NoReturn:
    """Raise the CatalogError for `problem` at `location` of `content`; the hint gives path and line (of `at`)."""
    where = _dotted(content, location)
    said = " ".join((f"{where}: {problem}" if where else problem).splitlines())
    if len(said) > _MOST_PROBLEM_CHARACTERS:  # a value of the file is in it
        said = said[: _MOST_PROBLEM_CHARACTERS - 3] + "..."
    line = line_of(file, location if at is None else at)
    hint = f"{file.path}, line {line}" if line else f"the file is {file.path}"
    raise CatalogError.in_file(file.label, said, hint, line)


def shown(value: Any) -> str:
    """`value` as an error shows it, in one short piece."""
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    if isinstance(value, str):
        return f"'{value if len(value) <= 60 else value[:57] + '...'}'"
    if isinstance(value, bool):
        return str(value).lower()
    return "nothing" if value is None else str(value)


def _words(problem: Mapping[str, Any]) -> str:
    kind, context = problem["type"], problem.get("ctx", {})
    got = f", got {shown(problem['input'])}"
    if kind == "value_error":
        said = str(context["error"])
        return said if ", got " in said else said + got
    if kind == "too_short":
        return "expected a list with something in it, got an empty one"
    if kind == "greater_than_equal":
        return f"expected {context['ge']:g} or more{got}"
    if kind == "greater_than":
        return f"expected more than {context['gt']:g}{got}"
    if kind == "literal_error":
        return f"expected {context['expected']}{got}"
    if kind.startswith("date_"):
        return f"expected a day such as 2025-01-20{got}"
    said = str(problem["msg"])
    return _WORDS.get(kind, said[:1].lower() + said[1:]) + got


def _dotted(content: Any, location: Location) -> str:
    """`location` as a person reads it: shape.layers, quants[Q4_K_M].tensor_bytes, prices[3].rates.output."""
    text, here = "", content
    for step in location:
        if isinstance(step, int):
            here = here[step] if isinstance(here, list) and step < len(here) else None
            known = here if isinstance(here, Mapping) else {}
            name = known.get("id") or known.get("name")
            text += f"[{name if isinstance(name, str) and len(name) <= _MOST_NAME_CHARACTERS else step}]"
        else:
            here = here.get(step) if isinstance(here, Mapping) else None
            text += f".{step}" if text else step
    return text


def _near(name: str, known: list[str]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, known, n=3, cutoff=0.6)
    return f", did you mean {' or '.join(near)}?" if near else f"; known are {', '.join(known)}" if known else ""


def _field_names(shape: Any, location: Location) -> list[str]:
    """The field names of the dataclass at `location` inside `shape`, as files spell them."""
    for step in location:
        if isinstance(step, str) and is_dataclass(shape):
            shape = typing.get_type_hints(shape)[step]
        shape = _inner(shape, into=not isinstance(step, str) or not is_dataclass(shape))
    return [each.metadata.get("alias", each.name) for each in fields(shape)] if is_dataclass(shape) else []


def _inner(shape: Any, into: bool) -> Any:
    """`shape` without its `| None`; with `into`, the type of the elements that it holds."""
    if typing.get_origin(shape) in (types.UnionType, typing.Union):
        shape = next(each for each in typing.get_args(shape) if each is not types.NoneType)
    if into and typing.get_origin(shape) is tuple:
        return typing.get_args(shape)[0]
    if into and typing.get_origin(shape) is dict:
        return typing.get_args(shape)[1]
    return shape
