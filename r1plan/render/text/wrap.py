"""Text cut into rows of a terminal."""

from __future__ import annotations

import re

from rich.cells import cell_len

_WORDS = re.compile(r"\s*\S+\s?|\s+")
_TAB = " " * 8


def cells(text: str) -> int:
    """How many columns `text` takes, a tab reckoned at its widest."""
    return cell_len(text.replace("\t", _TAB))


def wrapped(line: str, columns: int) -> list[str]:
    """`line` as rows shorter than `columns`, cut between words where that can be; joined, they are `line` again."""
    rows: list[str] = []
    row, width = "", 0
    for word in _WORDS.findall(line):
        size = cells(word.rstrip())
        if row and width + size >= columns:
            rows.append(row)
            row, width = "", 0
        while size >= columns and len(word) > 1:
            cut = max(1, columns // 8 if "\t" in word else (columns - 1) // 2)
            rows.append(word[:cut])
            word = word[cut:]
            size = cells(word.rstrip())
        row, width = row + word, width + cells(word)
    return [*rows, row]
