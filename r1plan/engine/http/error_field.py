"""Lines of a stream that no reader of events would see: the field `error: {...}`, and JSON without a field's name.

Source: llama.cpp's server before its pull request 16109; servers that fail in mid stream write their error bare.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

_FIELD = b"error:"
_AT_BEGIN = re.compile(rb"(?<![^\r\n])(?:error:|(?=\{))")


def with_bare_lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """`pieces` with each such line as an event's. What may be its beginning is held back, and nothing else."""
    held, begins_line = b"", True
    for piece in pieces:
        data = held + piece
        begin = max(data.rfind(b"\n"), data.rfind(b"\r")) + 1
        last = data[begin : begin + len(_FIELD)]
        is_whole_line = begin > 0 or begins_line
        held = last if is_whole_line and len(data) - begin < len(_FIELD) and _FIELD.startswith(last) else b""
        data = data[: len(data) - len(held)]
        if _FIELD in data or b"\n{" in data or b"\r{" in data or data[:1] == b"{":
            data = _AT_BEGIN.sub(_as_event, data) if begins_line else _AT_BEGIN.sub(_as_event, b"." + data)[1:]
        if data:
            begins_line = data[-1:] in (b"\n", b"\r")
            yield data
    if held:
        yield held


def _as_event(found: re.Match[bytes]) -> bytes:
    # The blank lines end the event before it, also where lines end with CR alone.
    return b"event: error\ndata:" if found[0] else b"\n\ndata:"
