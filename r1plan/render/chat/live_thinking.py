"""A thinking as rows of a terminal: what of it stays, and what is shown in passing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from r1plan.render.chat.progress import folded_line
from r1plan.render.text.dim import dimmed
from r1plan.render.text.wrap import rows_of

if TYPE_CHECKING:
    from r1plan.conversation.session import ThinkingShown


_WINDOW_ROWS = 8
_RECENT = 4096


class ThinkingRows:
    """The rows of one thinking.

    `folded`: its last rows are shown while it comes (in the mode "dim"), and one line stays of it. Otherwise it stays
    as it was shown.
    """

    def __init__(self, mode: ThinkingShown, *, folded: bool) -> None:
        self._mode = mode
        self._folded = folded
        self._text = ""
        self._settled = 0  # how many characters of it are shown for good

    def grown(self, text: str, columns: int) -> list[str]:
        """The rows that `text` settles."""
        self._text += text
        if self._folded or self._mode == "hide":
            return []
        lines = self._text[self._settled :].split("\n")
        last = rows_of(lines[-1], columns)
        self._settled = len(self._text) - len(last[-1])
        return self._dimmed([row for line in lines[:-1] for row in rows_of(line, columns)] + last[:-1])

    def open(self, columns: int, height: int) -> list[str]:
        """The rows that may still change."""
        if self._mode == "hide":
            return []
        if not self._folded:
            return self._dimmed([self._text[self._settled :]])
        # From a place that moves seldom, so that the rows do not shift with every word.
        text = self._text[max(0, (len(self._text) // _RECENT - 1) * _RECENT) :].rstrip("\n")
        rows = [row for line in text.split("\n") for row in rows_of(line, columns)]
        return self._dimmed(rows[-min(_WINDOW_ROWS, max(1, height - 3)) :])

    def closed(self, columns: int, seconds: float, tokens: int) -> list[str]:
        """The last rows, when the thinking took `seconds` and about `tokens`."""
        if self._mode == "hide":
            return []
        if self._folded:
            line = f"{folded_line(seconds, tokens)} · /thinking shows it"
            return [*(dimmed(row.rstrip()) for row in rows_of(line, columns)), ""]
        left = self._text[self._settled :].rstrip("\n")
        return [*self._dimmed([row for line in left.split("\n") for row in rows_of(line, columns)]), ""]

    def _dimmed(self, rows: list[str]) -> list[str]:
        rows = [row.rstrip() for row in rows]
        return rows if self._mode == "show" else [dimmed(row) if row else row for row in rows]
