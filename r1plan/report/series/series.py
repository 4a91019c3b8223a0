"""The sums that pictures are drawn from: small, whatever the size of the logs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

SpanUnit = Literal["day", "week", "month"]

LONGEST_BIN = 24
"""The last bin of thinking lengths: it has all that thought for 2**23 tokens or more."""


@dataclass(frozen=True, slots=True)
class SeriesSeller:
    """A provider and what was asked of it; both None: all those that cost too little to be told apart."""

    provider: str | None
    model: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanSpend:
    """What was asked of a seller in a span, and what of it is known.

    Sums of money hold what is known, 0 included; `unknown_cost` counts the sums of requests whose cost is not known,
    `unknown_split` those whose cost is not known part by part, and `unknown_saving` those whose cost is known and not
    what the cache saved of it. The uncertain requests are in none; of `unbounded_requests` among them no upper bound is
    known.
    """

    span: date
    seller: int
    requests: int
    input_tokens: int
    cache_hit_tokens: int
    output_tokens: int
    thinking_tokens: int
    cost_usd: Decimal
    input_miss_usd: Decimal
    cache_hit_usd: Decimal
    thinking_usd: Decimal
    answer_usd: Decimal
    thinking_unknown_usd: Decimal
    charged_usd: Decimal
    energy_usd: Decimal
    cache_saving_usd: Decimal
    unknown_cost: int
    unknown_split: int
    uncertain_requests: int
    estimated_requests: int
    unpriced_requests: int
    unbounded_requests: int
    unknown_saving: int
    uncertain_low_usd: Decimal
    uncertain_high_usd: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class HourSpend:
    """What a seller was paid in an hour of a weekday, 1 is Monday; `span` is None where only weekdays are kept.

    Rows that cover more than an hour are in none.
    """

    span: date | None
    weekday: int
    hour: int
    seller: int
    requests: int
    cost_usd: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class LengthCount:
    """How many single requests of a known thinking length are in a bin: 0 thought nothing, `b` 2**(b-1) tokens or more.

    `span` is None where the spans are not told apart.
    """

    span: date | None
    seller: int
    bin: int
    requests: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockHour:
    """That a seller had another price than its usual one in an hour of a weekday, for `share` of that hour's time."""

    seller: int
    tier: str
    weekday: int
    hour: int
    share: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """All of it. `spans` are the first days of each `unit` from the first request to the last, none left out.

    `merged_sellers` are told together, as the last of `sellers`. `clock` is of at most the last `clock_days`.
    """

    unit: SpanUnit
    spans: tuple[date, ...]
    sellers: tuple[SeriesSeller, ...]
    spends: tuple[SpanSpend, ...]
    hours: tuple[HourSpend, ...]
    lengths: tuple[LengthCount, ...]
    clock: tuple[ClockHour, ...]
    clock_days: int
    merged_sellers: int = 0
