"""Sizes, rates, times, dollars and numbers of tokens as people write them: `24GB`, `1.8 TB/s`, `500ms`, `$2.50`, `32k`.

Memory is sold in powers of two, so GB, G and GiB all mean GiB here, T 1,024 of them and M the 1,024th part. Bandwidth
is sold in powers of ten. The k of tokens is 1,000, but 1,024 where the usual sizes of a context are written so: a power
of two and 160 (8k, 32k, 64k, 128k, 160k), for options that say how long a context is.
"""

from __future__ import annotations

import re
from typing import Literal

from r1plan.errors import UsageError

_AMOUNT = r"(?P<amount>[0-9]{1,15}(?:\.[0-9]{0,15})?|\.[0-9]{1,15})\s*"
_SIZE = re.compile(rf"{_AMOUNT}(?P<unit>[mgt])(?:i?b)?", re.IGNORECASE)
# "Gb/s" and "Gbit/s" are bits, an eighth; "gb/s" is what people write for either, and is taken as bytes.
_RATE = re.compile(rf"{_AMOUNT}(?P<unit>[MmGgTt])(?:i?B(?:/s(?:ec)?|ps)?|b/s|/s)?")
_TOKENS = re.compile(rf"{_AMOUNT}(?P<unit>[km]?)\s*(?:tok(?:en)?s?)?", re.IGNORECASE)
_SECONDS = re.compile(rf"{_AMOUNT}(?P<unit>ms|s|sec(?:ond)?s?|m|min(?:ute)?s?|h|hours?)", re.IGNORECASE)
_DOLLARS = re.compile(
    r"(?P<sign>\$)?\s*(?P<amount>[0-9]{1,15}(?:\.[0-9]{0,15})?|\.[0-9]{1,15})\s*(?P<unit>USD)?", re.IGNORECASE
)
_MONEY = r"(?:cny|rmb|eur|gbp|jpy|inr|chf|krw|cad|aud|sgd|hkd|brl|euros?|yuan|pounds?|yen|[A-Z]{0,2}[€£¥₹₩])"
_OTHER_MONEY = re.compile(rf"{_MONEY}\s*[\d.,]+|[\d.,]+\s*{_MONEY}", re.IGNORECASE)
_NUMBER = re.compile(rf"{_AMOUNT}(?P<unit>[km])", re.IGNORECASE)
_GIB = {"m": 1 / 1024, "g": 1.0, "t": 1024.0}
_GB_S = {"m": 1 / 1000, "g": 1.0, "t": 1000.0}
_CONTEXTS_IN_K = frozenset({1, 2, 4, 8, 16, 32, 64, 128, 160, 256, 512})
_MOST_TOKENS = 10**15


Unit = Literal["size", "rate", "context", "tokens", "seconds", "minutes", "dollars", "thousands"]
"""What there is a number of: GiB, GB/s, tokens that a context is long, other tokens, time, money, anything else."""


class Typed(float):
    """A number that was typed with a unit, as `text`."""

    text: str

    def __new__(cls, number: float, text: str) -> Typed:
        """The number, with what was typed."""
        typed = super().__new__(cls, number)
        typed.text = text.strip()
        return typed


def in_next_unit(text: str, *, larger: bool) -> str | None:
    """`text`, a size or rate, in the next larger or smaller unit; None where there is none.

    >>> in_next_unit("64MB", larger=True)
    '64GB'
    """
    found = re.search(r"[mgt]", text, re.IGNORECASE)
    place = -1 if found is None else "mgt".index(found[0].lower()) + (1 if larger else -1)
    if found is None or not 0 <= place < 3:
        return None
    unit = "mgt"[place]
    return text[: found.start()] + (unit.upper() if found[0].isupper() else unit) + text[found.end() :]


def number_with_unit(text: str, unit: Unit) -> float | None:
    """The number that `text` says with a unit of that kind, None when it says none."""
    match unit:
        case "size":
            return size_gib(text)
        case "rate":
            return rate_gb_s(text)
        case "seconds":
            return seconds(text)
        case "minutes":
            return None if (found := seconds(text)) is None else found / 60
        case "dollars":
            return found if (found := dollars(text)) is not None else thousands(text)
        case "thousands":
            return thousands(text)
        case "context" | "tokens":
            return token_number(text, of_context=unit == "context")


def size_gib(text: str) -> float | None:
    """The GiB that `text` says with a unit, None when it says none."""
    found = _SIZE.fullmatch(text.strip())
    return None if found is None else float(found["amount"]) * _GIB[found["unit"].lower()]


def rate_gb_s(text: str) -> float | None:
    """The GB/s that `text` says with a unit, None when it says none."""
    text = text.strip()
    if re.search(r"[MGT]b/s", text):  # bits
        return None
    found = _RATE.fullmatch(text.replace("GB/S", "GB/s").replace("TB/S", "TB/s").replace("gb/S", "gb/s"))
    return None if found is None else round(float(found["amount"]) * _GB_S[found["unit"].lower()], 9)


def token_number(text: str, *, of_context: bool) -> int | None:
    """The tokens that `text` says with a unit, None when it says none or no whole number of them."""
    found = _TOKENS.fullmatch(text.strip())
    if found is None or (not found["unit"] and "." in found["amount"]):
        return None
    amount, unit = float(found["amount"]), found["unit"].lower()
    k = 1024 if of_context and amount in _CONTEXTS_IN_K else 1000
    tokens = amount * {"": 1, "k": k, "m": k * k}[unit]
    return round(tokens) if abs(tokens - round(tokens)) < 1e-6 and tokens < _MOST_TOKENS else None


def seconds(text: str) -> float | None:
    """The seconds that `text` says with a unit, "500ms" or "2 min", None when it says none."""
    found = _SECONDS.fullmatch(text.strip())
    if found is None:
        return None
    unit = found["unit"].lower()
    amount = float(found["amount"])
    return amount / 1000 if unit == "ms" else amount * {"s": 1, "m": 60, "h": 3600}[unit[0]]


def dollars(text: str) -> float | None:
    """The dollars that `text` says with their sign or name, "$2.50" or "2.50 USD", None when it says none."""
    found = _DOLLARS.fullmatch(text.strip())
    return None if found is None or not (found["sign"] or found["unit"]) else float(found["amount"])


def refuse_other_money(option: str, text: str) -> None:
    """Raise UsageError where `text`, which says no dollars, is an amount of other money."""
    if _OTHER_MONEY.fullmatch(text.strip()):
        raise UsageError(
            f"{option} {text.strip()}: prices of a machine are in US dollars.",
            f"nothing is converted here: say it in dollars, such as {option} 2.50",
        )


def thousands(text: str) -> float | None:
    """The number that `text` says in thousands or millions, "10k" or "1.5M", None when it says none."""
    found = _NUMBER.fullmatch(text.strip())
    return None if found is None else float(found["amount"]) * {"k": 1e3, "m": 1e6}[found["unit"].lower()]
