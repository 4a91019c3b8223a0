"""Options of one letter. A letter means the same in every command: the letters are simonw/llm's, where llm has one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from r1plan.errors import UsageError

SHORT = {
    "--model": "-m",
    "--system": "-s",
    "--continue": "-c",
    "--file": "-f",
    "--option": "-o",
    "--no-log": "-n",
    "--provider": "-p",
    "--version": "-V",
    "--yes": "-y",
}
"""The letter of each long option that has one; `-h` stands for `--help` everywhere."""

SET_BY_KEY = ("temperature", "max_tokens", "max_thinking", "seed", "context")
"""The keys that `--option KEY VALUE` takes; each is a long option too."""


def with_short_options(command: Any) -> Any:
    """`command`, or a group's commands, with the letters of its options. Long options behind one dash are refused."""
    for each in getattr(command, "commands", {}).values():
        with_short_options(each)
    for parameter in command.params:
        for name in [name for name in parameter.opts if name in SHORT and SHORT[name] not in parameter.opts]:
            parameter.opts.insert(0, SHORT[name])
    command.parse_args = _checking(command, command.parse_args)
    return command


def _checking(command: Any, parse: Callable[[Any, list[str]], list[str]]) -> Callable[[Any, list[str]], list[str]]:
    names = {name for each in command.params for name in (*each.opts, *each.secondary_opts)} | {"--help"}

    def parse_args(context: Any, arguments: list[str]) -> list[str]:
        if not context.resilient_parsing:
            _refuse_one_dash(context.command_path, arguments, names)
            if "--option" in names:
                arguments = spelled_out(context.command_path, arguments)
        return parse(context, arguments)

    return parse_args


def _refuse_one_dash(command: str, arguments: Sequence[str], names: set[str]) -> None:
    """Raise UsageError for `-model`, which would mean `-m odel`."""
    for typed in arguments:
        if typed == "--":
            return
        name = typed.partition("=")[0]
        if len(name) < 3 or name[0] != "-" or not name[1].isalpha():
            continue
        meant = f"-{name}" if f"-{name}" in names else None
        if meant is None and name[:2] not in names:
            from r1plan.cli.meant import option_said_here

            meant = option_said_here(name, list(names))
        if meant is not None:
            raise UsageError(f"{command} has no option '{name}'.", f"did you mean {meant}?")


def spelled_out(command: str, arguments: Sequence[str]) -> list[str]:
    """`arguments` with `-o KEY VALUE`, as llm takes it, as the long option that it stands for. Raises UsageError."""
    result: list[str] = []
    rest = list(arguments)
    while rest:
        typed = rest.pop(0)
        if typed == "--":
            return [*result, typed, *rest]
        if typed not in ("-o", "--option"):
            result.append(typed)
            continue
        if len(rest) < 2:
            raise UsageError(f"{typed} needs a key and a value.", f"example: {command} {typed} temperature 0.6")
        key, value = rest[:2]
        del rest[:2]
        if key.replace("-", "_") not in SET_BY_KEY:
            raise UsageError(
                f"{typed} '{key}': expected {_any_of(SET_BY_KEY)}.", f"{command} --help says what there is."
            )
        result.append(f"--{key.replace('_', '-')}={value}")
    return result


def _any_of(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} or {names[-1]}"
