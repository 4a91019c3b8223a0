"""Text that came from a model, a server or a file, made safe for a terminal."""

from __future__ import annotations

import re

# C0 but tab and newline, DEL, C1 (where 0x9B starts a sequence too), and the marks that reorder text.
_UNSAFE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
# What follows ESC would stay as litter: CSI sequences, and OSC ones up to their end.
_SEQUENCE = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x9b[0-?]*[ -/]*[@-~]")


def printable(text: str) -> str:
    """`text` without terminal control sequences; newlines and tabs stay."""
    return _UNSAFE.sub("", _SEQUENCE.sub("", text))


def escaped(document: str) -> str:
    """JSON text with the characters that steer a terminal written as escapes; the values stay what they are."""
    return _UNSAFE.sub(lambda found: f"\\u{ord(found.group()):04x}", document)
