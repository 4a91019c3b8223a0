"""Streams written in a test, in the shapes that the vendors document."""

from __future__ import annotations

import json
from typing import Any

DONE = b"data: [DONE]\n\n"


def chunk(delta: dict[str, Any] | None = None, *, finish: str | None = None, **fields: Any) -> bytes:
    """One chunk of a chat completion. `choices` in `fields` replaces the one that `delta` makes."""
    body: dict[str, Any] = {
        "id": "chat-1",
        "object": "chat.completion.chunk",
        "created": 1780000000,
        "model": "deepseek-flash",
        "choices": [{"index": 0, "delta": delta or {}, "finish_reason": finish}],
    }
    return b"data: " + json.dumps(body | fields, ensure_ascii=False).encode() + b"\n\n"


def usage(read: int, written: int, **more: Any) -> dict[str, Any]:
    """A usage object with its three totals."""
    return {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written, **more}


def event(kind: str, *lines: str) -> bytes:
    """One event of a prediction's stream, its text in several data lines."""
    return f"event: {kind}\nid: 1:0\n".encode() + b"".join(f"data: {line}\n".encode() for line in lines) + b"\n"
