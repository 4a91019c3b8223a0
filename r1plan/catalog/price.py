"""A dated price as `pricing/<provider>.yaml` says it. A row is never edited: a new dated row is added."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import ClassVar, Literal

from r1plan.catalog.quality import Confidence
from r1plan.catalog.reading.fields import Count, Instant, Price, TimeOfDay

_FORBID_EXTRA = {"extra": "forbid"}

Currency = Literal["USD", "CNY"]
Weekdays = Literal["all", "mon-fri"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """What a million tokens cost, in the row's currency. `input_cache_hit` None: none was published."""

    __pydantic_config__: ClassVar = _FORBID_EXTRA

    input_cache_miss: Price
    input_cache_hit: Price | None
    output: Price


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A half-open window of the UTC day; `start` after `end` runs over midnight."""

    __pydantic_config__: ClassVar = _FORBID_EXTRA

    start: TimeOfDay
    end: TimeOfDay

    def holds(self, clock: time) -> bool:
        """Whether the UTC time of day `clock` lies in it."""
        if self.start <= self.end:
            return self.start <= clock < self.end
        return clock >= self.start or clock < self.end


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockTier:
    """Rates that replace the row's own inside `windows_utc` on `weekdays`, except on a `holidays` calendar's days.

    `day_zone` says whose weekday and date count.
    """

    __pydantic_config__: ClassVar = _FORBID_EXTRA

    tier: Literal["off_peak", "peak"]
    windows_utc: tuple[Window, ...]
    weekdays: Weekdays = "all"
    day_zone: str = "UTC"
    holidays: str | None = None
    rates: Rates


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextTier:
    """Rates for a request whose input is longer than `above_input_tokens`."""

    __pydantic_config__: ClassVar = _FORBID_EXTRA

    above_input_tokens: Count
    rates: Rates

    @property
    def tier(self) -> str:
        """The name of the tier."""
        return f"input_above_{self.above_input_tokens}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceRow:
    """One price of one model over one interval, half-open, in UTC.

    `effective_from` None: the start was never verified; `evidence_first_seen` is then the first day it was seen.
    `effective_until` None: still in force. `tier_instant` says which instant of a request decides its tier.
    `billable`, which files call `usable`, is false for a real price whose interval is not known well enough to bill
    with; it is kept and never used. `thinking_billed_as_output` may only be true: nothing else can be billed.
    `checked` is the day on which someone last looked at this price, None: the one of the whole list.
    `cny_rates` are the vendor's own yuan prices for an account in yuan, by tier; they are no conversion of `rates`.
    """

    __pydantic_config__: ClassVar = _FORBID_EXTRA

    model: str
    aliases: tuple[str, ...] = ()
    served_model: str | None = None
    rates: Rates
    tier: Literal["flat", "standard", "off_peak"] = "flat"
    clock: tuple[ClockTier, ...] = ()
    context_tiers: tuple[ContextTier, ...] = ()
    cny_rates: dict[str, Rates] | None = None
    cache_hit_rule: Literal["miss-price", "half-of-miss"] = "miss-price"
    tier_instant: Literal["start", "first_token", "completion"] = "completion"
    tier_instant_verified: bool = False
    effective_from: Instant | None
    effective_from_precision: Literal["instant", "day", "unknown"] = "instant"
    effective_until: Instant | None = None
    effective_until_precision: Literal["instant", "day", "open"] = "open"
    evidence_first_seen: date | None = None
    evidence_last_seen: date | None = None
    billable: bool = field(default=True, metadata={"alias": "usable"})
    checked: date | None = None
    context_window: Count | None = None
    max_output: Count | None = None
    thinking_billed_as_output: bool = True
    sources: tuple[str, ...]
    confidence: Confidence = "high"
    note: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The id and the aliases, each once."""
        return tuple(dict.fromkeys((self.model, *self.aliases)))

    @property
    def start(self) -> datetime | None:
        """The instant from which it counts: its own, else the first day on which it was seen; None: neither known."""
        if self.effective_from is None and self.evidence_first_seen is not None:
            return datetime.combine(self.evidence_first_seen, time.min, UTC)
        return self.effective_from

    @property
    def tiers(self) -> dict[str, Rates]:
        """The rates of each of its tiers by name, the usual one first."""
        others: tuple[ClockTier | ContextTier, ...] = (*self.clock, *self.context_tiers)
        return {self.tier: self.rates, **{each.tier: each.rates for each in others}}


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceList:
    """All the prices of one provider, as one file holds them."""

    __pydantic_config__: ClassVar = _FORBID_EXTRA

    provider: str
    currency: Currency = "USD"
    checked: date
    prices: tuple[PriceRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HolidayCalendar:
    """Days, in the calendar's own zone, on which a price treats the clock as on a weekend.

    `complete_until` is the last day up to which `days` are all of them; None: the last of `days`.
    """

    __pydantic_config__: ClassVar = _FORBID_EXTRA

    id: str
    name: str
    zone: str
    checked: date
    days: tuple[date, ...]
    complete_until: date | None = None
    sources: tuple[str, ...]
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Holidays:
    """The days of one calendar, from every file that adds to it; after `known_until` nobody has listed any yet."""

    days: frozenset[date]
    known_until: date
