"""How much of a workload is longer than what an offer takes. Pure."""

from __future__ import annotations

from collections.abc import Collection
from math import fsum
from typing import NamedTuple

from r1plan.market.month import WeightedUsage
from r1plan.prices.schedule import EffectivePrice

_HALF = 0.5


class Overrun(NamedTuple):
    """How much of a workload is beyond what an offer takes: `share` of the requests.

    They have an input and an answer of together more than `context_tokens`, or, as `by_output` says of most of them, an
    answer of more than `output_tokens`. None: nobody published that limit.
    """

    context_tokens: int | None
    output_tokens: int | None
    share: float
    by_output: bool

    @property
    def is_usual(self) -> bool:
        """Whether it is half of the requests or more: then the work cannot be done there."""
        return self.share >= _HALF


def overrun_of(price: EffectivePrice | None, usages: Collection[WeightedUsage]) -> Overrun:
    """How many of `usages` are longer than what an offer at `price` takes; without a price no limit is known."""
    context, output = (price.context_tokens, price.max_output_tokens) if price else (None, None)
    too_long = [
        (context is not None and usage.input_tokens + usage.output_tokens > context,
         output is not None and usage.output_tokens > output, share)
        for usage, share in usages
    ]  # fmt: skip
    whole = fsum(share for at_context, at_output, share in too_long if at_context or at_output)
    by_context = fsum(share for at_context, _, share in too_long if at_context)
    by_output = fsum(share for _, at_output, share in too_long if at_output)
    return Overrun(context, output, min(1.0, whole), by_output >= by_context)
