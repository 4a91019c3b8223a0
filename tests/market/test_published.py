"""What a list of models says of prices, and how it stands beside the book."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from r1plan.catalog.provider import PublishedPrices
from r1plan.market.published import PublishedRates, published_rates

TOKENS = PublishedPrices(unit="usd_per_token", input="pricing.prompt", output="pricing.completion")


def listed(prompt: Any, completion: Any = "0.000002") -> dict[str, Any]:
    return {"data": [{"id": "m", "pricing": {"prompt": prompt, "completion": completion}}]}


@pytest.mark.parametrize(
    "value",
    ["-1", "free", None, True, "1e9", "NaN", "Infinity", {}, [], "0x1", "", Decimal("-0.1"), "1_0e"],
    ids=repr,
)
def test_what_is_no_amount_is_never_taken_for_a_price(value: Any) -> None:
    assert published_rates(listed(value), TOKENS) == {"m": None}
    assert published_rates(listed("0.000001", value), TOKENS) == {"m": None}


@pytest.mark.parametrize(
    ("value", "usd_per_mtok"),
    [("0.0000004", "0.4"), (Decimal("5.5E-7"), "0.55"), (0, "0"), ("0", "0"), ("0.00000000001", "0.00001")],
    ids=str,
)
def test_no_digit_of_an_amount_is_lost(value: Any, usd_per_mtok: str) -> None:
    found = published_rates(listed(value), TOKENS)
    assert found == {"m": PublishedRates(Decimal(usd_per_mtok), None, Decimal(2))}


@pytest.mark.parametrize("answer", [None, "text", 3, {}, {"data": None}, {"data": {}}, {"models": []}], ids=repr)
def test_what_holds_no_list_is_no_list_of_models(answer: Any) -> None:
    assert published_rates(answer, TOKENS) is None


@pytest.mark.parametrize("item", [None, 3, "m", [], {"id": None}, {"id": ""}, {"name": "m"}], ids=repr)
def test_an_entry_without_an_id_is_left_out(item: Any) -> None:
    assert published_rates({"data": [item]}, TOKENS) == {}
