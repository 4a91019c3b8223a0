"""Shared wording and units: the one place where figures are rounded for a person. Small functions, one a kind."""

from __future__ import annotations

from decimal import Decimal
from math import floor, log10

from r1plan.money import money
from r1plan.units import GIB, MIB

# Up to how many seconds a unit is used, and how many it has.
_UNITS = ((59.5, 1, "second"), (99.5 * 60, 60, "minute"), (47.5 * 3600, 3600, "hour"))
_SHORT = {"second": "s", "minute": "min", "hour": "h", "day": "d"}


def gib(size: int) -> str:
    """Bytes as binary gigabytes with one decimal, without the unit: "23.1"."""
    return f"{size / GIB:,.1f}"


def plain(number: float, digits: int = 3) -> str:
    """A number to so many digits, more where it is whole, and never with an exponent: "1,234", "10.9", "0.0034"."""
    if not number:
        return "0"
    text = f"{number:,.{max(digits - 1 - floor(log10(abs(number))), 0)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def rate(tok_s: float) -> str:
    """A speed in as many digits as it is known to: "0.72", "4.9", "40", "2,195"."""
    return f"{tok_s:,.{0 if tok_s >= 9.95 else 1 if tok_s >= 0.995 else 2}f}"


def span(low: Decimal | None, high: Decimal | None, currency: str) -> str:
    """Two bounds: "$0.02 to $0.24"; one figure where they are equal."""
    if low is None and high is None:
        return "an amount that is not known"
    known = "an unknown amount" if low is None else money(low, currency)
    return known if low == high else f"{known} to {'an unknown amount' if high is None else money(high, currency)}"


def count(number: int, thing: str) -> str:
    """A number of things, in the plural but for one: "1 core", "16 cores"."""
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"


def percent(part: Decimal | int, whole: Decimal | int) -> str:
    """A share in whole per cent: "65 %". Nothing of nothing is 0 %."""
    return f"{Decimal(part) / Decimal(whole) * 100 if whole else Decimal(0):.0f} %"


def tokens(number: int) -> str:
    """A number of tokens to three digits: "950", "12.3k", "4.56M"."""
    for size, unit in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if number >= size:
            value = number / size
            return f"{value:.{0 if value >= 100 else 1 if value >= 10 else 2}f}{unit}"
    return str(number)


def memory_size(size: int) -> str:
    """Bytes of memory with their unit, in MiB below one GiB: "310 MiB", "1.4 GiB"."""
    return f"{size / MIB:,.0f} MiB" if size < GIB else f"{gib(size)} GiB"


def duration(seconds: float) -> str:
    """A time to wait, in the unit that says it shortest: "45 seconds", "2.3 minutes", "1.4 hours", "12 days"."""
    number, unit = _in_unit(seconds)
    return f"{number} {unit}" if number == "1" else f"{number} {unit}s"


def short_duration(seconds: float) -> str:
    """The same for a cell of a table: "45 s", "2.3 min", "1.4 h", "12 d"."""
    number, unit = _in_unit(seconds)
    return f"{number} {_SHORT[unit]}"


def _in_unit(seconds: float) -> tuple[str, str]:
    size, unit = next(((size, unit) for most, size, unit in _UNITS if seconds < most), (86_400, "day"))
    number = max(seconds, 0.1) / size
    tenths = f"{number:.1f}"
    if number >= 9.95 or tenths.endswith(".0") or (unit == "second" and number >= 0.95):
        return f"{number:,.0f}", unit
    return tenths, unit


def card_name(name: str) -> str:
    """A graphics card's name as people say it, without its maker: "RTX 4090"."""
    for maker in ("NVIDIA ", "GeForce ", "AMD ", "Apple "):
        name = name.removeprefix(maker)
    return name


def parameters(number: int) -> str:
    """A model's size as its name says it: "671B", "1.8B", "7M"."""
    if number < 10**9:
        return f"{number / 10**6:.0f}M"
    return f"{number / 10**9:.{0 if number >= 10**11 else 1}f}B"
