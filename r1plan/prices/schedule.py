"""A row of the price book made ready for lookup: each of its tiers as a price, and which of them holds when."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from r1plan.catalog.price import ClockTier, Currency, Holidays, PriceList, PriceRow, Rates
from r1plan.catalog.quality import Confidence
from r1plan.errors import CatalogError
from r1plan.prices.cost import TokenRates, token_rates

TierInstant = Literal["start", "first_token", "completion"]

START_NOT_VERIFIED = "start not verified"
TIER_INSTANT_NOT_VERIFIED = "which instant decides the tier is not verified"
LOW_CONFIDENCE = "low confidence"

ALWAYS = datetime.min.replace(tzinfo=UTC)
FOREVER = datetime.max.replace(tzinfo=UTC)


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


class ClockPrice(NamedTuple):
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
        if not any(window.holds(clock) for window in self.rule.windows_utc):
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


class PriceSchedule(NamedTuple):
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


def rates_by_tier(row: PriceRow, listed: Currency, wanted: Currency) -> Mapping[str, Rates] | None:
    """The rates of each tier of `row` in the currency `wanted`, or None when the vendor published none for them all."""
    if listed == wanted:
        return row.tiers
    own = row.cny_rates if wanted == "CNY" else None
    return own if own is not None and row.tiers.keys() <= own.keys() else None


def schedule_of(
    prices: PriceList, row: PriceRow, rates: Mapping[str, Rates], currency: Currency, holidays: Mapping[str, Holidays]
) -> PriceSchedule:
    """`row` of `prices` with `rates` for each of its tiers, in `currency`.

    Raises CatalogError for a calendar that `holidays` does not hold.
    """

    def price(tier: str) -> EffectivePrice:
        return _effective(prices, row, tier, rates[tier], currency)

    longest_first = sorted(row.context_tiers, key=lambda each: each.above_input_tokens, reverse=True)
    return PriceSchedule(
        start=row.start or ALWAYS,
        until=row.effective_until or FOREVER,
        base=price(row.tier),
        clock=tuple(
            _clock_price(rule, price(rule.tier), holidays, f"pricing/{prices.provider}.yaml: {row.model}")
            for rule in row.clock
        ),
        above_input_tokens=tuple((each.above_input_tokens, price(each.tier)) for each in longest_first),
    )


def _effective(prices: PriceList, row: PriceRow, tier: str, rates: Rates, currency: Currency) -> EffectivePrice:
    since = "unknown" if row.start is None else row.start.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return EffectivePrice(
        id=f"{prices.provider}/{row.model}@{since}" + ("" if currency == "USD" else f"#{currency}"),
        provider=prices.provider,
        model=row.model,
        served_model=row.served_model,
        tier=tier,
        rates=rates,
        per_token=token_rates(rates, row.cache_hit_rule),
        effective_from=row.effective_from,
        effective_until=row.effective_until,
        tier_instant=row.tier_instant,
        confidence=row.confidence,
        sources=row.sources,
        caveats=tuple(_caveats(row)),
        currency=currency,
        checked=row.checked or prices.checked,
        note=row.note,
        max_output_tokens=row.max_output or row.context_window,
        context_tokens=row.context_window,
    )


def _caveats(row: PriceRow) -> Iterator[str]:
    if row.start is None:
        yield START_NOT_VERIFIED
    if row.clock and not row.tier_instant_verified:
        yield TIER_INSTANT_NOT_VERIFIED
    if row.confidence == "low":
        yield LOW_CONFIDENCE


def _clock_price(rule: ClockTier, price: EffectivePrice, holidays: Mapping[str, Holidays], where: str) -> ClockPrice:
    if rule.holidays is None:
        return ClockPrice(rule, ZoneInfo(rule.day_zone), None, price, price)
    calendar = holidays.get(rule.holidays)
    if calendar is None:
        raise CatalogError(f"{where}: holidays: unknown calendar '{rule.holidays}'.")
    unlisted = f"holidays after {calendar.known_until.isoformat()} are not in the calendar '{rule.holidays}'"
    doubted = replace(price, caveats=(*price.caveats, unlisted))
    return ClockPrice(rule, ZoneInfo(rule.day_zone), calendar, price, doubted)
