"""Tells a command of a conversation from a question, also where it is misspelt or written as elsewhere. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection

from r1plan.errors import NotFound

_SLASHES = ("/", "\uff0f")  # the second is what an input method for Chinese or Japanese writes
_COMMAND = re.compile(r"[/\uff0f](\s*)([a-z]+)(.*)\Z", re.DOTALL | re.IGNORECASE)
_LONGEST_NAME = 40
_ALSO = {"quit": "exit", "q": "exit", "bye": "exit", "wq": "exit", "h": "help", "?": "help"}
_ENDS = " .!?;'\"`\u201c\u201d\u2018\u2019"
_LEAVING = ("exit", "quit", "exit()", "quit()")
_NEAR = 0.75  # as difflib's ratio


def command_in(line: str, names: Collection[str]) -> tuple[str, str] | None:
    """Which of `names` the line is, and its arguments; None: it is a question, as one may begin with a path.

    Raises NotFound for what can only be meant as a command and is none.
    """
    if len(line) <= _LONGEST_NAME and (alone := _alone(line)):
        return alone, ""
    found = _COMMAND.match(line)
    if not found:
        return None
    name, rest = found[2].casefold(), found[3]
    name = _ALSO.get(name, name)
    stands_apart = bool(found[1])
    if name in names and (not rest.strip(_ENDS) or rest[0].isspace()):
        return name, rest.strip() if rest.strip(_ENDS) else ""
    if rest.startswith(_SLASHES):
        return None
    if not stands_apart and (not rest or rest[0].isspace()):
        raise _unknown(found[2], name, names)
    if name in names or _near(name, names):
        raise _unknown(found[2] if stands_apart else line.split()[0][1:], name, names)
    return None


def is_farewell(line: str) -> bool:
    """Whether `line` is a word of parting that a person may also mean as one."""
    return line.strip(_ENDS).casefold() == "bye"


def _alone(line: str) -> str | None:
    """The command that a whole line is without being written as one: `exit`, `:q`, `help`, `?`, a slash alone."""
    plain = unicodedata.normalize("NFKC", line).strip().casefold()
    if plain in ("/", "?", "/?", "help"):
        return "help"
    word = plain.strip(_ENDS)
    if word in (*_LEAVING, "bye"):
        return "exit"
    bare = word.lstrip("/\\:")
    return "exit" if bare != word and (bare in _LEAVING or _ALSO.get(bare) == "exit") else None


def _near(name: str, names: Collection[str]) -> tuple[str, ...]:
    from difflib import get_close_matches

    return tuple(get_close_matches(name, (*names, *_ALSO), n=3, cutoff=_NEAR))


def _unknown(typed: str, name: str, names: Collection[str]) -> NotFound:
    near = NotFound.among("command", name, names).near
    hint = f"did you mean {', '.join(f'/{each}' for each in near)}?" if near else "/help lists the commands."
    shown = typed if len(typed) <= _LONGEST_NAME else f"{typed[:_LONGEST_NAME]}…"
    return NotFound(f"there is no command /{shown}.", hint, near)
