"""A text as a cell of a CSV file, which spreadsheets read as a formula when it begins like one."""

from __future__ import annotations

import unicodedata

from r1plan.render.text.sanitize import one_line

# What may stand before the sign without hiding it from one spreadsheet or another.
_BEFORE = " \t\r\n\v\f\"'`\u00a0"


def harmless_cell(text: str) -> str:
    """`text`, a name, on one line, behind an apostrophe where a spreadsheet might calculate it."""
    shown = one_line(text)
    # Wide forms of the signs count as the signs.
    first = unicodedata.normalize("NFKC", shown).lstrip(_BEFORE)[:1]
    begins = text[:1] in ("\t", "\r", "\n") or first in ("=", "+", "-", "@", "\u2212")
    return f"'{shown}" if begins else shown
