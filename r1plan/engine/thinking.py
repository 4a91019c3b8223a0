"""Tells the thinking from the answer in a stream of text.

R1 writes `<think>…</think>` before its answer, but the opening tag is often the template's and so never comes, a tag
may arrive in several pieces, and some models do not think at all. White space around the tags belongs to neither part.
"""

from __future__ import annotations

from collections.abc import Iterator

from r1plan.engine.chat import Answer, Thinking, WasThinking

OPEN = "<think>"
CLOSE = "</think>"


class ThinkSplitter:
    """Splits what is fed to it. `opened`: the prompt already ended with `<think>`.

    `feed` looks for the tags in the text. Where the tags are known otherwise (token ids, separate fields), `open`,
    `close` and `piece` do the same without looking.
    """

    def __init__(self, *, opened: bool = False) -> None:
        self.thinking = opened
        self._closed = False  # the one `</think>` has come: tags in the answer are text
        self._begun = False  # more than white space, or a part of `<think>`, has come
        self._answered = False
        self._at_start = True  # of the thinking, or of the answer
        self._pending = ""  # may be the beginning of a tag
        self._space = ""  # white space of the thinking: dropped when `</think>` follows

    def open(self) -> None:
        """The thinking begins here."""
        if not self.thinking:
            self.thinking = self._begun = self._at_start = True

    def close(self) -> WasThinking | None:
        """The thinking ends here, and the answer begins. Returns WasThinking when text had passed for an answer."""
        mistaken = self._answered and not self.thinking and not self._closed
        self.thinking, self._closed, self._begun, self._at_start, self._space = False, True, True, True, ""
        return WasThinking() if mistaken else None

    def piece(self, text: str) -> Thinking | Answer | None:
        """`text` as a part of what is open now. None when nothing of it is to be shown yet."""
        if self._at_start:
            text = text.lstrip()
            if not text:
                return None
            self._at_start = False
        if self.thinking:
            text = self._space + text
            shown = text.rstrip()
            self._space = text[len(shown) :]
            return Thinking(shown) if shown else None
        self._answered = True
        return Answer(text) if text else None

    def feed(self, text: str) -> Iterator[Thinking | Answer | WasThinking]:
        """The parts of `text`, which may hold tags or pieces of them."""
        text, self._pending = self._pending + text, ""
        if not self._begun:
            stripped = text.lstrip()
            if OPEN.startswith(stripped) and stripped != OPEN:
                self._pending = text
                return
            self._begun = True
            if stripped.startswith(OPEN):
                self.open()
                text = stripped[len(OPEN) :]
        if not self._closed:
            before, tag, after = text.partition(CLOSE)
            if tag:
                yield from self._closing(before)
                text = after
            elif held := _beginning_of_close(text):
                text, self._pending = text[:-held], text[-held:]
        if event := self.piece(text):
            yield event

    def rest(self) -> Thinking | Answer | None:
        """What was held back because it might have become a tag. To be called once, at the end."""
        text, self._pending = self._pending, ""
        return self.piece(text)

    def _closing(self, before: str) -> Iterator[Thinking | Answer | WasThinking]:
        if not self.thinking and not self._answered:
            self.thinking = True
        if event := self.piece(before):
            yield event
        if mistaken := self.close():
            yield mistaken


def _beginning_of_close(text: str) -> int:
    """How many characters at the end of `text` may be the beginning of `</think>`."""
    return next((n for n in range(len(CLOSE) - 1, 0, -1) if text.endswith(CLOSE[:n])), 0)
