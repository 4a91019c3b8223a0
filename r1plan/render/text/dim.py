"""Text that stands back: r1plan's own remarks beside an answer, and the thinking before it."""

from __future__ import annotations


def dimmed(text: str) -> str:
    """`text` in the terminal's faint colours (ECMA-48's SGR 2), and normal ones after it."""
    return f"\x1b[2m{text}\x1b[0m"
