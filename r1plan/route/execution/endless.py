"""Notices an answer that comes to no end: it repeats itself, or thinks far longer than its kind takes. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from r1plan.engine.chat import Answer, Event, Thinking, WasThinking
from r1plan.route.execution.limits import tokens_of
from r1plan.route.execution.repetition import Repetition

Part = Literal["thinking", "answer"]

_TIMES_USUAL = 4
_LEAST_TOKENS = 4096  # of thinking: less is soon over
_NEVER = float("inf")


@dataclass(frozen=True, slots=True)
class Looping:
    """The thinking or the answer repeats itself, for about so many `tokens` so far; `certain`: word for word."""

    part: Part
    tokens: int
    certain: bool


@dataclass(frozen=True, slots=True)
class LongThinking:
    """The thinking has taken about so many `tokens`; `usual` is what nine of ten such questions take at most."""

    tokens: int
    usual: int


class EndlessWatch:
    """To be called with each event of one stream, in order. Each sign is given once; a loop again when it is certain.

    `asked` is the question. `usual_thinking` is what nine of ten questions of its kind take at most, None: unknown.
    """

    def __init__(self, asked: str, usual_thinking: int | None = None) -> None:
        self._asked, self._usual = asked, usual_thinking
        self._thinking, self._answer = Repetition(asked), Repetition(asked)
        self._told: dict[Part, bool] = {}  # whether as certain
        self._tokens = 0
        self._long = _NEVER if usual_thinking is None else max(_TIMES_USUAL * usual_thinking, _LEAST_TOKENS)

    def __call__(self, event: Event) -> Looping | LongThinking | None:
        """What there is to notice after `event`."""
        kind = type(event)
        if kind is Thinking:
            text = event.text  # type: ignore[union-attr]
            if (found := self._thinking.feed(text)) is not None:
                return self._loop("thinking", found.tokens, found.certain)
            if self._long != _NEVER:
                self._tokens += tokens_of(text)
                if self._tokens > self._long:
                    self._long = _NEVER
                    return LongThinking(self._tokens, self._usual or 0)
        elif kind is Answer:
            if (found := self._answer.feed(event.text)) is not None:  # type: ignore[union-attr]
                return self._loop("answer", found.tokens, found.certain)
        elif kind is WasThinking:
            self._thinking, self._answer = self._answer, Repetition(self._asked)
            if "answer" in self._told:
                self._told["thinking"] = self._told.pop("answer")
        return None

    def _loop(self, part: Part, tokens: int, certain: bool) -> Looping | None:
        if part in self._told and self._told[part] >= certain:
            return None
        self._told[part] = certain
        return Looping(part, tokens, certain)
