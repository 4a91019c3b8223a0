"""What an hour of a card is taken to cost: the rule by which one price is chosen among the sellers' offers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from statistics import median
from typing import Literal

from r1plan.catalog.rentals import PowerTariff, RentalOffer, Rentals
from r1plan.hardware.machine import GpuDevice

# Prices of cards changed by a fifth within three months of 2026; what is older than half a year says little.
LASTING = timedelta(days=180)

RentAge = Literal["recent", "older", "undated"]
RentAbsence = Literal["no offer", "unlike cards", "no card"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RentPrice:
    """The median of what the `offers` ask for an hour of one card: each seller's cheapest on its newest day.

    They are on-demand offers alone: what may be taken away, or stands in a stranger's house, is never taken silently.
    `age` says whether they were seen within LASTING; where none was, the newer half-year's lack is made up by older
    ones, and by undated ones where there is none with a day.
    """

    usd_per_gpu_hour: Decimal
    offers: tuple[RentalOffer, ...]
    age: RentAge

    @property
    def sellers(self) -> tuple[str, ...]:
        """Who asks that, the cheapest first."""
        return tuple(each.seller for each in self.offers)

    @property
    def seen(self) -> tuple[date, date] | None:
        """The first and the last day on which one of them was seen; None: not known."""
        days = [each.seen_on for each in self.offers if each.seen_on is not None]
        return (min(days), max(days)) if days else None


def rent_price(rentals: Rentals, gpu: str, today: date) -> RentPrice | None:
    """What an hour of the card `gpu`, an id of profiles/hardware, costs `today`; None where nobody offers it."""
    on_demand = [each for each in rentals.rentals if gpu in each.gpus and each.terms == "on-demand"]
    dated = [each for each in on_demand if each.seen_on is not None and each.seen_on <= today]
    recent = [each for each in dated if each.seen_on is not None and each.seen_on >= today - LASTING]
    undated = [each for each in on_demand if each.seen_on is None]
    sets: tuple[tuple[list[RentalOffer], RentAge], ...] = ((recent, "recent"), (dated, "older"), (undated, "undated"))
    for found, age in sets:
        if found:
            offers = _one_a_seller(found)
            return RentPrice(
                usd_per_gpu_hour=median([each.usd_per_gpu_hour for each in offers]), offers=offers, age=age
            )
    return None


def rent_of(rentals: Rentals, cards: Sequence[GpuDevice], today: date) -> RentPrice | RentAbsence:
    """The same for each of `cards`, or why there is none: only a machine of equal cards is rented."""
    if not cards:
        return "no card"
    ids = {each.profile for each in cards}
    if len(ids) > 1:
        return "unlike cards"
    (id_,) = ids
    found = rent_price(rentals, id_, today) if id_ is not None else None
    return found or "no offer"


def household_tariff(rentals: Rentals) -> PowerTariff | None:
    """What a kilowatt-hour is taken to cost where nobody says: households' newest price in dollars."""
    known = [each for each in rentals.electricity if each.currency == "USD" and each.customer == "household"]
    return max(known, key=lambda each: each.period, default=None)


def _one_a_seller(offers: Sequence[RentalOffer]) -> tuple[RentalOffer, ...]:
    """Each seller's cheapest offer of its newest day, the cheapest first."""
    chosen: dict[str, RentalOffer] = {}
    for each in offers:
        old = chosen.get(each.seller)
        if old is None or _newer_or_cheaper(each, old):
            chosen[each.seller] = each
    return tuple(sorted(chosen.values(), key=lambda each: (each.usd_per_gpu_hour, each.seller)))


def _newer_or_cheaper(offer: RentalOffer, old: RentalOffer) -> bool:
    day, old_day = offer.seen_on or date.min, old.seen_on or date.min
    return day > old_day or (day == old_day and offer.usd_per_gpu_hour < old.usd_per_gpu_hour)
