"""What a replay says: what the requests that can move cost elsewhere, which cannot and why, and what is assumed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

Stay = Literal[
    "not_ended",  # begun, and no end is written
    "aborted",  # broken off: what it would have used elsewhere is not known
    "failed",
    "tokens_unknown",  # its input or its output
    "no_price",  # none is known there at its moment
    "other_currency",  # it is billed there in another currency than the report's
    "context",  # its input and output are together more than fits there
    "output",  # its output is longer than an answer can be there
    "aggregate",  # a sum of requests over hours or lengths that have several prices there
    "other_family",  # of `all`: what answers there is of another family of models
    "no_clock",  # of `off-peak`: its price is the same at all hours
    "thinking_unknown",  # of `max-thinking`: how much of its output was thinking is not known
    "local",  # it was answered on one's own machine, where no price list holds
]

AssumedThat = Literal[
    "same_tokens",  # another model counts a text's tokens alike; `usd` is what 1 % more of them cost
    "same_thinking",  # `model` thinks as long as `instead_of` did: nobody measured it
    "thinking_ratio",  # `model` thinks `ratio` times as long as `instead_of`: low or high is at that
    "same_hits",  # the cache there finds what it found here
    "hits_there",  # as much cached input there as here (low), or none (high): how that cache works is not known
    "no_hits_there",  # cached input has no price of its own there: all is billed as fresh
    "hits_unknown",  # `requests` whose log does not say what was cached: all of it as fresh
    "estimated_tokens",  # `requests` whose tokens were estimated
    "lengths_unknown",  # `requests` within aggregates: whether each fits there is not known
    "as_of",  # all at the prices of the instant `at`, each at its own time of day
    "price_caveat",  # `price_id` has the doubt `caveat`
    "answers_unchanged",  # with less thinking, or at another hour, the same answers
]


@dataclass(frozen=True, slots=True)
class Immovable:
    """So many requests that cannot be moved, for one reason."""

    reason: Stay
    requests: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayAssumption:
    """One thing that a replay takes for true; the kind says which fields are set. Amounts are the report's currency."""

    that: AssumedThat
    requests: int = 0
    model: str | None = None
    instead_of: str | None = None
    ratio: Decimal | None = None
    usd: Decimal | None = None
    at: datetime | None = None
    price_id: str | None = None
    caveat: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIf:
    """The requests of a report in one other world, in its currency; None is unknown, or nothing can be moved.

    `cost_usd` is exact: the same tokens at the prices there. `low_usd` and `high_usd` bound what of it is not known.
    `instead_usd` is what the same requests cost as they were, as far as that is known: of `instead_unknown_requests`
    among them it is not. `saving_usd` is over those alone whose own cost is known, as are its bounds. `target` is one
    world; `asked` how it was asked for, such as "all".
    """

    target: str
    asked: str
    movable_requests: int = 0
    cost_usd: Decimal | None = None
    low_usd: Decimal | None = None
    high_usd: Decimal | None = None
    instead_usd: Decimal | None = None
    instead_unknown_requests: int = 0
    saving_usd: Decimal | None = None
    saving_low_usd: Decimal | None = None
    saving_high_usd: Decimal | None = None
    immovable: tuple[Immovable, ...] = ()
    assumptions: tuple[ReplayAssumption, ...] = ()
    served: tuple[str, ...] = ()

    @property
    def immovable_requests(self) -> int:
        """How many stay."""
        return sum(each.requests for each in self.immovable)
