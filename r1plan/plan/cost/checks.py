"""What a person said of prices, as terms: whether it can be meant, and what the catalogue says where nothing is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from r1plan.catalog.rentals import PowerTariff, Rentals
from r1plan.errors import UsageError
from r1plan.hardware.machine import GpuDevice
from r1plan.plan.bounds import above_zero, at_most, not_negative
from r1plan.plan.cost.rent import RentAbsence, RentPrice, household_tariff, rent_of
from r1plan.plan.cost.terms import OwnTerms

_MOST_USD_PER_KWH, _MOST_USD_PER_HOUR, _MOST_PURCHASE_USD, _MOST_YEARS = 1e4, 1e5, 1e10, 100.0


class SaidPrices(NamedTuple):
    """What the options said: --power-price, --gpu-hour, --purchase and --years; None where they were left out."""

    power_usd_per_kwh: float | None = None
    gpu_hour_usd: float | None = None
    purchase_usd: float | None = None
    years: float | None = None


def checked_prices(said: SaidPrices, cards: int | None = None) -> SaidPrices:
    """`said`, when it can be meant of a machine with so many cards; None: not known yet.

    Raises UsageError, which names the option and its value.
    """
    not_negative(("--power-price", said.power_usd_per_kwh))
    above_zero(("--gpu-hour", said.gpu_hour_usd), ("--purchase", said.purchase_usd), ("--years", said.years))
    at_most(_MOST_USD_PER_KWH, ("--power-price", said.power_usd_per_kwh))
    at_most(_MOST_USD_PER_HOUR, ("--gpu-hour", said.gpu_hour_usd))
    at_most(_MOST_PURCHASE_USD, ("--purchase", said.purchase_usd))
    at_most(_MOST_YEARS, ("--years", said.years))
    if said.gpu_hour_usd is not None and said.purchase_usd is not None:
        raise UsageError(
            f"--gpu-hour {said.gpu_hour_usd:g} and --purchase {said.purchase_usd:g}: a machine is rented or bought.",
            "leave one of them out",
        )
    if said.gpu_hour_usd is not None and cards == 0:
        raise UsageError(
            f"--gpu-hour {said.gpu_hour_usd:g}: this machine has no graphics card to rent.",
            "describe one, such as --gpu rtx-4090, or say --purchase and --years",
        )
    if said.purchase_usd is not None and said.years is None:
        raise UsageError(
            f"--purchase {said.purchase_usd:g} without --years: a price has to be spread over its use.",
            "say how long it will serve, such as --years 3",
        )
    if said.years is not None and said.purchase_usd is None:
        raise UsageError(
            f"--years {said.years:g} without --purchase: there is nothing to spread over them.",
            "say what the machine costs, such as --purchase 2500",
        )
    return said


def own_terms(said: SaidPrices, rentals: Rentals) -> OwnTerms:
    """On what terms the machine is had, by what was said; electricity alone where nothing was.

    Where no price of power was said, what households in the catalogue pay is taken. `said` has been checked.
    """
    if said.gpu_hour_usd is not None:
        return OwnTerms(kind="rented", usd_per_gpu_hour=_decimal(said.gpu_hour_usd), source="--gpu-hour")
    tariff = household_tariff(rentals)
    if said.power_usd_per_kwh is not None:
        power, power_source = _decimal(said.power_usd_per_kwh), "--power-price"
    elif tariff is not None:
        power, power_source = tariff.price_per_kwh, tariff_source(tariff, rentals)
    else:
        return OwnTerms(kind="electricity", source="no price of power is known")
    if said.purchase_usd is not None:
        return OwnTerms(
            kind="bought", usd_per_kwh=power, purchase_usd=_decimal(said.purchase_usd), years=said.years,
            source=f"--purchase over --years; {power_source}",
        )  # fmt: skip
    return OwnTerms(kind="electricity", usd_per_kwh=power, source=power_source)


def rented_terms(cards: Sequence[GpuDevice], rentals: Rentals, today: date) -> OwnTerms | RentAbsence:
    """The terms on which `cards` are rented by the catalogue, or why they are not."""
    found = rent_of(rentals, cards, today)
    if not isinstance(found, RentPrice):
        return found
    return OwnTerms(kind="rented", usd_per_gpu_hour=found.usd_per_gpu_hour, source=rent_source(found))


def rent_source(price: RentPrice) -> str:
    """Who asks that price, and when it was seen."""
    who = price.sellers[0] if len(price.sellers) == 1 else f"median of {', '.join(price.sellers)}"
    if price.seen is None:
        return f"{who}, on demand, undated"
    first, last = price.seen
    when = f"{last}" if first == last else f"{first} to {last}"
    return f"{who}, on demand, seen {when}{', more than half a year ago' if price.age == 'older' else ''}"


def tariff_source(tariff: PowerTariff, rentals: Rentals) -> str:
    """Whose price of power it is, of when, and who says so."""
    return f"average of {tariff.customer}s in the {tariff.region}, {tariff.period}: {rentals.source_of(tariff)}"


def _decimal(value: float) -> Decimal:
    return Decimal(str(value))
