"""Which rent is taken for a card: the median of the sellers' newest on-demand prices, and never silently another."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from r1plan.catalog.rentals import RentalOffer, Rentals, RentalTerms, load_rentals
from r1plan.plan.cost.checks import rent_source, rented_terms
from r1plan.plan.cost.rent import LASTING, RentPrice, household_tariff, rent_of, rent_price
from r1plan.plan.cost.terms import OwnTerms
from tests.plan.catalogue import card

TODAY = date(2026, 11, 29)


def offer(
    seller: str, usd: str, days_ago: int | None = 10, terms: RentalTerms = "on-demand", name: str = "x"
) -> RentalOffer:
    return RentalOffer(
        gpus=("rtx-4090",), seller=seller, offer=name, terms=terms, usd_per_gpu_hour=Decimal(usd),
        seen_on=None if days_ago is None else TODAY - timedelta(days=days_ago), source="s", confidence="high",
    )  # fmt: skip


def price(*offers: RentalOffer) -> RentPrice | None:
    return rent_price(Rentals(rentals=offers), "rtx-4090", TODAY)


@pytest.mark.parametrize(
    ("offers", "usd", "age"),
    [
        pytest.param([offer("a", "1")], "1", "recent", id="one seller"),
        pytest.param([offer("a", "1"), offer("b", "2"), offer("c", "9")], "2", "recent", id="the middle of three"),
        pytest.param([offer("a", "1"), offer("b", "2")], "1.5", "recent", id="between two"),
        pytest.param([offer("a", "1", 90), offer("a", "2", 5)], "2", "recent", id="a seller's newest"),
        pytest.param([offer("a", "3"), offer("a", "2", name="8x")], "2", "recent", id="its cheapest of a day"),
        pytest.param([offer("a", "1", LASTING.days), offer("b", "3")], "2", "recent", id="half a year counts"),
        pytest.param([offer("a", "1", LASTING.days + 1), offer("b", "3")], "3", "recent", id="a day more does not"),
        pytest.param([offer("a", "1", 300)], "1", "older", id="older where there is no other"),
        pytest.param([offer("a", "1", None), offer("b", "3", 300)], "3", "older", id="dated before undated"),
        pytest.param([offer("a", "1", None)], "1", "undated", id="undated where there is no other"),
        pytest.param([offer("a", "1", -1), offer("b", "2")], "2", "recent", id="tomorrow's is not today's"),
    ],
)
def test_a_price_is_chosen(offers: list[RentalOffer], usd: str, age: str) -> None:
    found = price(*offers)
    assert found is not None
    assert (found.usd_per_gpu_hour, found.age) == (Decimal(usd), age)


@pytest.mark.parametrize("terms", ["community", "interruptible", "starting-at", "per-second"])
def test_only_on_demand_prices_are_taken(terms: RentalTerms) -> None:
    assert price(offer("a", "1", terms=terms)) is None
    found = price(offer("a", "0.1", terms=terms), offer("b", "2"))
    assert found is not None
    assert found.usd_per_gpu_hour == 2


def test_ours_name_who_asks_and_when() -> None:
    found = rent_price(load_rentals(), "h100-sxm-80gb", TODAY)
    assert found is not None
    assert found.usd_per_gpu_hour == Decimal("3.99")
    assert rent_source(found) == (
        "median of Nebius, Lambda, RunPod, AWS, Azure, on demand, seen 2026-09-25 to 2026-11-09"
    )


def test_a_machine_of_unlike_or_unknown_cards_is_not_rented() -> None:
    ours = load_rentals()
    one, other = (replace(card(24), profile=each) for each in ("rtx-4090", "l40s"))
    assert rent_of(ours, [one, other], TODAY) == "unlike cards"
    assert rent_of(ours, [card(24)], TODAY) == "no offer"
    assert rent_of(ours, [], TODAY) == "no card"
    terms = rented_terms([one, one], ours, TODAY)
    assert isinstance(terms, OwnTerms)
    assert (terms.kind, terms.usd_per_gpu_hour) == ("rented", Decimal("0.74"))
    assert terms.source == "RunPod, on demand, seen 2026-09-25"


def test_power_is_the_newest_of_households_in_dollars_and_never_converted() -> None:
    found = household_tariff(load_rentals())
    assert found is not None
    assert (found.price_per_kwh, found.period, found.currency) == (Decimal("0.1883"), "2026-04", "USD")
    euros = tuple(each for each in load_rentals().electricity if each.currency == "EUR")
    assert euros
    assert household_tariff(Rentals(electricity=euros)) is None
