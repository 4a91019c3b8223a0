"""Prices that a person typed: what cannot be meant is a sentence and a hint."""

from __future__ import annotations

from decimal import Decimal
from math import inf, nan

import pytest

from r1plan.catalog.rentals import Rentals, load_rentals
from r1plan.errors import UsageError
from r1plan.plan.cost.checks import SaidPrices, checked_prices, own_terms


@pytest.mark.parametrize(
    ("said", "message"),
    [
        pytest.param(SaidPrices(power_usd_per_kwh=-1), "--power-price -1: expected zero or more.", id="power -1"),
        pytest.param(SaidPrices(power_usd_per_kwh=nan), "--power-price nan: expected zero or more.", id="power nan"),
        pytest.param(SaidPrices(power_usd_per_kwh=1e12), "--power-price 1e+12: expected at most", id="power 1e12"),
        pytest.param(SaidPrices(gpu_hour_usd=-1), "--gpu-hour -1: expected a number above zero.", id="hour -1"),
        pytest.param(SaidPrices(gpu_hour_usd=0), "--gpu-hour 0: expected a number above zero.", id="hour 0"),
        pytest.param(SaidPrices(gpu_hour_usd=nan), "--gpu-hour nan: expected a number above zero.", id="hour nan"),
        pytest.param(SaidPrices(gpu_hour_usd=inf), "--gpu-hour inf: expected a number above zero.", id="hour inf"),
        pytest.param(SaidPrices(gpu_hour_usd=1e9), "--gpu-hour 1e+09: expected at most", id="hour 1e9"),
        pytest.param(SaidPrices(purchase_usd=2500), "--purchase 2500 without --years", id="no years"),
        pytest.param(SaidPrices(years=3), "--years 3 without --purchase", id="no purchase"),
        pytest.param(SaidPrices(purchase_usd=2500, years=0), "--years 0: expected a number above zero.", id="years 0"),
        pytest.param(SaidPrices(purchase_usd=2500, years=1e3), "--years 1000: expected at most 100.", id="years 1000"),
        pytest.param(SaidPrices(purchase_usd=-1, years=1), "--purchase -1: expected a number above", id="purchase -1"),
        pytest.param(
            SaidPrices(gpu_hour_usd=1, purchase_usd=2500, years=3), "--gpu-hour 1 and --purchase 2500", id="both"
        ),
        pytest.param(SaidPrices(gpu_hour_usd=1, purchase_usd=2500), "--gpu-hour 1 and --purchase", id="both, no years"),
    ],
)
def test_what_cannot_be_meant_is_told(said: SaidPrices, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        checked_prices(said)
    assert message in caught.value.message
    assert caught.value.hint


def test_a_machine_without_cards_is_not_rented_by_the_card() -> None:
    with pytest.raises(UsageError, match="--gpu-hour 2: this machine has no graphics card to rent"):
        checked_prices(SaidPrices(gpu_hour_usd=2), 0)
    assert checked_prices(SaidPrices(gpu_hour_usd=2), 1)
    assert checked_prices(SaidPrices(power_usd_per_kwh=0.2), 0)


@pytest.mark.parametrize(
    "said",
    [
        SaidPrices(),
        SaidPrices(power_usd_per_kwh=0),
        SaidPrices(gpu_hour_usd=0.01),
        SaidPrices(power_usd_per_kwh=0.3, purchase_usd=1, years=0.5),
        SaidPrices(power_usd_per_kwh=0.3, gpu_hour_usd=2),
    ],
)
def test_what_can_be_meant_passes(said: SaidPrices) -> None:
    assert checked_prices(said) == said


@pytest.mark.parametrize(
    ("said", "kind", "kwh", "source"),
    [
        (SaidPrices(), "electricity", "0.1883", "average of households in the United States, 2026-04: EIA data"),
        (SaidPrices(power_usd_per_kwh=0.1), "electricity", "0.1", "--power-price"),
        (SaidPrices(purchase_usd=10, years=1), "bought", "0.1883", "--purchase over --years; average of households"),
        (SaidPrices(gpu_hour_usd=0.7, power_usd_per_kwh=0.1), "rented", None, "--gpu-hour"),
    ],
    ids=["nothing said", "power", "bought", "rented, power included"],
)
def test_terms_are_by_what_was_said(said: SaidPrices, kind: str, kwh: str | None, source: str) -> None:
    terms = own_terms(said, load_rentals())
    assert (terms.kind, terms.usd_per_kwh) == (kind, None if kwh is None else Decimal(kwh))
    assert terms.source.startswith(source)


def test_a_price_of_power_that_nobody_knows_stays_unknown() -> None:
    assert own_terms(SaidPrices(), Rentals()).usd_per_kwh is None
