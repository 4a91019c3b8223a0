"""A command to copy, broken where a shell lets it go on."""

from __future__ import annotations

import re

from r1plan.render.text.sanitize import one_line
from r1plan.render.text.width import cells

_WORD = re.compile(r"""(?:[^\s'"]|'[^']*'|"[^"]*"|['"])+""")
_GOES_ON = " \\"
_INDENT = 4


def command_lines(command: str, width: int) -> list[str]:
    """`command` in lines of at most `width` columns, which a POSIX shell reads as one; a long word stays whole.

    It is broken before words that begin with a hyphen, so that an option stands beside its value.
    """
    line = one_line(command)
    if cells(line) <= width:
        return [line]
    begin = len(line) - len(line.lstrip())
    pieces: list[str] = []
    for word in _WORD.findall(line):
        if word.startswith("-") or not pieces:
            pieces.append(word)
        else:
            pieces[-1] += f" {word}"
    lines = [" " * begin + pieces[0]]
    for piece in pieces[1:]:
        if cells(f"{lines[-1]} {piece}{_GOES_ON}") <= width:
            lines[-1] += f" {piece}"
        else:
            lines[-1] += _GOES_ON
            lines.append(" " * (begin + _INDENT) + piece)
    return lines
