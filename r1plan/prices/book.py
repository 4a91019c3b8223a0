"""The price in force at an instant: a pure lookup over the dated rows of every provider."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Literal
from zoneinfo import ZoneInfo

from r1plan.catalog.model import Confidence
from r1plan.errors import CatalogError
from r1plan.prices.cost import TokenRates, token_rates
from r1plan.prices.row import ClockTier, PriceList, PriceRow, Rates

TierInstant = Literal["start", "first_token", "completion"]

START_NOT_VERIFIED = "start not verified"
TIER_INSTANT_NOT_VERIFIED = "which instant decides the tier is not verified"
LOW_CONFIDENCE = "low confidence"

_ALWAYS = datetime.min.replace(tzinfo=UTC)
_FOREVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceInForce:
    """What applies at one instant: a row, and the tier of it that the clock or the length of the input chose.

    `id` names the row and is what a log row keeps as `price_id`. `rates` are per million tokens, `per_token` the same
    for `cost_of`. `effective_from` and `effective_until` are the row's, not the tier's; None: not verified, or still
    in force. `caveats` say why the price may be wrong.
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


@dataclass(frozen=True, slots=True)
class ClockPrice:
    """A price of certain hours. `zone` and `holidays` belong to `rule.day_zone` and `rule.holidays`."""

    rule: ClockTier
    zone: ZoneInfo
    holidays: AbstractSet[date]
    price: PriceInForce

    @property
    def has_days(self) -> bool:
        """Whether the day counts, and not only the hour."""
        return self.rule.weekdays != "all" or bool(self.holidays)

    def applies(self, at: datetime) -> bool:
        """Whether `at` lies in a window, on a day that counts. The day is the one of `at` itself."""
        clock = at.astimezone(UTC).time()
        if not any(_within(clock, window.start, window.end) for window in self.rule.windows_utc):
            return False
        if not self.has_days:
            return True
        day = at.astimezone(self.zone).date()
        return day not in self.holidays and (self.rule.weekdays == "all" or day.weekday() < 5)


def _within(clock: time, start: time, end: time) -> bool:
    return start <= clock < end if start <= end else clock >= start or clock < end


@dataclass(frozen=True, slots=True)
class Offer:
    """One row made ready for lookup: half-open from `start` to `until`."""

    start: datetime
    until: datetime
    base: PriceInForce
    clock: tuple[ClockPrice, ...]
    above_input_tokens: tuple[tuple[int, PriceInForce], ...]

    def price_at(self, at: datetime, input_tokens: int | None) -> PriceInForce:
        """The row's price at `at`. A tier of long inputs goes before one of the clock: no vendor has both."""
        for above, price in self.above_input_tokens:
            if input_tokens is not None and input_tokens > above:
                return price
        for tier in self.clock:
            if tier.applies(at):
                return tier.price
        return self.base


class PriceBook:
    """Every price of every provider, found by provider, model id or alias, and instant.

    Ids are matched exactly, so a local model's name finds nothing. Where rows overlap, the one that starts last wins,
    and of two that start together the later one in the file: so a user's added row replaces ours. Only USD lists are
    taken. `holidays` are the days of each calendar that a row may name.
    """

    def __init__(self, lists: Mapping[str, PriceList], holidays: Mapping[str, AbstractSet[date]] | None = None) -> None:
        offers: dict[tuple[str, str], list[Offer]] = {}
        for provider, prices in lists.items():
            for row in prices.prices if prices.currency == "USD" else ():
                if row.usable:
                    offer = _offer(provider, row, holidays or {})
                    for name in dict.fromkeys((row.model, *row.aliases)):
                        offers.setdefault((provider, name), []).append(offer)
        for found in offers.values():
            found.sort(key=lambda each: each.start)
        self._offers = {key: tuple(found[::-1]) for key, found in offers.items()}

    def price_at(self, provider: str, model: str, at: datetime, input_tokens: int | None = None) -> PriceInForce | None:
        """The price of `model` at `provider` at the aware instant `at`, or None when it was not offered then.

        `at` is the instant that decides: see `price_for` for a request that has three of them.
        """
        for offer in self._offers.get((provider, model), ()):
            if offer.start <= at < offer.until:
                return offer.price_at(at, input_tokens)
        return None

    def price_for(
        self,
        provider: str,
        model: str,
        *,
        started_at: datetime,
        first_token_at: datetime | None,
        ended_at: datetime,
        input_tokens: int | None = None,
    ) -> PriceInForce | None:
        """The price of a request: the row in force at its end says which of its instants decides."""
        price = self.price_at(provider, model, ended_at, input_tokens)
        if price is None or price.tier_instant == "completion":
            return price
        at = deciding_instant(price.tier_instant, started_at, first_token_at, ended_at)
        return self.price_at(provider, model, at, input_tokens)

    def offers(self, provider: str, model: str) -> tuple[Offer, ...]:
        """The rows that may price `model`, the last to start first."""
        return self._offers.get((provider, model), ())

    def names(self) -> Iterable[tuple[str, str]]:
        """Every provider and model id or alias that has a price at some time."""
        return self._offers.keys()


def deciding_instant(
    rule: TierInstant, started_at: datetime, first_token_at: datetime | None, ended_at: datetime
) -> datetime:
    """The instant of a request that decides its price; the end where there was no first token."""
    if rule == "start":
        return started_at
    if rule == "first_token" and first_token_at is not None:
        return first_token_at
    return ended_at


def _offer(provider: str, row: PriceRow, holidays: Mapping[str, AbstractSet[date]]) -> Offer:
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

    def price(tier: str, rates: Rates) -> PriceInForce:
        return PriceInForce(
            id=f"{provider}/{row.model}@{since}",
            provider=provider,
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
            caveats=tuple(caveats),
        )

    def calendar(name: str | None) -> AbstractSet[date]:
        if name is not None and name not in holidays:
            raise CatalogError(f"pricing/{provider}.yaml: {row.model}: holidays: unknown calendar '{name}'.")
        return holidays[name] if name is not None else frozenset()

    return Offer(
        start=start or _ALWAYS,
        until=row.effective_until or _FOREVER,
        base=price(row.tier, row.rates),
        clock=tuple(
            ClockPrice(tier, ZoneInfo(tier.day_zone), calendar(tier.holidays), price(tier.tier, tier.rates))
            for tier in row.clock
        ),
        above_input_tokens=tuple(
            (tier.above_input_tokens, price(f"input_above_{tier.above_input_tokens}", tier.rates))
            for tier in sorted(row.context_tiers, key=lambda each: -each.above_input_tokens)
        ),
    )
