"""The last rows of a terminal, which may be repainted, and what goes above them for good."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import takewhile
from typing import TextIO

from r1plan.render.text.sanitize import coloured
from r1plan.render.text.width import cells

_SGR = re.compile(r"\x1b\[[0-9;]*m")
# A terminal that knows these shows what stands between them at once (contour-terminal's synchronized output).
_LINE, _REST = "\x1b[K", "\x1b[J"  # clear to the end of the line, of the screen
_HOLD, _RELEASE = "\x1b[?2026h", "\x1b[?2026l"


class Region:
    """Rows at the end of what was written to `out`, and the cursor below them.

    Only rows that changed are written again. No more rows are kept than the terminal is high, so that nothing above
    the screen is ever to be repainted. `size` tells columns and rows.
    """

    def __init__(self, out: TextIO, size: Callable[[], tuple[int, int]]) -> None:
        self._out = out
        self._size = size
        self._live: list[str] = []

    def paint(self, settled: list[str], live: list[str]) -> None:
        """Write the rows `settled` for good, and `live` below them until the next call."""
        columns, height = self._size()
        settled, live = [coloured(row) for row in settled], [coloured(row) for row in live]
        wanted = settled + self._cropped(live, columns, height)
        same = len(list(takewhile(lambda pair: pair[0] == pair[1], zip(self._live, wanted, strict=False))))
        stale, new = self._live[same:], wanted[same:]
        if stale or new:
            up = sum(self._height(row, columns) for row in stale)
            down = sum(self._height(row, columns) for row in new)
            if stale:
                # Line by line: tmux keeps in its history what is cleared from the first row of the screen on.
                back = f"\x1b[{up}A\r" + "".join(f"{self._over(row, columns)}\n" for row in new)
                text = f"{_HOLD}{back}{_REST if down < up else ''}{_RELEASE}"
            else:
                text = "".join(f"{row}\n" for row in new)
            self._out.write(text)
            self._out.flush()
        self._live = wanted[len(settled) :]

    def _cropped(self, rows: list[str], columns: int, height: int) -> list[str]:
        """The last of `rows` that fit, with one row left for the cursor."""
        left = max(1, height - 1)
        first = len(rows)
        while first and (left := left - self._height(rows[first - 1], columns)) >= 0:
            first -= 1
        return rows[first:]

    def _over(self, row: str, columns: int) -> str:
        """What writes `row` over others: each line is cleared before, and the end of the last one of several after."""
        lines, place = _extent(row, columns)
        # A cursor behind the last column still stands on it, and would clear it.
        return f"{_LINE}{row}{_LINE if lines > 1 and place < columns else ''}"

    def _height(self, row: str, columns: int) -> int:
        return _extent(row, columns)[0]


def _extent(row: str, columns: int) -> tuple[int, int]:
    """How many lines of the terminal `row` takes, and how many columns of the last one."""
    text = _SGR.sub("", row)
    width = cells(text)
    if width <= columns:
        return 1, width
    if width == len(text):
        return -(-width // columns), (width - 1) % columns + 1
    lines, place = 1, 0
    for character in text:
        size = cells(character)
        if place + size > columns:  # what is two columns wide does not stand on the last one
            lines, place = lines + 1, 0
        place += size
    return lines, place
