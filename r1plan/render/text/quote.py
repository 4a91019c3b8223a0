"""Keeps what a model thinks apart from r1plan's own lines, where both go to the same stream."""

from __future__ import annotations

import re

_OWN = ("error", "hint", "warning", "note")
_MARK = "> "

_AFTER_LINE = re.compile(r"(?<=\n)")
# What takes no ink: white space, and the characters of no width.
_BLANKS = r"(?:[^\S\n]|[\u200b-\u200d\u2060\ufeff]){0,64}"
_BEGINS_SO = re.compile(rf"{_BLANKS}(?:{'|'.join(_OWN)}){_BLANKS}:", re.IGNORECASE)
# A line of which too little has come to say: `(?:e(?:r(?:r…)?)?)?` for each word.
_MAY_BEGIN_SO = re.compile(
    rf"{_BLANKS}(?:{'|'.join('(?:'.join(['', *word]) + ')?' * len(word) for word in _OWN)}){_BLANKS}", re.IGNORECASE
)


class Quoted:
    """Text that comes in pieces, in which a line that begins like one of r1plan's own is marked: `> error: …`.

    The beginning of a line is held back until it is clear whether it does.
    """

    def __init__(self) -> None:
        self._held = ""
        self._within = False  # a line whose beginning is clear

    def feed(self, text: str) -> str:
        """What of the text so far can be written."""
        written: list[str] = []
        for line in filter(None, _AFTER_LINE.split(text)):
            if self._within:
                written.append(line)
            else:
                self._held += line
                if not line.endswith("\n") and _MAY_BEGIN_SO.fullmatch(self._held):
                    continue
                written.append(self.rest())
            self._within = not line.endswith("\n")
        return "".join(written)

    def rest(self) -> str:
        """What was held back, when no more comes."""
        held, self._held = self._held, ""
        return f"{_MARK}{held}" if _BEGINS_SO.match(held) else held
