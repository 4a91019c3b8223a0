"""Between which marks a model here thinks: what its chat template and its vocabulary say. Pure.

Sources: the chat templates that llama.cpp keeps in models/templates (build 0c1e57098), OpenAI's harmony format
(gpt-oss), and the cards of Magistral, Kimi-VL-Thinking, Seed-OSS and Command A Reasoning.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import starmap
from typing import Final, Literal

from r1plan.engine.thinking import CLOSE, OPEN, OTHER_MARKS


@dataclass(frozen=True, slots=True)
class ThinkingMarks:
    """What opens the thinking of a model, and what closes it."""

    open: str
    close: str


_LONGEST_HEADER = 64  # tokens

THINK: Final = ThinkingMarks(OPEN, CLOSE)
_OTHERS = (
    *starmap(ThinkingMarks, OTHER_MARKS),
    *(ThinkingMarks(f"<{name}>", f"</{name}>") for name in ("thinking", "thought", "reasoning", "reason")),
)


def thinking_marks(template: str, is_token: Callable[[str], bool]) -> ThinkingMarks:
    """The marks that `template` holds, else those that are tokens of their own; R1's where nothing says otherwise.

    A template that only opens the thinking or only closes it says so too. Of several, R1's count first.
    """
    for holds in (template.__contains__, is_token):
        for each in (THINK, *_OTHERS):
            if holds(each.close) or holds(each.open):
                return each
    return THINK


_UNKNOWN = re.compile(r"[<\[◁][|/a-z_:]{0,20}(?:think|thought|reason)[|a-z_:]{0,20}[>\]▷]", re.IGNORECASE)


def unknown_mark(template: str) -> str | None:
    """What in `template` looks like a mark of a thinking, and is none that is known; None without any."""
    known = {mark for each in (THINK, *_OTHERS) for mark in (each.open, each.close)}
    if is_harmony(template) or any(mark in template for mark in known):
        return None
    return next((each[0] for each in _UNKNOWN.finditer(template)), None)


def is_harmony(template: str) -> bool:
    """Whether the model writes channels, as gpt-oss does: their headers are no marks that stand around a text."""
    return "<|channel|>" in template and "<|message|>" in template


HARMONY_CLOSING: Final = "<|end|><|start|>assistant<|channel|>final<|message|>"
"""What ends an analysis and begins the answer."""


Turn = Literal["thinking", "answer", "header", "body"]


class Channels:
    """Follows the channels of a text that comes token by token. `ids` are those of `<|channel|>` and the like."""

    MARKS: Final = ("<|start|>", "<|channel|>", "<|message|>", "<|end|>")

    def __init__(self, ids: dict[str, int]) -> None:
        self._start, self._channel, self._message, self._end = (ids[each] for each in self.MARKS)
        self._header: list[str] | None = []

    def turns(self, token: int, text: str) -> Turn:
        """What begins with this token, which is `text`; or where it stands: in a header, which is not shown."""
        if token in (self._start, self._channel, self._end):
            self._header = []
        elif self._header is None:
            return "body"
        elif token == self._message:
            name, self._header = "".join(self._header).strip(), None
            return "answer" if name.startswith("final") else "thinking"
        elif len(self._header) < _LONGEST_HEADER:
            self._header.append(text)
        return "header"

    def enter_body(self) -> None:
        """A header was written for the model: what it writes next is text."""
        self._header = None
