"""Money as text for people and programs, and read from text: the one place for both. Pure."""

from __future__ import annotations

import re
from decimal import Decimal

_CENT = Decimal("0.01")
_CENTS_BELOW = Decimal(1000)
# Twice what any price or amount needs: more is a mistake or an attack, and arithmetic on it would not end.
_AMOUNT = re.compile(r"[-+]?([0-9]{1,15}(\.[0-9]{0,18})?|\.[0-9]{1,18})([eE][-+]?[0-9]{1,2})?")
_MOST_DIGITS_BEFORE, _MOST_DIGITS_BEHIND = 15, 18


def usd(amount: Decimal) -> str:
    """A sum to the cent, a tiny one to two digits: "$1,234.56", "$0.0034"."""
    return _dollars(amount, _CENT)


def small_usd(amount: Decimal) -> str:
    """What one request costs or may cost, to two digits below a dollar: "$1.23", "$0.018", "$0.00034"."""
    return _dollars(amount, Decimal(1))


def month_usd(amount: Decimal) -> str:
    """A month's bill, in cents below a thousand dollars: "$12.40", "$1,234", "-$16.29"."""
    text = usd(abs(amount)) if abs(amount) < _CENTS_BELOW else f"${abs(amount):,.0f}"
    return f"-{text}" if amount < 0 else text


def money(amount: Decimal, currency: str) -> str:
    """A sum in its currency: "$0.0034", "¥12.00"."""
    return usd(amount).replace("$", "¥" if currency == "CNY" else "$", 1)


def exact(amount: Decimal) -> str:
    """An amount for a program: every digit, no exponent, no zeros at the end."""
    text = format(amount, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def price_text(price: Decimal) -> str:
    """A published price with at least two decimals and no digit lost: "0.30", "0.028"."""
    whole, _, decimals = exact(price).partition(".")
    return f"{whole}.{decimals:0<2}"


def parsed(text: str) -> Decimal | None:
    """The number that `text` says, exactly as written; None where it says none, or more digits than money has."""
    if not _AMOUNT.fullmatch(text):
        return None
    amount = Decimal(text)
    exponent = amount.as_tuple().exponent
    fits = isinstance(exponent, int) and exponent >= -_MOST_DIGITS_BEHIND and amount.adjusted() < _MOST_DIGITS_BEFORE
    return amount if fits else None


def typed_usd(text: str) -> Decimal | None:
    """The dollars that a person typed, with or without their sign; None where it is no amount of 0 or more."""
    amount = parsed(text.removeprefix("$"))
    return None if amount is None or amount < 0 else amount


def _dollars(amount: Decimal, cents_from: Decimal) -> str:
    """An amount with cents from `cents_from` on, and to two digits below it."""
    digits = 2 if not amount or abs(amount) >= cents_from else 1 - amount.adjusted()
    return f"${amount:,.{digits}f}"
