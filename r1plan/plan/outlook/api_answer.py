"""What one answer takes and costs at a seller, over all lengths that answers have. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from r1plan.market.compare import ApiOffer
from r1plan.plan.month.answers import AnswerSeconds, AnswerUsd, ServedSpeed, answer_seconds, answer_usd
from r1plan.plan.month.demand import RequestLength
from r1plan.plan.month.thinking import thinking_times
from r1plan.plan.month.usages import usages_at


class ApiAnswer(NamedTuple):
    """Seconds of an answer of mean length at the usual speed, then those of half and of nine in ten, and their cost."""

    typical_s: float
    seconds: AnswerSeconds
    usd: AnswerUsd


def api_answer(
    offer: ApiOffer, lengths: Sequence[RequestLength], thinking_over_r1: float, speed: ServedSpeed
) -> ApiAnswer:
    """An answer of `offer`, whose model thinks so many times as long as `lengths` say, by a seller of that `speed`."""
    usages = usages_at(thinking_times(lengths, thinking_over_r1))
    typical = speed.first_token_s + offer.output_tokens / speed.decode_tok_s
    return ApiAnswer(typical, answer_seconds(usages, speed), answer_usd(usages, offer.month))
