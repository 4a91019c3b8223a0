"""Rents and prices of power: each row names what is known, has a source, and the user's go over ours."""

from __future__ import annotations

from decimal import Decimal

import pytest

from r1plan.catalog.load import load_hardware
from r1plan.catalog.rentals import load_rentals
from r1plan.errors import CatalogError
from tests.catalog.conftest import WriteOwn

ROW = (
    "rentals:\n  - {{gpus: [rtx-4090], seller: RunPod, offer: secure, terms: on-demand, usd_per_gpu_hour: {price}, "
    "seen_on: {day}, source: my own eyes, confidence: high}}\n"
)


def test_every_row_names_known_cards_and_a_source_that_is_spelt_out() -> None:
    ours = load_rentals()
    cards = load_hardware().gpus
    for each in ours.rentals:
        assert set(each.gpus) <= cards.keys(), each
        assert each.usd_per_gpu_hour > 0
    named = {each.source for each in ours.rentals} | {each.source for each in ours.electricity}
    assert named == ours.sources.keys()


def test_no_two_rows_say_the_same_thing() -> None:
    ours = load_rentals()
    assert len({(each.seller, each.gpus, each.offer, each.seen_on) for each in ours.rentals}) == len(ours.rentals) == 55
    assert len({(each.region, each.customer, each.period) for each in ours.electricity}) == len(ours.electricity) == 7


@pytest.mark.parametrize(
    ("day", "added"), [pytest.param("2026-09-25", 0, id="the same day"), pytest.param("2026-11-20", 1, id="later")]
)
def test_a_users_row_replaces_ours_of_the_same_day_and_is_added_else(write_own: WriteOwn, day: str, added: int) -> None:
    before = len(load_rentals().rentals)
    write_own("profiles/rentals.yaml", ROW.format(price="'0.5'", day=day))
    after = load_rentals()
    assert len(after.rentals) == before + added
    (mine,) = (each for each in after.rentals if each.source == "my own eyes")
    assert mine.usd_per_gpu_hour == Decimal("0.5")
    assert after.source_of(mine) == "my own eyes"


@pytest.mark.parametrize(
    ("price", "told"),
    [
        pytest.param("0.5", "expected a price in quotes", id="a float"),
        pytest.param("'-1'", "expected a price of 0 or more", id="below zero"),
        pytest.param("'nan'", "expected a price in quotes", id="no number"),
        pytest.param("'¥3'", "expected a price in quotes", id="another currency"),
    ],
)
def test_a_price_that_is_none_is_told(write_own: WriteOwn, price: str, told: str) -> None:
    write_own("profiles/rentals.yaml", ROW.format(price=price, day="2026-11-20"))
    with pytest.raises(CatalogError, match=told):
        load_rentals()
