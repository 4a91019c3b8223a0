"""What typer refuses of a command line, as this program's own errors: a sentence with the value, and a hint."""

from __future__ import annotations

import re
from ast import literal_eval
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

from r1plan.errors import R1PlanError, UsageError
from r1plan.interrupts import received

_MOST_DIGITS = 15
_MOST_SHOWN = 80  # characters of a word that is no command
_NO_VARIABLE = "_R1PLAN_NO_COMPLETION_BY_TYPER"  # completion is our own: r1plan/cli/completion
_MEASURED = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)\s*(?=[A-Za-z])([kKmM]?)[A-Za-z/]*")  # "24GB", "128k", "64 GiB"
_EXAMPLES: dict[str | None, int] = {"GIB": 64, "GB/S": 800, "TOKENS": 16_384, "TOK_S": 10}
"""What an option with this metavar may be, as no default says it."""


def run(app: Any, words: Sequence[str]) -> int:
    """Do what `words` say, and return the exit code. Raises R1PlanError, also for what typer refuses."""
    import typer
    from typer._click.exceptions import ClickException, NoArgsIsHelpError

    try:
        code = app.main(args=words, prog_name="r1plan", standalone_mode=False, complete_var=_NO_VARIABLE)
    except NoArgsIsHelpError as error:
        error.show()
        return error.exit_code
    except ClickException as error:
        from r1plan.cli.meant import asking_for_help

        if (unknown := _unknown_command(error)) is not None and (meant := asking_for_help(words, unknown)) is not None:
            return run(app, meant)
        raise usage_error(error, words) from None
    except typer.Abort:
        if received() is not None:
            raise KeyboardInterrupt from None
        raise R1PlanError("the input ended before it was complete.", "type it again.") from None
    return code if isinstance(code, int) else 0


def usage_error(error: Any, words: Sequence[str]) -> UsageError:
    """The error for what typer says of the command line `words`."""
    from typer._click import exceptions

    command = _command(error, words)
    match error:
        case exceptions.NoSuchOption():
            return _no_option(error, command)
        case exceptions.MissingParameter():
            name = "more" if error.param is None else _name(error.param)
            return UsageError(f"{command} needs {name}.", _example(error) or _help(command))
        case exceptions.BadParameter():
            return _bad_value(error, command)
        case exceptions.BadOptionUsage():
            if "does not take" in error.message:
                return UsageError(f"{error.option_name} takes no value.", "leave out what follows the '='.")
            return UsageError(f"{error.option_name} needs a value.", _help(command))
    if extra := re.fullmatch(r"Got unexpected extra argument\(?s?\)? \((.*)\)", error.message, re.DOTALL):
        hint = 'put a question in quotes: r1plan chat "What is 17 + 25?"' if command == "r1plan chat" else None
        if command == "r1plan recommend":
            from r1plan.cli.meant import card_said_here

            hint = card_said_here(extra[1].split())
        return UsageError(f"{command} has no place for '{extra[1]}'.", hint or _example(error) or _help(command))
    if (unknown := _unknown_command(error)) is not None:
        from r1plan.cli.meant import said_here

        names = [] if error.ctx is None else error.ctx.command.list_commands(error.ctx)
        near = _meant(unknown, names)
        hint = said_here(command, unknown, words)
        if near and (hint is None or " " in unknown):
            hint = near
        return UsageError(f"{command} has no command '{_shown(unknown)}'.", hint or _help(command))
    if error.message == "Missing command.":
        return UsageError(f"{command} needs a command.", _help(command))
    return UsageError(error.format_message(), _help(command))


def _unknown_command(error: Any) -> str | None:
    """The word that is no command, out of typer's own sentence, which writes it as Python does."""
    found = re.match(r"No such command ('.*?'|\".*?\")\.(?: Did you mean .*)?\Z", error.message, re.DOTALL)
    return str(literal_eval(found[1])) if found else None


def _shown(typed: str) -> str:
    """`typed` on one line of bounded length."""
    text = " ".join(typed.split())
    return text if len(text) <= _MOST_SHOWN else f"{text[: _MOST_SHOWN - 1]}…"


