"""The last rows of a terminal, which may be repainted, and what goes above them for good."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import takewhile
from typing import TextIO

from r1plan.render.text.width import cells

_SGR = re.compile(r"\x1b\[[0-9;]*m")
# A terminal that knows these shows what stands between them at once (contour-terminal's synchronized output).
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
        wanted = settled + self._cropped(live, columns, height)
        same = len(list(takewhile(lambda pair: pair[0] == pair[1], zip(self._live, wanted, strict=False))))
        stale, new = self._live[same:], wanted[same:]
        if stale or new:
            up = sum(self._height(row, columns) for row in stale)
            back = (f"\x1b[{up}A" if up else "") + ("\r\x1b[J" if stale else "")
            text = back + "".join(f"{row}\n" for row in new)
            self._out.write(f"{_HOLD}{text}{_RELEASE}" if stale else text)
            self._out.flush()
        self._live = wanted[len(settled) :]

    def _cropped(self, rows: list[str], columns: int, height: int) -> list[str]:
        """The last of `rows` that fit, with one row left for the cursor."""
        left = max(1, height - 1)
        first = len(rows)
        while first and (left := left - self._height(rows[first - 1], columns)) >= 0:
            first -= 1
        return rows[first:]

    def _height(self, row: str, columns: int) -> int:
        return max(1, -(-cells(_SGR.sub("", row)) // columns))
