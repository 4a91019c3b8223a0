"""Counts what comes of an answer, and says when it is to end: at the user's limits, or to ask another instead."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from r1plan.engine.chat import Answer, Event, Thinking, Waiting, WasThinking
from r1plan.route.execution.record import Stop
from r1plan.route.execution.target import CascadeLimits

# A meter of electricity takes milliseconds to read.
_LOOK_EVERY_S = 1.0
_NEVER = sys.maxsize
_LETTERS, _ONE_TOKEN = 8, 4
# Devanagari is the first script with more than about one token to two letters; behind U+FFFF stand emoji and rare ones.
_NO_BLANKS, _BEYOND = "\u0900", "\uffff"


@dataclass(frozen=True, slots=True, kw_only=True)
class MoneyLimits:
    """What money allows of one stream.

    `output_most` tokens may come; when they are passed, `more` may raise that: it gives the new number, or None.
    `spent_usd` says what has been spent so far, where that is no matter of tokens; at `limit_usd` that is to end. None:
    no limit.
    """

    output_most: int | None = None
    more: Callable[[], int | None] = lambda: None
    spent_usd: Callable[[], Decimal | None] | None = None
    limit_usd: Decimal | None = None


class StreamLimits:
    """To be called with each event of one stream, in order.

    What came is counted as `tokens_of` does, which a server that keeps its limit seldom reaches. One that has passed
    what may come does not keep it: from then on each byte counts as a token, and none can have more.

    Of the thinking `thinking_most` tokens may come; the next one is one too many, as one beyond `money` is. `cascade`
    holds until an answer has begun; its seconds count on the clock `tick` from `start`.
    """

    def __init__(
        self,
        tick: Callable[[], float],
        start: float = 0.0,
        money: MoneyLimits = MoneyLimits(),
        thinking_most: int | None = None,
        cascade: CascadeLimits = CascadeLimits(),
    ) -> None:
        self._tick = tick
        self._more = money.more
        self._output_most = _or_never(money.output_most)
        self._thinking_most = _or_never(thinking_most)
        self._cascade_thinking = _or_never(cascade.thinking_tokens)
        self._cascade_at = None if cascade.after_s is None else start + cascade.after_s
        self._spent_usd, self._limit_usd = money.spent_usd, money.limit_usd
        self._looked_at = start
        self._thinking = self._answer = self._bytes = 0
        self._is_heedless = False

    @property
    def is_none(self) -> bool:
        """Whether nothing can end the stream from here, so that its events need not be counted."""
        most = min(self._output_most, self._thinking_most, self._cascade_thinking)
        return most == _NEVER and self._cascade_at is None and self._spent_usd is None

    @property
    def output_tokens(self) -> int:
        """The tokens that came, or as many as can have come from a server that does not keep its limit."""
        return self._bytes if self._is_heedless else self._thinking + self._answer

    def __call__(self, event: Event) -> Stop | None:
        """Why the stream is to end after `event`, or None."""
        if type(event) is Answer:
            self._answer += tokens_of(event.text)
            self._bytes += utf8_bytes(event.text)
            self._cascade_thinking, self._cascade_at = _NEVER, None
        elif type(event) is Thinking:
            self._thinking += tokens_of(event.text)
            self._bytes += utf8_bytes(event.text)
            if self._thinking > self._thinking_most:
                return "thinking_limit"
        elif type(event) is WasThinking:
            self._thinking, self._answer = self._thinking + self._answer, 0
        elif type(event) is not Waiting:
            return None
        if self._thinking > self._cascade_thinking:
            return "handed_over"
        if self._cascade_at is not None and self._tick() >= self._cascade_at:
            return "handed_over"
        if self.output_tokens > self._output_most and not self._raised():
            return "budget"
        if self._spent_usd is not None and self._is_spent(self._spent_usd):
            return "budget"
        return None

    def closes(self) -> None:
        """The thinking is being closed: the answer comes whole, whatever it takes."""
        self._thinking_most = self._output_most = _NEVER
        self._spent_usd = None

    def _raised(self) -> bool:
        self._is_heedless = True
        while self.output_tokens > self._output_most:
            most = self._more()
            if most is None:
                return False
            self._output_most = most
        return True

    def _is_spent(self, spent_usd: Callable[[], Decimal | None]) -> bool:
        now = self._tick()
        if now - self._looked_at < _LOOK_EVERY_S or self._limit_usd is None:
            return False
        self._looked_at = now
        spent = spent_usd()
        return spent is not None and spent >= self._limit_usd


def _or_never(tokens: int | None) -> int:
    return _NEVER if tokens is None else tokens


def tokens_of(text: str) -> int:
    """As many tokens as a piece of a stream has, one at least, as a server that sends token by token would count them.

    A word is one, or one for every 8 letters. In scripts without blanks up to 4 characters may be one token; a longer
    piece was not sent token by token, and has one for every character, which is more than tokenizers of R1 and its kin
    make of Chinese, Japanese, Korean or Thai. A character beyond those, such as an emoji, is two.
    """
    words = text.split()
    if text.isascii():
        return max(1, sum(-(-len(word) // _LETTERS) for word in words))
    return max(1, sum(_of_word(word) for word in words))


def _of_word(word: str) -> int:
    letters = sum(each < _NO_BLANKS for each in word)
    others = len(word) - letters
    beyond = sum(each > _BEYOND for each in word)
    return -(-letters // _LETTERS) + (others + beyond if others > _ONE_TOKEN else min(others, 1))


def utf8_bytes(text: str) -> int:
    """How long `text` is in UTF-8, one at least."""
    return max(1, len(text) if text.isascii() else len(text.encode("utf-8", "replace")))