def _no_option(error: Any, command: str) -> UsageError:
    params = [] if error.ctx is None else error.ctx.command.params
    names = [name for each in params for name in (*each.opts, *each.secondary_opts) if name.startswith("--")]
    names += ["--help"]
    typed = error.option_name
    if len(typed) == 2:  # one letter, as of "-model"
        near = [each for each in names if each[2] == typed[1]][:3]
        hint = f"did you mean {', '.join(near)}?" if near else None
    else:
        from r1plan.cli.meant import option_said_here

        same = option_said_here(typed, names)
        hint = f"did you mean {same}?" if same else _meant(typed, names)
    return UsageError(f"{command} has no option '{typed}'.", hint or _help(command))


def _bad_value(error: Any, command: str) -> UsageError:
    param = error.param
    if param is None:
        return UsageError(error.message, _help(command))
    kind = param.type
    option = _name(param)
    found = re.match(r"(.*?) (?:is not|does not)\b", error.message, re.DOTALL)
    value = found[1].strip("'\"") if found else ""
    choices = getattr(kind, "choices", None)
    if found and choices:
        names = [str(each) for each in choices]
        every = f"{', '.join(names[:-1])} or {names[-1]}" if len(names) > 1 else names[0]
        return UsageError(
            f"{option} '{value}': expected {every}.", _meant(value, names, min(3, len(names) - 1)) or _help(command)
        )
    number = {"int": "a whole number", "float": "a number"}.get(kind.name.split()[0].removesuffix("eger"))
    if found and number:
        low, high = getattr(kind, "min", None), getattr(kind, "max", None)
        if low is not None and high is not None:
            number += f" from {low} to {high}"
        elif low is not None:
            number += f", {low} or more"
        if value.lstrip("-+").isdigit() and len(value) > _MOST_DIGITS:
            number += f", of at most {_MOST_DIGITS} digits"
        such = param.default if isinstance(param.default, int | float) else max(low or 0, min(1, high or 1))
        such = _plain_number(value, kind) or _EXAMPLES.get(param.metavar, such)
        shown = value if re.fullmatch(r"-?\d{1,20}(\.\d{1,20})?", value) else f"'{value}'"
        return UsageError(f"{option} {shown}: expected {number}.", f"such as {option} {such}")
    return UsageError(f"{option}: {error.message.rstrip('.')}.", _help(command))


def _plain_number(value: str, kind: Any) -> str | None:
    """The number that `value` writes with a unit, as an option of this `kind` takes it; None when it does not."""
    whole = kind.name.startswith("int")
    if re.fullmatch(r"\d{1,3}(\.\d{1,9})?\s*%", value.strip()) and not whole:  # of shares
        return f"{float(value.strip().rstrip('%')) / 100:g}"
    if whole and re.fullmatch(r"\d{1,9}(\.\d{1,9})?[eE]\+?\d{1,2}", value.strip()):
        size = float(value)
        return f"{size:.0f}" if size.is_integer() and len(f"{size:.0f}") <= _MOST_DIGITS else None
    found = _MEASURED.fullmatch(value.strip())
    if found is None:
        return None
    size = float(found[1]) * {"": 1, "k": 1000 if whole else 1, "m": 1_000_000 if whole else 1}[found[2].lower()]
    low, high = getattr(kind, "min", None), getattr(kind, "max", None)
    if (whole and not size.is_integer()) or size < (low or 0) or (high is not None and size > high):
        return None
    return f"{size:.0f}" if size.is_integer() else f"{size:g}"


def _name(param: Any) -> str:
    """An option as it is typed, an argument as its help writes it."""
    return str(max(param.opts, key=len)) if param.param_type_name == "option" else str(param.name).upper()


def _meant(typed: str, names: Sequence[str], most: int = 3) -> str | None:
    by_folded = {each.lstrip("-").casefold(): each for each in names}
    near = [by_folded[each] for each in get_close_matches(typed.lstrip("-").casefold(), by_folded, n=most, cutoff=0.6)]
    return f"did you mean {', '.join(near)}?" if near else None


def _command(error: Any, words: Sequence[str]) -> str:
    """The command that the error is about, as it is typed."""
    if error.ctx is not None:
        return str(error.ctx.command_path)
    from r1plan.cli import COMMANDS

    return f"r1plan {words[0]}" if words and words[0] in COMMANDS else "r1plan"


def _help(command: str) -> str:
    return f"{command} --help says what there is."


def _example(error: Any) -> str | None:
    """The example with which the help of the command ends."""
    command = None if error.ctx is None else error.ctx.command
    found = re.search(r"Example: (.+)\s*\Z", f"{command.help or ''}\n{command.epilog or ''}") if command else None
    return None if found is None else f"example: {found[1].strip()}"
