"""Tables as plain lines: columns some spaces apart, each as wide as its widest cell where there is room."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from r1plan.render.text.width import cells, padded

_GAP = "  "


def column_widths(rows: Sequence[Sequence[str]]) -> list[int]:
    """How many columns of the terminal each column of a table would like to have. The rows are of one length."""
    return [max(cells(text) for text in column) for column in zip(*rows, strict=True)]


def table_width(widths: Sequence[int], gap: str = _GAP) -> int:
    """How wide a row of these columns is."""
    return sum(widths) + len(gap) * (len(widths) - 1)


def table_row(texts: Iterable[str], widths: Iterable[int], sides: Iterable[str], gap: str = _GAP) -> str:
    """One line of a table, without spaces at its end. `sides` has "<" for a column set to the left, else ">"."""
    row = zip(texts, widths, sides, strict=True)
    return gap.join(padded(text, width, "<" if side == "<" else ">") for text, width, side in row).rstrip()
