"""Text cut into the lines of a terminal: sentences for a person to read, and text that must stay what it was."""

from __future__ import annotations

import re
from textwrap import wrap

from r1plan.render.text.sanitize import printable
from r1plan.render.text.width import cells

LABEL_COLUMNS = 11
_LEAST_COLUMNS = 20  # beside a label, however narrow the terminal
_WORDS = re.compile(r"\s*\S+\s?|\s+")


def wrapped(text: str, width: int, *, first: str = "", later: str = "", cut_words: bool = False) -> list[str]:
    """A paragraph as lines of at most `width` characters, safe for a terminal; [] for white space.

    `first` stands before its first line and `later` before the others. A word that is longer than a line stays whole,
    so that it can be copied, unless `cut_words`.
    """
    return wrap(
        printable(text),
        width,
        initial_indent=first,
        subsequent_indent=later,
        break_long_words=cut_words,
        break_on_hyphens=False,
    )


def labelled(label: str, text: str, width: int) -> list[str]:
    """`text` beside its label, of fewer than 11 columns, and continued under itself."""
    room = max(_LEAST_COLUMNS, width - LABEL_COLUMNS)
    first, *later = wrapped(text, room, cut_words=True) or [""]
    return [f"{label:<{LABEL_COLUMNS}}{first}", *(" " * LABEL_COLUMNS + line for line in later)]


def rows_of(line: str, columns: int) -> list[str]:
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
