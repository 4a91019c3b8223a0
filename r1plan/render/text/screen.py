"""What the terminal, or the file, that text goes to can show."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """`columns` wide; `styled` shows bold letters, `colours` colours, `blocks` Unicode's blocks and lines."""

    columns: int
    styled: bool = False
    colours: bool = False
    blocks: bool = True

    @property
    def rule(self) -> str:
        """What a horizontal line is made of."""
        return "─" if self.blocks else "-"
