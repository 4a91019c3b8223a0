"""One YAML file as plain values, and where in it a value stands."""

from __future__ import annotations

import re
from typing import Any

import yaml

from r1plan.catalog.reading.files import CatalogFile, reason
from r1plan.errors import CatalogError


def read(file: CatalogFile) -> Any:
    """The content of `file`. Numbers, booleans and null are read as in YAML 1.2; all else, days included, is text.

    Raises CatalogError for a file that cannot be read, is not UTF-8, is not YAML, is empty or says a key twice.
    """
    try:
        text = file.path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        hint = f"save {file.path} as UTF-8"
        raise CatalogError.in_file(file.label, f"byte {error.start} is not UTF-8.", hint) from None
    except OSError as error:
        raise CatalogError.in_file(file.label, f"{reason(error)}.", f"the file is {file.path}") from None
    try:
        content = yaml.load(text, Loader=_Loader)  # noqa: S506  (a SafeLoader with fewer types)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        lines = text.count("\n") + 1  # the mark of a file that breaks off is one line beyond it
        where = f"line {min(mark.line + 1, lines)}: " if mark else ""
        problem = f"{where}{error.problem or error.context}."
        raise CatalogError.in_file(file.label, problem, f"the file is {file.path}") from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:  # ValueError: an integer of thousands of digits
        problem = " ".join(str(error).split()) or "not YAML"
        raise CatalogError.in_file(file.label, f"{problem}.", f"the file is {file.path}") from None
    if content is None:
        raise CatalogError.in_file(file.label, "the file is empty.", f"fill or remove {file.path}")
    return content


def line_of(file: CatalogFile, location: tuple[int | str, ...]) -> int | None:
    """The line that holds `location` in `file`, or its nearest parent's; None when it cannot be told."""
    try:
        node = yaml.compose(file.path.read_text("utf-8-sig"), Loader=_Loader)
    except (yaml.YAMLError, OSError, ValueError, RecursionError):
        return None
    if node is None:
        return None
    line: int = node.start_mark.line + 1
    for step in location:
        if isinstance(node, yaml.MappingNode):
            pairs = [(key, value) for key, value in node.value if key.value == step]
            if not pairs:
                break
            key, node = pairs[0]
            line = key.start_mark.line + 1
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
            line = node.start_mark.line + 1
        else:
            break
    return line


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """YAML without its surprises: `16:30`, `no` and `2025-01-20` are text, and no key may be said twice."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012  (the name and shape are PyYAML's)

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        mapping: dict[Any, Any] = super().construct_mapping(node, deep)
        if len(mapping) != len(node.value):
            seen = set()
            for key, _ in node.value:
                if key.value in seen:
                    raise yaml.MarkedYAMLError(problem=f"'{key.value}' is said twice", problem_mark=key.start_mark)
                seen.add(key.value)
        return mapping


for _tag, _pattern, _first in (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?(0|[1-9][0-9]*)", list("-+0123456789")),
    ("float", r"[-+]?([0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))([eE][-+]?[0-9]+)?", list("-+.0123456789")),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"(?:{_pattern})$"), _first)
