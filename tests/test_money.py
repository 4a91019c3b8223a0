from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from r1plan.money import exact, money, parsed, price_text, small_usd, typed_usd, usd

AMOUNTS = st.decimals(min_value=0, max_value=10**9, allow_nan=False, allow_infinity=False, places=12)


@pytest.mark.parametrize(
    ("amount", "shown", "all_digits"),
    [
        ("0", "$0.00", "0"),
        ("1234.565", "$1,234.56", "1234.565"),
        ("0.01", "$0.01", "0.01"),
        ("0.00999", "$0.0100", "0.00999"),
        ("0.0034", "$0.0034", "0.0034"),
        ("0.000000070000000", "$0.000000070", "0.00000007"),
        ("100.000", "$100.00", "100"),
        ("1E+2", "$100.00", "100"),
    ],
)
def test_money_to_the_cent_for_people_and_exact_for_programs(amount: str, shown: str, all_digits: str) -> None:
    assert (usd(Decimal(amount)), exact(Decimal(amount))) == (shown, all_digits)


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("0", "$0.00"),
        ("0.00000027", "$0.00000027"),
        ("0.0042", "$0.0042"),
        ("0.018", "$0.018"),
        ("0.5", "$0.50"),
        ("1", "$1.00"),
        ("1234.567", "$1,234.57"),
    ],
)
def test_what_one_request_costs_has_two_digits(amount: str, text: str) -> None:
    assert small_usd(Decimal(amount)) == text


def test_yuan_have_their_sign() -> None:
    assert (money(Decimal("0.5"), "CNY"), money(Decimal("0.5"), "USD")) == ("¥0.50", "$0.50")


@pytest.mark.parametrize(
    ("price", "text"), [("0.3", "0.30"), ("0.028", "0.028"), ("12", "12.00"), ("1.200", "1.20"), ("0", "0.00")]
)
def test_a_price_has_two_decimals_and_loses_no_digit(price: str, text: str) -> None:
    assert price_text(Decimal(price)) == text


@given(AMOUNTS)
def test_what_a_program_reads_and_what_a_price_shows_is_the_very_amount(amount: Decimal) -> None:
    assert parsed(exact(amount)) == parsed(price_text(amount)) == amount


@given(AMOUNTS)
def test_what_a_person_reads_is_never_off_by_more_than_its_last_digit(amount: Decimal) -> None:
    for shown in (usd(amount), small_usd(amount)):
        read = Decimal(shown.replace("$", "").replace(",", ""))
        assert abs(read - amount) <= Decimal(1).scaleb(int(read.as_tuple().exponent)) / 2


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("0.05", "0.05"),
        ("$0.05", "0.05"),
        ("0", "0"),
        ("1e-3", "0.001"),
        ("-1", None),
        ("", None),
        ("$", None),
        ("$$1", None),
        ("NaN", None),
        ("inf", None),
        ("five", None),
        ("1e999999", None),
        ("9" * 4_000, None),
        ("1_000", None),
        ("\uff15", None),
    ],
)
def test_what_a_person_types_is_read_exactly_or_not_at_all(text: str, amount: str | None) -> None:
    assert typed_usd(text) == (None if amount is None else Decimal(amount))
