"""A price, an amount and an instant are read exactly or refused, however they are written."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from r1plan.catalog.reading.fields import parse_instant, parse_price, parse_usd

PARSERS = pytest.mark.parametrize("parse", [parse_price, parse_usd])


@PARSERS
@pytest.mark.parametrize(
    "text",
    ["0", "0.55", "2.190", "0.000000000000000001", "999999999999999", "1e-7", "1.5E3", "+1", ".5", "1.", "1" * 15],
)
def test_an_amount_is_read_to_the_digit(parse: Callable[[object], Decimal], text: str) -> None:
    amount = parse(text)
    assert (amount, str(amount)) == (Decimal(text), str(Decimal(text)))


@PARSERS
@pytest.mark.parametrize(
    "text",
    [
        "1e999999",
        "1e-999999",
        "0e999999",
        "1e99",
        "1e-99",
        "1" * 16,
        "0." + "0" * 18 + "1",
        "9" * 4_000,
        "0." + "9" * 4_000,
        "1e" + "9" * 4_000,
        "Infinity",
        "-inf",
        "nan",
        "sNaN",
        "NaN123",
        "1_000",
        " 1",
        "1\n",
        "\u0661",
        "\uff11",
        "1,5",
        "0x10",
        "",
        ".",
        "e5",
        "--1",
    ],
    ids=lambda text: ascii(text[:12]),
)
def test_an_amount_beyond_measure_or_in_another_notation_is_refused(
    parse: Callable[[object], Decimal], text: str
) -> None:
    with pytest.raises(ValueError, match=r"expected an? (price|amount)"):
        parse(text)


@PARSERS
@pytest.mark.parametrize("value", ["-1", "-0.01", 0.55, float("inf"), float("nan"), True, None, [], {}, ["1"]])
def test_what_is_no_amount_is_refused(parse: Callable[[object], Decimal], value: object) -> None:
    with pytest.raises(ValueError, match=r"expected an?"):
        parse(value)


@PARSERS
@given(st.text(st.sampled_from("0123456789.eE+-_ naif"), max_size=60) | st.text(max_size=60))
def test_any_text_is_a_bounded_amount_or_refused(parse: Callable[[object], Decimal], text: str) -> None:
    try:
        amount = parse(text)
    except ValueError:
        return
    assert amount == 0 or Decimal("1e-18") <= amount < Decimal("1e15")
    assert len(format(amount, "f")) <= 15 + 1 + 18


@pytest.mark.parametrize(
    ("value", "fits"), [(0, True), (10, True), (10**15 - 1, True), (10**15, False), (-1, False), (10**4_000, False)]
)
def test_a_whole_number_is_an_amount_of_dollars_up_to_15_digits(value: int, fits: bool) -> None:
    if fits:
        assert parse_usd(value) == value
    else:
        with pytest.raises(ValueError, match=r"."):
            parse_usd(value)


@pytest.mark.parametrize(
    "text", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "2025-02-30", "2025-01-20T16:30:00", "now", ""]
)
def test_an_instant_that_has_no_place_in_utc_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected an instant"):
        parse_instant(text)


def test_an_instant_is_read_in_utc() -> None:
    assert parse_instant("2025-02-27T00:30:00+08:00") == datetime(2025, 2, 26, 16, 30, tzinfo=UTC)
    assert parse_instant("2025-02-26") == datetime(2025, 2, 26, tzinfo=UTC)
