"""Numbers as a person types them: ASCII digits, finite, of a size that arithmetic and C libraries bear.

Python's own `int` and `float` take more: `1_000`, Arabic digits, `nan`, `1e400`.
"""

from __future__ import annotations

import re
from copy import copy
from typing import Any

_WHOLE = re.compile(r"[-+]?[0-9]{1,15}")
_NUMBER = re.compile(r"[-+]?([0-9]{1,30}(\.[0-9]{0,30})?|\.[0-9]{1,30})([eE][-+]?[0-9]{1,2})?")
# The commands themselves refuse what is not finite, each in its own words; a range does not see that `nan` is outside.
_ANY_FLOAT = re.compile(rf"{_NUMBER.pattern}|[-+]?(nan|inf)", re.IGNORECASE)
_PATTERNS = {"int": _WHOLE, "integer": _WHOLE, "float": _NUMBER}


def with_plain_numbers(command: Any) -> Any:
    """`command`, or a group's commands, whose options and arguments take only such numbers."""
    for each in getattr(command, "commands", {}).values():
        with_plain_numbers(each)
    for parameter in command.params:
        kind, _, bounds = parameter.type.name.partition(" ")  # "float", or "float range" where it has bounds
        if kind in _PATTERNS:
            is_checked_later = kind == "float" and not bounds
            parameter.type = _checked(parameter.type, _ANY_FLOAT if is_checked_later else _PATTERNS[kind])
    return command


def _checked(type_: Any, pattern: re.Pattern[str]) -> Any:
    """A copy of `type_`, which all parameters may share, that converts only what `pattern` matches."""
    checked = copy(type_)
    what = "a whole number of at most 15 digits" if pattern is _WHOLE else "a number such as 0.5 or 24"

    def convert(value: Any, parameter: Any, context: Any) -> Any:
        if isinstance(value, str) and not pattern.fullmatch(value.strip()):
            type_.fail(f"{value!r} is not {what}.", parameter, context)
        return type_.convert(value, parameter, context)

    checked.convert = convert
    return checked
