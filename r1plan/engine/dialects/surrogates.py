"""Characters that a server sent in halves (UTF-16 surrogates), made whole before anything else sees them.

JSON can spell a half alone, and a server that counts in UTF-16 cuts a character at the edge of a piece. No UTF-8 can
hold a half, so no file, terminal or request could take it.
"""

from __future__ import annotations

import re

_HALF = re.compile("[\ud800-\udfff]")
_LONE = "\ufffd"


def whole(text: str) -> str:
    """`text` with its pairs of halves joined, and U+FFFD for each half that is alone."""
    if not _HALF.search(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


class Halves:
    """Makes the pieces of one text whole, one after another."""

    def __init__(self) -> None:
        self._high = ""  # the first half of a character, whose second may open the next piece

    def piece(self, text: str) -> str:
        """`text` made whole, after what was held back; a first half at its end is held back."""
        text, self._high = self._high + text, ""
        if "\ud800" <= text[-1:] <= "\udbff":
            text, self._high = text[:-1], text[-1]
        return whole(text)

    def rest(self) -> str:
        """What stands for the half that was held back and never completed; "" when there is none."""
        high, self._high = self._high, ""
        return _LONE if high else ""
