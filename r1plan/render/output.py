"""Where text leaves the program: the result on stdout, notes and errors on stderr; a document and nothing else as JSON.

All of it is cleaned here, and no other module but the chat's screens writes to a stream: what came from a model, a
server, a file or the environment steers no terminal and hides nothing.
"""

from __future__ import annotations

import codecs
import json
import os
import shutil
import sys
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, TextIO

from r1plan.render.text.sanitize import coloured, escaped, json_escape, one_line, printable
from r1plan.render.text.screen import Screen


def columns() -> int:
    """How wide what goes to stdout may be: COLUMNS, else its terminal; 120 where that is none."""
    return shutil.get_terminal_size((120, 24)).columns


def screen() -> Screen:
    """What stdout can show."""
    is_styled = styled()
    # https://no-color.org: whatever it is set to, unless it is empty.
    colours = is_styled and not os.environ.get("NO_COLOR")
    return Screen(columns=columns(), styled=is_styled, colours=colours, blocks=_shows("█▓▒░·─"))


def styled() -> bool:
    """Whether stdout is a terminal that shows bold letters."""
    return sys.stdout.isatty() and os.environ.get("TERM", "") not in ("dumb", "unknown")


def lines(rows: Iterable[str], *, flush: bool = False) -> None:
    """Lines of the result, each one line whatever is in it; the colours that we gave it stay."""
    for row in rows:
        _write(sys.stdout, f"{coloured(row)}\n")
    if flush:
        sys.stdout.flush()


def whole(text: str) -> None:
    """A result that is a text of its own, with its newlines."""
    _write(sys.stdout, printable(text))


def document(fields: Mapping[str, Any]) -> None:
    """`fields` as one JSON document on stdout."""
    _write(sys.stdout, document_text(fields))


def document_text(fields: Mapping[str, Any]) -> str:
    """`fields` as one JSON document, ending in a newline. Decimals are strings, instants ISO 8601."""
    return escaped(json.dumps(fields, ensure_ascii=False, indent=2, default=_plain)) + "\n"


def binary(content: bytes) -> None:
    """A result that is no text, as it is. Raises OutputError where stdout is a terminal, which it would upset."""
    from r1plan.errors import OutputError

    if sys.stdout is None:
        return
    if sys.stdout.isatty():
        raise OutputError("this form is no text, and is not written to a terminal.", "add --output FILE.")
    sys.stdout.flush()
    sys.stdout.buffer.write(content)


def to_file(path: Path, content: str | bytes) -> None:
    """A result as the file `path`, replaced where it is there. Raises OutputError where it cannot be written.

    Text is cleaned.
    """
    from r1plan.errors import OutputError
    from r1plan.files.exported import write_exported

    try:
        written = content if isinstance(content, bytes) else printable(content).encode("utf-8", "replace")
        write_exported(path, written, replaces=True)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}.", "give another file to --output.") from error


def remark_columns() -> int:
    """How wide what goes to stderr may be: its terminal; 80 where that is none."""
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or 80
    except (AttributeError, OSError, ValueError):
        return 80


def note(text: str) -> None:
    """A sentence for the person, on stderr; on a terminal dimmed and wrapped between words."""
    line = printable(text)
    if sys.stderr is not None and sys.stderr.isatty():
        from r1plan.render.text.dim import dimmed
        from r1plan.render.text.wrap import wrapped

        line = dimmed("\n".join(wrapped(line, remark_columns())))
    _remark(line)


def to_copy(text: str) -> None:
    """A line for the person, on stderr, that is not wrapped: it is to be copied."""
    _remark(one_line(text))


def question(text: str) -> None:
    """A question to the person, on stderr, wrapped between words; the answer is typed behind it."""
    from r1plan.render.text.wrap import wrapped

    _remark("\n".join(wrapped(one_line(text), remark_columns())), end=" ")


def end_line() -> None:
    """End the line on stderr that an answer was awaited on."""
    _remark("")


def error(message: str, hint: str | None) -> None:
    """What went wrong, and what to do next, on stderr, a line each."""
    _remark(f"error: {one_line(message)}")
    if hint:
        _remark(f"hint:  {one_line(hint)}")


def _remark(line: str, end: str = "\n") -> None:
    if sys.stdout is not None:
        sys.stdout.flush()  # so that both streams keep their order where they meet
    _write(sys.stderr, f"{line}{end}")
    if sys.stderr is not None:
        sys.stderr.flush()


def _write(stream: TextIO | None, text: str) -> None:
    """Write cleaned text; what the stream's encoding lacks is an escape, JSON's own. A closed stream takes nothing."""
    if stream is None:
        return
    encoding = stream.encoding or "utf-8"
    if not encoding.lower().startswith("utf"):
        codecs.register_error("json", _json_escape)
        text = text.encode(encoding, "json").decode(encoding)
    stream.write(text)


def _shows(characters: str) -> bool:
    """Whether stdout's encoding has all of `characters`."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    try:
        characters.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def _json_escape(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(json_escape, error.object[error.start : error.end])), error.end


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime | date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no JSON form")
