"""What a replay says: what the requests that can move cost elsewhere, which cannot and why, and what is assumed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

from r1plan.plan.capacity.capacity import CapacityLimit, Percentiles
from r1plan.plan.speed import Range

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
    "does_not_fit",  # of `local`: nothing of what was asked for fits into this machine
    "too_slow",  # of `local`: no number of such machines keeps up with the busiest hour
    "local",  # it was answered on one's own machine, where no price list holds
]

AssumedThat = Literal[
    "same_tokens",  # another model counts a text's tokens alike; `usd` is what 1 % more of them cost
    "same_thinking",  # `model` thinks as long as `instead_of` did: nobody measured it
    "thinking_ratio",  # `model` thinks `ratio` times as long as `instead_of`: low or high is at that
    "own_thinking_ratio",  # the same, by `requests` of it in the log itself
    "thinking_taken",  # the same, and the cost is already at that
    "same_hits",  # the cache there finds what it found here
    "hits_there",  # as much cached input there as here (low), or none (high): how that cache works is not known
    "no_hits_there",  # cached input has no price of its own there: all is billed as fresh
    "hits_unknown",  # `requests` whose log does not say what was cached: all of it as fresh
    "estimated_tokens",  # `requests` whose tokens were estimated
    "lengths_unknown",  # `requests` within aggregates: whether each fits there is not known
    "as_of",  # all at the prices of the instant `at`, each at its own time of day
    "price_caveat",  # `price_id` has the doubt `caveat`
    "machine_on",  # one's own machine is on all the time; low is its work alone, as fast as it may be
    "thinking_share",  # `requests` of which nobody said how much was thinking: as much as of the others
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
class LocalWork:
    """What an option of one's own machine does with all requests that came to their end, in `hours` from first to last.

    It is this machine, or the one that `machine` names.

    `machines_needed` of them keep up with the busiest hour of the week, as if it went on; None: no number does, for the
    reason `limit`. One serves `served_per_day` of the `asked_per_day`, and first tokens take `first_token_s` in that
    hour. A request that is alone gets `tok_s`. It works for `busy_hours`, by the bounds of its speed, and draws `kwh`
    with those in which it waits.
    """

    model: str
    quant: str
    engine: str
    context: int
    tok_s: float
    machines_needed: int | None
    limit: CapacityLimit
    asked_per_day: float
    served_per_day: float
    first_token_s: Percentiles | None
    hours: float
    busy_hours: Range | None
    watts_busy: float | None
    watts_idle: float | None
    kwh: float | None
    usd_per_kwh: Decimal | None
    price_source: str
    machine: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIf:
    """The requests of a report in one other world, in its currency; None is unknown, or nothing can be moved.

    `cost_usd` is exact: the same tokens at the prices there. `low_usd` and `high_usd` bound what of it is not known.
    `instead_usd` is what the same requests cost as they were, as far as that is known: of `instead_unknown_requests`
    among them it is not. `saving_usd` is over those alone whose own cost is known, as are its bounds. `target` is one
    world; `asked` how it was asked for, such as "all". `local` is there for an option of one's own machine:
    its cost is an estimate of the electricity, and what is saved is not known where any of the own costs is not.
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
    local: LocalWork | None = None

    @property
    def immovable_requests(self) -> int:
        """How many stay."""
        return sum(each.requests for each in self.immovable)
