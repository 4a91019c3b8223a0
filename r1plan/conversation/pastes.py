"""Long pastes, each of which a person sees as one mark in the line that is typed; what is sent is whole."""

from __future__ import annotations

import re

from r1plan.engine.dialects.surrogates import whole

_MOST_LINES = 12
_MOST_CHARACTERS = 2_000
# Halves of a character, which no typed text has: what a terminal sends that is no text comes as halves of the other
# kind.
_FIRST, _LAST = 0xD800, 0xDBFF
_MARK = re.compile("[\ud800-\udbff]")


class Pastes:
    """The long pieces of what is typed, and the mark of one character that stands for each."""

    def __init__(self) -> None:
        self._marks: dict[str, str] = {}
        self._pieces: list[str] = []

    def folded(self, text: str) -> str:
        """The mark for `text` where it is of more than 12 lines or 2,000 characters, else `text`."""
        if len(text) <= _MOST_CHARACTERS and text.count("\n") < _MOST_LINES:
            return text
        if (mark := self._marks.get(text)) is not None:
            return mark
        if len(self._pieces) > _LAST - _FIRST:
            return text
        mark = chr(_FIRST + len(self._pieces))
        self._marks[text] = mark
        self._pieces.append(text)
        return mark

    def piece(self, character: str) -> str | None:
        """The text that `character` stands for; None: it is no mark."""
        place = ord(character) - _FIRST
        return self._pieces[place] if 0 <= place < len(self._pieces) else None

    def whole(self, text: str) -> str:
        """`text` with every piece in the place of its mark. What is no character is replaced by U+FFFD."""
        return whole(_MARK.sub(lambda found: self.piece(found.group()) or found.group(), text))
