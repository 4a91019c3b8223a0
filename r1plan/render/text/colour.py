"""Text in one of the terminal's own colours, beside what it says without them."""

from __future__ import annotations

from typing import Literal

Colour = Literal["blue", "cyan", "magenta", "faint"]

_CODES: dict[Colour, int] = {"blue": 34, "cyan": 36, "magenta": 35, "faint": 2}


def in_colour(text: str, colour: Colour) -> str:
    """`text` in `colour` (ECMA-48's SGR), and normal text after it."""
    return f"\x1b[{_CODES[colour]}m{text}\x1b[0m"
