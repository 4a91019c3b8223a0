"""What a month's requests use of one model, as they are billed. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from r1plan.market.month import WeightedUsage
from r1plan.plan.month.demand import Demand, RequestLength
from r1plan.plan.month.thinking import OwnThinking, thinking_times
from r1plan.prices.usage import Usage


def usages_at(lengths: Iterable[RequestLength]) -> tuple[WeightedUsage, ...]:
    """Requests of these lengths, whoever answers."""
    return tuple(
        WeightedUsage(
            Usage(
                input_tokens=each.input_tokens,
                cache_hit_tokens=each.cache_hit_tokens,
                output_tokens=each.output_tokens,
                thinking_tokens=each.thinking_tokens,
            ),
            each.share,
        )
        for each in lengths
    )


def usages_of(demand: Demand, model: str, own: OwnThinking) -> tuple[WeightedUsage, ...]:
    """The requests of `demand` to `model`, an id of the catalogue or what a seller serves, by kind."""
    return usages_at(thinking_times(demand.lengths, own.ratio(model).over_r1))
