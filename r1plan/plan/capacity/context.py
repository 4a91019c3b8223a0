"""Which requests an option's context holds to their end."""

from __future__ import annotations

from collections.abc import Iterable

from r1plan.plan.month.demand import RequestLength

# A server that cuts off more of the requests than it answers does not do the work.
MOST_CUT_OFF = 0.5
_SLACK_TOKENS = 0.5


def cut_off_share(lengths: Iterable[RequestLength], thinking_over_r1: float, context: int | None) -> float:
    """The share of requests whose input, thinking and answer take more than `context` tokens; None: none does.

    The model thinks so many times as long as `lengths` say.
    """
    if context is None:
        return 0.0
    return min(sum(each.share for each in lengths if _tokens(each, thinking_over_r1) > context + _SLACK_TOKENS), 1.0)


def _tokens(length: RequestLength, thinking_over_r1: float) -> float:
    return length.input_tokens + length.thinking_tokens * thinking_over_r1 + length.answer_tokens
