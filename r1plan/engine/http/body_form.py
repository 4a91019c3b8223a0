"""What a body is, as its first bytes say: its media type may be missing, misspelled or another's. Pure.

The events of a stream begin with the name of a field, or a colon; JSON may be one object, a list, or one object a line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from html import unescape
from itertools import chain
from typing import Literal

from r1plan.engine.dialects.json_values import value_of

BodyForm = Literal["events", "json", "page", "text", "nothing"]

_FIELDS = (b"", b"data", b"event", b"id", b"retry", b"error")
_LONGEST_FIELD = max(map(len, _FIELDS))
_BLANK = b" \t\r\n"
_MARK = b"\xef\xbb\xbf"  # of the byte order, which UTF-8 does not need
_LINE_END = re.compile(rb"[\r\n]")
_TITLE = re.compile(r"<(title|h1)[^>]*>(.*?)</\1>", re.IGNORECASE | re.DOTALL)
_ELEMENT = re.compile(r"<[^>]*>")


def formed(pieces: Iterator[bytes], *, is_typed: bool) -> tuple[BodyForm, Iterator[bytes]]:
    """What the body in `pieces` is, and its pieces, without what stands before its first character.

    `is_typed`: its media type says that it is a stream of events, which holds where its begin leaves it open.
    """
    begin = b""
    for piece in pieces:
        begin = _begin(begin + piece)
        if begin and not _MARK.startswith(begin) and (form := _form(begin, is_typed=is_typed)):
            return form, chain((begin,), pieces)
    is_blank = not begin or _MARK.startswith(begin)
    return (None if is_blank else _form(begin + b"\n", is_typed=is_typed)) or "nothing", iter((begin,))


def _begin(text: bytes) -> bytes:
    return text.lstrip(_BLANK).removeprefix(_MARK).lstrip(_BLANK)


def _form(begin: bytes, *, is_typed: bool) -> BodyForm | None:
    """The form of a body that begins so; None: that is to be seen."""
    if begin[:1] in (b"{", b"["):
        return "json"
    if begin[:1] == b"<":
        return "page"
    end = _LINE_END.search(begin)
    name, colon, _ = begin[: end.start() if end else len(begin)].partition(b":")
    if not (colon or end) and len(begin) <= _LONGEST_FIELD:
        return None
    return "events" if is_typed or (name in _FIELDS and (colon or end)) else "text"


def json_texts(pieces: Iterable[bytes]) -> Iterator[str]:
    """The JSON in `pieces`: each line of a body of which the first line is JSON by itself, else the whole body.

    What had come before an error is given before it is raised, where it is whole.
    """
    body, by_line, looked = bytearray(), None, 0
    error: Exception | None = None
    try:
        for piece in pieces:
            body += piece
            while by_line is not False and (end := body.find(b"\n", looked)) >= 0:
                line = body[:end].decode("utf-8", "replace")
                if by_line is None:
                    by_line = value_of(line) is not None
                    if not by_line:
                        break
                del body[: end + 1]
                looked = 0
                if line.strip():
                    yield line
            looked = len(body)
    except Exception as raised:  # the connection's, or a limit's
        error = raised
    rest = body.decode("utf-8", "replace")
    if rest.strip() and (error is None or value_of(rest) is not None):
        yield rest
    if error is not None:
        raise error


def heading(page: bytes) -> str:
    """The title of an HTML page, else its first heading, as text; "" when it has none."""
    found = _TITLE.search(page.decode("utf-8", "replace"))
    return " ".join(_ELEMENT.sub(" ", unescape(found[2])).split()) if found else ""
