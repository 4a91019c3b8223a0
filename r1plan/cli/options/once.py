"""Options that a command line says once: of two values, typer keeps the last and is silent about the first."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import Any

from r1plan.errors import UsageError


def said_once(command: Any) -> Any:
    """`command`, which refuses an option that is given twice and keeps one value.

    The same switch twice means what it means once, but not a switch and its opposite.
    """
    command.make_parser = partial(_parser, command.make_parser)
    return command


def _parser(make: Any, context: Any) -> Any:
    parser = make(context)
    parser.parse_args = partial(_parsed, parser.parse_args, context)
    return parser


def _parsed(parse: Any, context: Any, args: list[str]) -> tuple[dict[str, Any], list[str], list[Any]]:
    values, rest, said = parse(args)
    if not context.resilient_parsing and not any(each.is_eager for each in said):  # completion, and --help
        for parameter, number in Counter(said).items():
            if number > 1 and _has_one_value(parameter):
                raise UsageError(f"{_name(parameter)} is given {times(number)}.", "give it once.")
    return values, rest, said


def times(number: int) -> str:
    """How often, in words: "once", "twice", "3 times"."""
    return {1: "once", 2: "twice"}.get(number, f"{number} times")


def _has_one_value(parameter: Any) -> bool:
    if parameter.param_type_name != "option" or parameter.multiple or parameter.count:
        return False
    return bool(not parameter.is_flag or parameter.secondary_opts)


def _name(parameter: Any) -> str:
    names = [max(each, key=len) for each in (parameter.opts, parameter.secondary_opts) if each]
    return " or ".join(names)
