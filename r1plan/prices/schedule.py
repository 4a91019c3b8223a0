"""A row of the price book made ready for lookup: each of its tiers as a price, and which of them holds when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from typing import Literal
from zoneinfo import ZoneInfo

from r1plan.catalog.model import Confidence
from r1plan.catalog.price import ClockTier, Currency, Holidays, PriceList, PriceRow, Rates
from r1plan.errors import CatalogError
from r1plan.prices.cost import TokenRates, token_rates

TierInstant = Literal["start", "first_token", "completion"]

START_NOT_VERIFIED = "start not verified"
TIER_INSTANT_NOT_VERIFIED = "which instant decides the tier is not verified"
LOW_CONFIDENCE = "low confidence"

_ALWAYS = datetime.min.replace(tzinfo=UTC)
_FOREVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectivePrice:
    """What applies at one instant: a row, and the tier of it that the clock or the length of the input chose.

    `id` names the row and is what a log row keeps as `price_id`. `rates` are per million tokens in `currency`,
    `per_token` the same for `cost_of`. `effective_from` and `effective_until` are the row's, not the tier's; None: not
    verified, or still in force. `checked` is the day on which someone last looked. `caveats` say why the price may be
    wrong. `max_output_tokens` is the most that one answer, its thinking included, can have; `context_tokens` the most
    that the input and the answer can have together; None: not known.
    """

    id: str
    provider: str
    model: str
    served_model: str | None
    tier: str
    rates: Rates
    per_token: TokenRates
    effective_from: datetime | None
    effective_until: datetime | None
    tier_instant: TierInstant
    confidence: Confidence
    sources: tuple[str, ...]
    caveats: tuple[str, ...]
    currency: Currency = "USD"
    checked: date | None = None
    note: str | None = None
    max_output_tokens: int | None = None
    context_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class ClockPrice:
    """A price of certain hours. `zone` and `holidays` belong to `rule.day_zone` and `rule.holidays`.

    `doubted` is the same price for days beyond the end of the calendar, each of which may turn out to be a holiday.
    """

    rule: ClockTier
    zone: ZoneInfo
    holidays: Holidays | None
    price: EffectivePrice
    doubted: EffectivePrice

    @property
    def has_days(self) -> bool:
        """Whether the day counts, and not only the hour."""
        return self.rule.weekdays != "all" or self.holidays is not None

    def price_at(self, at: datetime) -> EffectivePrice | None:
        """The price when `at` lies in a window, on a day that counts. The day is the one of `at` itself."""
        clock = at.astimezone(UTC).time()
        if not any(_within(clock, window.start, window.end) for window in self.rule.windows_utc):
            return None
        if not self.has_days:
            return self.price
        day = at.astimezone(self.zone).date()
        if self.rule.weekdays != "all" and day.weekday() >= 5:
            return None
        if self.holidays is None:
            return self.price
        if day in self.holidays.days:
            return None
        return self.price if day <= self.holidays.known_until else self.doubted


def _within(clock: time, start: time, end: time) -> bool:
    return start <= clock < end if start <= end else clock >= start or clock < end


@dataclass(frozen=True, slots=True)
class PriceSchedule:
    """One row made ready for lookup: half-open from `start` to `until`."""

    start: datetime
    until: datetime
    base: EffectivePrice
    clock: tuple[ClockPrice, ...]
    above_input_tokens: tuple[tuple[int, EffectivePrice], ...]

    def price_at(self, at: datetime, input_tokens: int | None) -> EffectivePrice:
        """The row's price at `at`. A tier of long inputs goes before one of the clock: no vendor has both."""
        for above, price in self.above_input_tokens:
            if input_tokens is not None and input_tokens > above:
                return price
        for tier in self.clock:
            if (chosen := tier.price_at(at)) is not None:
                return chosen
        return self.base


def context_tier_name(above_input_tokens: int) -> str:
    """How the tier of inputs longer than `above_input_tokens` is called."""
    return f"input_above_{above_input_tokens}"


def rates_by_tier(row: PriceRow, listed: Currency, wanted: Currency) -> Mapping[str, Rates] | None:
    """The rates of each tier of `row` in the currency `wanted`, or None when the vendor published none for them all."""
    tiers: dict[str, Rates] = {
        row.tier: row.rates,
        **{each.tier: each.rates for each in row.clock},
        **{context_tier_name(each.above_input_tokens): each.rates for each in row.context_tiers},
    }
    if listed == wanted:
        return tiers
    own = row.cny_rates if wanted == "CNY" else None
    return own if own is not None and tiers.keys() <= own.keys() else None


def schedule_of(
    prices: PriceList, row: PriceRow, rates: Mapping[str, Rates], currency: Currency, holidays: Mapping[str, Holidays]
) -> PriceSchedule:
    """`row` of `prices` with `rates` for each of its tiers, in `currency`.

    Raises CatalogError for a calendar that `holidays` does not hold.
    """
    provider = prices.provider
    start = row.effective_from
    if start is None and row.evidence_first_seen is not None:
        start = datetime.combine(row.evidence_first_seen, time.min, UTC)
    caveats: list[str] = []
    if start is None:
        caveats.append(START_NOT_VERIFIED)
    if row.clock and not row.tier_instant_verified:
        caveats.append(TIER_INSTANT_NOT_VERIFIED)
    if row.confidence == "low":
        caveats.append(LOW_CONFIDENCE)
    since = "unknown" if start is None else start.astimezone(UTC).isoformat().replace("+00:00", "Z")

    def price(tier: str) -> EffectivePrice:
        return EffectivePrice(
            id=f"{provider}/{row.model}@{since}" + ("" if currency == "USD" else f"#{currency}"),
            provider=provider,
            model=row.model,
            served_model=row.served_model,
            tier=tier,
            rates=rates[tier],
            per_token=token_rates(rates[tier], row.cache_hit_rule),
            effective_from=row.effective_from,
            effective_until=row.effective_until,
            tier_instant=row.tier_instant,
            confidence=row.confidence,
            sources=row.sources,
            caveats=tuple(caveats),
            currency=currency,
            checked=row.checked or prices.checked,
            note=row.note,
            max_output_tokens=row.max_output or row.context_window,
            context_tokens=row.context_window,
        )

    def clocked(rule: ClockTier) -> ClockPrice:
        calendar = None
        certain = doubted = price(rule.tier)
        if rule.holidays is not None:
            calendar = holidays.get(rule.holidays)
            if calendar is None:
                where = f"pricing/{provider}.yaml: {row.model}: holidays"
                raise CatalogError(f"{where}: unknown calendar '{rule.holidays}'.")
            unlisted = f"holidays after {calendar.known_until.isoformat()} are not in the calendar '{rule.holidays}'"
            doubted = replace(certain, caveats=(*certain.caveats, unlisted))
        return ClockPrice(rule, ZoneInfo(rule.day_zone), calendar, certain, doubted)

    return PriceSchedule(
        start=start or _ALWAYS,
        until=row.effective_until or _FOREVER,
        base=price(row.tier),
        clock=tuple(clocked(tier) for tier in row.clock),
        above_input_tokens=tuple(
            (above, price(context_tier_name(above)))
            for above in sorted((each.above_input_tokens for each in row.context_tiers), reverse=True)
        ),
    )
