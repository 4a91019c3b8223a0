"""The errors that some servers send as a field of their own, `error: {...}`, which no reader of events would see.

Source: llama.cpp's server before its pull request 16109.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx

_FIELD = b"error:"
_AT_BEGIN = re.compile(rb"(?<![^\r\n])error:")
_AS_EVENT = b"event: error\ndata:"


def heard_as_errors(response: httpx.Response) -> None:
    """Make each `error:` line of `response`, of which nothing has been read, an event of that kind."""
    if isinstance(stream := response.stream, httpx.SyncByteStream):
        response.stream = _AsEvents(stream)


class _AsEvents(httpx.SyncByteStream):
    """The bytes of `stream`, that field rewritten. What may be its beginning is held back, and nothing else."""

    def __init__(self, stream: httpx.SyncByteStream) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[bytes]:
        held, begins_line = b"", True
        for piece in self._stream:
            data = held + piece
            begin = max(data.rfind(b"\n"), data.rfind(b"\r")) + 1
            last = data[begin : begin + len(_FIELD)]
            is_whole_line = begin > 0 or begins_line
            held = last if is_whole_line and len(data) - begin < len(_FIELD) and _FIELD.startswith(last) else b""
            data = data[: len(data) - len(held)]
            if _FIELD in data:
                data = _AT_BEGIN.sub(_AS_EVENT, data) if begins_line else _AT_BEGIN.sub(_AS_EVENT, b"." + data)[1:]
            if data:
                begins_line = data[-1:] in (b"\n", b"\r")
                yield data
        if held:
            yield held

    def close(self) -> None:
        """Close what is below."""
        self._stream.close()
