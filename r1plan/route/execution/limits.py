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

    A piece of text is at least one token, and at least as many as it has words: no tokenizer in use joins two words. So
    what is counted is never more than what was written, but for servers that send less than a token at once.

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
        self._thinking = self._answer = 0

    @property
    def output_tokens(self) -> int:
        """The tokens that came at least."""
        return self._thinking + self._answer

    def __call__(self, event: Event) -> Stop | None:
        """Why the stream is to end after `event`, or None."""
        if type(event) is Answer:
            self._answer += max(1, len(event.text.split()))
            self._cascade_thinking, self._cascade_at = _NEVER, None
        elif type(event) is Thinking:
            self._thinking += max(1, len(event.text.split()))
            if self._thinking > self._thinking_most:
                return "thinking_limit"
        elif type(event) is WasThinking:
            self._thinking, self._answer = self.output_tokens, 0
        elif type(event) is not Waiting:
            return None
        if self._thinking > self._cascade_thinking:
            return "handed_over"
        if self._cascade_at is not None and self._tick() >= self._cascade_at:
            return "handed_over"
        if self._thinking + self._answer > self._output_most and not self._raised():
            return "budget"
        if self._spent_usd is not None and self._is_spent(self._spent_usd):
            return "budget"
        return None

    def closes(self) -> None:
        """The thinking is being closed: the answer comes whole, whatever it takes."""
        self._thinking_most = self._output_most = _NEVER
        self._spent_usd = None

    def _raised(self) -> bool:
        most = self._more()
        self._output_most = self._output_most if most is None else most
        return self.output_tokens <= self._output_most

    def _is_spent(self, spent_usd: Callable[[], Decimal | None]) -> bool:
        now = self._tick()
        if now - self._looked_at < _LOOK_EVERY_S or self._limit_usd is None:
            return False
        self._looked_at = now
        spent = spent_usd()
        return spent is not None and spent >= self._limit_usd


def _or_never(tokens: int | None) -> int:
    return _NEVER if tokens is None else tokens
