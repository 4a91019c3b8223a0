"""Text files as editors and shells write them: UTF-8 with a mark or without, and the UTF-16 of PowerShell's `>`."""

from __future__ import annotations

from json import detect_encoding


def decoded(content: bytes) -> str:
    """The text of `content`: UTF-8, or UTF-16 or UTF-32 that says so by its byte order mark or its first zeros.

    A mark is left out. Raises UnicodeDecodeError when it is no such text.
    """
    return content.decode(detect_encoding(content))
