"""Tables as plain lines: columns some spaces apart, each as wide as its widest cell where there is room."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import zip_longest

from r1plan.render.text.width import cells, padded
from r1plan.render.text.wrap import wrapped

_GAP = "  "
_LEAST_CELLS = 6  # what a column keeps that is wrapped


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


def wrapped_rows(
    rows: Sequence[Sequence[str]], sides: Sequence[str], may_wrap: Sequence[bool], width: int, gap: str = _GAP
) -> tuple[int, list[list[str]]]:
    """How wide a table is, and the lines of each of its rows, whose cells may have several.

    Where it is wider than `width`, the columns that may wrap give way, the widest first, until they have 6 cells.
    """
    stacked = [[cell.split("\n") for cell in row] for row in rows]
    widths = [max(cells(line) for cell in column for line in cell) for column in zip(*stacked, strict=True)]
    wrapping = [column for column, may in enumerate(may_wrap) if may]
    while wrapping and table_width(widths, gap) > width:
        widest = max(wrapping, key=widths.__getitem__)
        if widths[widest] <= _LEAST_CELLS:
            break
        widths[widest] -= 1
    for row in stacked:
        for column in wrapping:
            room = widths[column]
            row[column] = [part for line in row[column] for part in wrapped(line, room, cut_words=True) or [""]]
    return table_width(widths, gap), [
        [table_row(line, widths, sides, gap) for line in zip_longest(*row, fillvalue="")] for row in stacked
    ]
