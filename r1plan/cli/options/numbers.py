"""Numbers as a person types them: ASCII digits, finite, of a size that arithmetic and C libraries bear.

Python's own `int` and `float` take more: `1_000`, Arabic digits, `nan`, `1e400`. Sizes, rates, times, dollars and
numbers of tokens may have a unit (see `quantities`); what is merely counted has none.
"""

from __future__ import annotations

import re
from copy import copy
from typing import TYPE_CHECKING, Any

from r1plan.cli.options.once import said_once

if TYPE_CHECKING:
    from r1plan.cli.options.quantities import Unit

_WHOLE = re.compile(r"[-+]?[0-9]{1,15}")
_NUMBER = re.compile(r"[-+]?([0-9]{1,30}(\.[0-9]{0,30})?|\.[0-9]{1,30})([eE][-+]?[0-9]{1,2})?")
# The commands themselves refuse what is not finite, each in its own words; a range does not see that `nan` is outside.
_ANY_FLOAT = re.compile(rf"{_NUMBER.pattern}|[-+]?(nan|inf)", re.IGNORECASE)
_PATTERNS = {"int": _WHOLE, "integer": _WHOLE, "float": _NUMBER}
# Whole numbers by the name of their parameter: how long a context or a part of it is, and other amounts of tokens.
_CONTEXT_TOKENS = frozenset({"context", "depth", "ubatch"})
# What figures with a unit are called, by what their help calls them.
_FIGURES: dict[str, tuple[str, Unit]] = {
    "SECONDS": ("a number such as 2, 2s or 500ms", "seconds"),
    "MINUTES": ("a number such as 10, 10min or 2h", "minutes"),
    "USD": ("a number of dollars such as 2.50 or $2.50", "dollars"),
    "USD_PER_KWH": ("a number of dollars such as 0.30 or $0.30", "dollars"),
    "N": ("a number such as 0.5, 24 or 10k", "thousands"),
}
_TOKENS = frozenset({"cache_hit", "thinking", "max_thinking", "max_tokens"})


def with_plain_numbers(command: Any) -> Any:
    """`command`, or a group's commands, whose options and arguments take only such numbers, and each option once."""
    for each in getattr(command, "commands", {}).values():
        with_plain_numbers(each)
    for parameter in command.params:
        kind, _, bounds = parameter.type.name.partition(" ")  # "float", or "float range" where it has bounds
        if kind in _PATTERNS:
            is_checked_later = kind == "float" and not bounds
            pattern = _ANY_FLOAT if is_checked_later else _PATTERNS[kind]
            parameter.type = _checked(parameter.type, pattern, *_unit_of(parameter, kind == "float"))
    return said_once(command)


def _unit_of(parameter: Any, is_float: bool) -> tuple[str, Unit | None]:
    """What the parameter takes, in words, and of what it is a number where it may have a unit."""
    if is_float and parameter.metavar == "GIB":
        return "a number such as 24, 24GB or 0.5TB", "size"
    if is_float and parameter.metavar == "GB/S":
        return "a number such as 936, 936GB/s or 1.8TB/s", "rate"
    if is_float and parameter.metavar in _FIGURES:
        return _FIGURES[parameter.metavar]
    if is_float:
        return "a number such as 0.5 or 24", None
    if parameter.name in _CONTEXT_TOKENS:
        return "a whole number of at most 15 digits, or one such as 32k", "context"
    if parameter.name in _TOKENS or parameter.name.endswith("_tokens"):
        return "a whole number of at most 15 digits, or one such as 100k", "tokens"
    return "a whole number of at most 15 digits", None


def _checked(type_: Any, pattern: re.Pattern[str], what: str, unit: Unit | None) -> Any:
    """A copy of `type_`, which all parameters may share, that converts only what `pattern` takes or has a `unit`."""
    checked = copy(type_)

    def convert(value: Any, parameter: Any, context: Any) -> Any:
        if isinstance(value, str) and not pattern.fullmatch(value.strip()):
            number = None
            if unit is not None:
                from r1plan.cli.options.quantities import number_with_unit, refuse_other_money

                number = number_with_unit(value, unit)
                if number is None and unit == "dollars":
                    refuse_other_money(max(parameter.opts, key=len), value)
            if number is None:
                type_.fail(f"{value!r} is not {what}.", parameter, context)
            converted = type_.convert(number, parameter, context)
            if unit in ("size", "rate"):
                from r1plan.cli.options.quantities import Typed

                return Typed(converted, value)
            return converted
        return type_.convert(value, parameter, context)

    checked.convert = convert
    return checked
