"""How long each model thinks on what a month asks: by one's own log where it has enough, else as published. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

from r1plan.catalog.provider import model_key
from r1plan.plan.month.demand import RequestLength
from r1plan.plan.quality import thinking_over_r1

ThinkingBasis = Literal["logged", "assumed"]


class ThinkingRatio(NamedTuple):
    """How many times as many tokens a model thinks as the month's lengths say, which are R1's."""

    over_r1: float
    basis: ThinkingBasis


class OwnThinking(NamedTuple):
    """Mean tokens of thinking of models that answered often enough, by model key, and of R1 on those very requests.

    Empty without a log: then published averages say it all.
    """

    tokens: Mapping[str, float] = {}
    r1_tokens: float = 0.0

    def of(self, model: str) -> float | None:
        """What `model`, an id of the catalogue or what a seller serves, thinks on average; None: the log can't say."""
        return self.tokens.get(model_key(model))

    def ratio(self, model: str) -> ThinkingRatio:
        """By how much the thinking of the month's lengths is multiplied for `model`."""
        own = self.of(model)
        if own is None or self.r1_tokens <= 0:
            return ThinkingRatio(thinking_over_r1(model), "assumed")
        return ThinkingRatio(own / self.r1_tokens, "logged")


NO_LOG = OwnThinking()
"""Nobody's: published averages say it all."""


def thinking_times(lengths: Sequence[RequestLength], over_r1: float) -> tuple[RequestLength, ...]:
    """`lengths` with so many times the thinking.

    What rounding leaves of one goes to the next rarer one that thinks at all, so that the mean is off by less than half
    a token, as a rule by far less.
    """
    if over_r1 == 1.0:
        return tuple(lengths)
    found = list(lengths)
    left = 0.0
    for place in sorted(range(len(found)), key=lambda place: -found[place].share):
        each = found[place]
        if each.share <= 0 or not each.thinking_tokens:
            continue
        due = each.thinking_tokens * over_r1 * each.share + left
        tokens = max(0, round(due / each.share))
        left = due - tokens * each.share
        found[place] = each._replace(thinking_tokens=tokens)
    return tuple(found)
