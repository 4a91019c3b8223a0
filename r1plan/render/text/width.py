"""How wide text is on a terminal, and text made to fit a width."""

from __future__ import annotations

import re
from typing import Literal

_TAB = " " * 8
# Characters of one column each, by which most text is measured without rich.
_NARROW = re.compile("[ -~\u00a1-\u00ac\u00ae-\u02ff\u2010-\u2027\u2500-\u25fc]*")


def cells(text: str) -> int:
    """How many columns `text` takes, a tab reckoned at its widest."""
    if _NARROW.fullmatch(text):
        return len(text)
    from rich.cells import cell_len

    return cell_len(text.replace("\t", _TAB))


def padded(text: str, width: int, side: Literal["<", ">"] = "<") -> str:
    """`text` in `width` columns, at their left or their right."""
    space = " " * (width - cells(text))
    return text + space if side == "<" else space + text


def shortened(text: str, width: int, head: int) -> str:
    """`text` in `width` columns; what goes is in the middle, as the ends of model ids differ.

    `head` characters stay before the gap.
    """
    if cells(text) <= width:
        return text
    begun = f"{text[:head]}…"
    left = width - cells(begun)
    start = len(text)
    while start and (left := left - cells(text[start - 1])) >= 0:
        start -= 1
    return begun + text[start:]


def path_end(path: str, width: int) -> str:
    """`path` in `width` columns. It loses its first parts, then letters: its end says which model it is."""
    parts = path.split("/")
    if cells(path) <= width:
        return path
    while len(parts) > 1:
        parts = parts[1:]
        if cells(short := f"…/{'/'.join(parts)}") <= width:
            return short
    return shortened(path, width, 0)
