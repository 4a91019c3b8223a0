"""Text that stands out: the heads of a table, and the row that is the answer."""

from __future__ import annotations


def bold(text: str) -> str:
    """`text` in bold letters (ECMA-48's SGR 1), and normal ones after it."""
    return f"\x1b[1m{text}\x1b[0m"
