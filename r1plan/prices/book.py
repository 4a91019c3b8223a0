"""The price in force at an instant: a pure lookup over the dated rows of every provider."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from r1plan.catalog.price import Currency, Holidays, PriceList
from r1plan.prices.schedule import ALWAYS, FOREVER, PriceSchedule, TierInstant, rates_by_tier, schedule_of
from r1plan.prices.schedule import LOW_CONFIDENCE as LOW_CONFIDENCE
from r1plan.prices.schedule import START_NOT_VERIFIED as START_NOT_VERIFIED
from r1plan.prices.schedule import TIER_INSTANT_NOT_VERIFIED as TIER_INSTANT_NOT_VERIFIED
from r1plan.prices.schedule import EffectivePrice as EffectivePrice


class PriceBook:
    """Every price of every provider, found by provider, model id or alias, and instant.

    Ids are matched exactly, so a local model's name finds nothing. Where rows overlap, the one that starts last wins,
    and of two that start together the later one in the file: so a user's added row replaces ours. `holidays` are the
    calendars that a row may name. `currencies` says in which currency the account at a provider is billed, USD where
    it says nothing: a row that has no price in that currency finds nothing, for nothing is ever converted.
    """

    def __init__(
        self,
        lists: Mapping[str, PriceList],
        holidays: Mapping[str, Holidays] | None = None,
        currencies: Mapping[str, Currency] | None = None,
    ) -> None:
        self._made_of = lists, holidays
        billable: dict[tuple[str, str], list[PriceSchedule]] = {}
        unverified: dict[tuple[str, str], list[PriceSchedule]] = {}
        for provider, prices in lists.items():
            currency = (currencies or {}).get(provider, "USD")
            for row in prices.prices:
                rates = rates_by_tier(row, prices.currency, currency)
                if rates is not None:
                    schedule = schedule_of(prices, row, rates, currency, holidays or {})
                    for name in row.names:
                        (billable if row.billable else unverified).setdefault((provider, name), []).append(schedule)
        self._schedules = {key: _last_first(found) for key, found in billable.items()}
        self._unverified = {key: _last_first(found) for key, found in unverified.items()}

    def price_at(
        self, provider: str, model: str, at: datetime, input_tokens: int | None = None
    ) -> EffectivePrice | None:
        """The price of `model` at `provider` at the aware instant `at`, or None when it was not offered then.

        `at` is the instant that decides: see `price_for` for a request that has three of them.
        """
        for schedule in self._schedules.get((provider, model), ()):
            if schedule.start <= at < schedule.until:
                return schedule.price_at(at, input_tokens)
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
    ) -> EffectivePrice | None:
        """The price of a request: the row in force at its end says which of its instants decides."""
        price = self.price_at(provider, model, ended_at, input_tokens)
        if price is None or price.tier_instant == "completion":
            return price
        at = deciding_instant(price.tier_instant, started_at, first_token_at, ended_at)
        return self.price_at(provider, model, at, input_tokens)

    def schedules(self, provider: str, model: str) -> tuple[PriceSchedule, ...]:
        """The rows that may price `model`, the last to start first."""
        return self._schedules.get((provider, model), ())

    def unverified_prices(self, provider: str, model: str, at: datetime) -> tuple[EffectivePrice, ...]:
        """Prices that may have held at `at`, of rows not known enough to bill with: `price_at` never gives them."""
        return tuple(each.base for each in self._unverified.get((provider, model), ()) if each.start <= at < each.until)

    def billed_in(self, currencies: Mapping[str, Currency]) -> PriceBook:
        """The same prices for accounts that are billed in `currencies`."""
        lists, holidays = self._made_of
        return PriceBook(lists, holidays, currencies)

    def as_of(self, at: datetime) -> PriceBook:
        """The prices in force at the aware instant `at`, as if they held at all times; their clocks go on."""
        frozen = PriceBook({})
        for key, schedules in self._schedules.items():
            held = next((each for each in schedules if each.start <= at < each.until), None)
            if held is not None:
                frozen._schedules[key] = (held._replace(start=ALWAYS, until=FOREVER),)
        return frozen

    def names(self) -> Iterable[tuple[str, str]]:
        """Every provider and model id or alias that has a price at some time."""
        return self._schedules.keys()


def deciding_instant(
    rule: TierInstant, started_at: datetime, first_token_at: datetime | None, ended_at: datetime
) -> datetime:
    """The instant of a request that decides its price; the end where there was no first token."""
    if rule == "start":
        return started_at
    if rule == "first_token" and first_token_at is not None:
        return first_token_at
    return ended_at


def _last_first(schedules: list[PriceSchedule]) -> tuple[PriceSchedule, ...]:
    return tuple(sorted(schedules, key=lambda each: each.start)[::-1])
