"""What the terminal, or the file, that text goes to can show."""

from __future__ import annotations

from typing import NamedTuple


class Screen(NamedTuple):
    """`columns` wide; `styled` shows bold letters, `colours` colours, `blocks` Unicode's blocks and lines."""

    columns: int
    styled: bool = False
    colours: bool = False
    blocks: bool = True

    @property
    def rule(self) -> str:
        """What a horizontal line is made of."""
        return "─" if self.blocks else "-"
