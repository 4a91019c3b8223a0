"""The file of what was typed before, `<data>/questions`: each line of a question after "+", and a line before each.

It is read and written by hand, as prompt_toolkit's own history file is, because the disk may be full and the file may
be anything.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from r1plan.files.system import NO_TERMINAL, NO_WAIT, PLAIN

_READ_BYTES = 4 << 20
_MOST_CHARACTERS = 1 << 20  # of one question: a longer one is not looked for again
_OPEN = os.O_RDWR | os.O_CREAT | os.O_APPEND | NO_WAIT | NO_TERMINAL | PLAIN


def prepared(path: Path) -> bool:
    """Whether `path` is a plain file that can be written; it is made with mode 0600, its folder with 0700."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(_opened(path))
    except OSError:
        return False
    return True


def typed_before(path: Path) -> list[str]:
    """The questions in the last 4 MiB of the file, the last one first; none where it cannot be read."""
    try:
        with os.fdopen(_opened(path), "rb") as file:
            size = os.fstat(file.fileno()).st_size
            file.seek(max(0, size - _READ_BYTES))
            lines = file.read(_READ_BYTES).decode("utf-8", "replace").split("\n")
    except OSError:
        return []
    if size > _READ_BYTES:  # the first question has lost its beginning
        del lines[0]
        while lines and lines[0].startswith("+"):
            del lines[0]
    found: list[list[str]] = [[]]
    for line in lines:
        if line.startswith("+"):
            found[-1].append(line[1:])
        elif found[-1]:
            found.append([])
    return ["\n".join(each) for each in reversed(found) if each]


def remember(path: Path, question: str, at: datetime) -> None:
    """Write `question` at the end. What cannot be written is forgotten: that is no reason to stop a conversation."""
    if len(question) > _MOST_CHARACTERS:
        return
    entry = "".join([f"\n# {at:%Y-%m-%d %H:%M:%S}\n", *(f"+{line}\n" for line in question.split("\n"))])
    with suppress(OSError), os.fdopen(_opened(path), "ab") as file:
        file.write(entry.encode("utf-8", "replace"))


def _opened(path: Path) -> int:
    descriptor = os.open(path, _OPEN, 0o600)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError("not a plain file")
    return descriptor
