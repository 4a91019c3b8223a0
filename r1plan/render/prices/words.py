"""The words for a price: what it is, what it is based on, when it changes, and why there is none."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from r1plan.money import price_text
from r1plan.prices.cost import CACHE_HIT_UNKNOWN
from r1plan.prices.schedule import START_NOT_VERIFIED
from r1plan.prices.usage import HIT_OVER_INPUT, THINKING_OVER_OUTPUT

if TYPE_CHECKING:
    from r1plan.catalog.price import Rates
    from r1plan.market.quote import Quote
    from r1plan.prices.schedule import EffectivePrice

# A price that nobody has looked at for longer may have changed: providers do so every few months.
OLD_DAYS = 60
_TIERS = {"off_peak": "off-peak", "peak": "peak", "standard": "standard hours"}
_FLAGS = {
    CACHE_HIT_UNKNOWN: "how much of the input was cached is unknown: all of it is billed as fresh",
    HIT_OVER_INPUT: "more cached than input tokens cannot be: all input is billed as fresh",
    THINKING_OVER_OUTPUT: "more thinking than output tokens cannot be: the output is not split",
}
_DECIDES = {"start": "beginning", "first_token": "first token", "completion": "end"}


def flag_text(flag: str) -> str:
    """What was unknown or impossible in the numbers, and how it was billed."""
    return _FLAGS.get(flag, flag)


def basis_text(price: EffectivePrice) -> str:
    """What is known of a price: since when, how sure, and what decides its hour."""
    start = f"in force since {instant(price.effective_from)}" if price.effective_from else START_NOT_VERIFIED
    until = f" until {instant(price.effective_until)}" if price.effective_until else ""
    checked = f"; checked {price.checked}" if price.checked else ""
    caveats = "".join(f"; {each}" for each in price.caveats if each != START_NOT_VERIFIED)
    decides = ""
    if price.tier != "flat":
        decides = f"; the {_DECIDES[price.tier_instant]} of a request decides its hour"
    return sentence(f"{start}{until}{checked}; confidence {price.confidence}{decides}{caveats}")


def absence_text(quote: Quote) -> str:
    """Why there is no price, as one sentence."""
    name = f"'{quote.model}'"
    since = "" if quote.since is None else f" since {instant(quote.since)}"
    if quote.absence == "ended":
        return f"{quote.provider_name} no longer serves {name}{f' (refused{since})' if since else ''}."
    if quote.absence == "not_yet":
        return f"{quote.provider_name} did not serve {name} before {instant(quote.since) if quote.since else 'then'}."
    kept = [f"{rate_text(each.rates)} {each.currency}" for each in quote.unverified_prices]
    more = f": {' or '.join(kept)} may have held, but its dates are not known well enough" if kept else ""
    return f"no price of {name} at {quote.provider_name} is known for {instant(quote.at)}{more}."


def absence_hint(quote: Quote, sellers: Sequence[str], launch: datetime | None = None) -> str:
    """What to do instead: the successor, and who sells R1.

    `launch` is when the successor begins to be offered, where it was not yet at the instant of the quote.
    """
    successor = quote.offer.successor if quote.offer else None
    then = f" from {instant(launch)} on" if launch else ""
    r1 = f"real R1 is sold by {', '.join(sellers)} (r1plan prices list --model r1)" if sellers else ""
    parts = [f"'{successor}' is its successor{then}" if successor else "", r1]
    return "; ".join(each for each in parts if each) or f"r1plan prices list --provider {quote.provider}"


def timing(quote: Quote) -> str:
    """The tier and when the price changes next: "off-peak until 01:00 UTC, then 0.30/0.006/1.20"; "" for a flat one."""
    price, change = quote.price, quote.change
    tier = _TIERS.get(price.tier, "") if price else ""
    if quote.until is not None and (change is None or quote.until <= change.at):
        return f"{tier} " * bool(tier) + f"offered until {_soon(quote.until, quote.at)}"
    if change is None:
        return tier
    then = rate_text(change.price.rates) if change.price else "no price is known"
    return f"{tier} until {_soon(change.at, quote.at)}, then {then}".strip()


def instant(at: datetime) -> str:
    """An instant in UTC to the minute, with seconds where it has any: "2026-07-24 15:59 UTC"."""
    at = at.astimezone(UTC)
    return f"{at:%Y-%m-%d %H:%M:%S UTC}" if at.second else f"{at:%Y-%m-%d %H:%M UTC}"


def rate_text(rates: Rates) -> str:
    """Fresh input, cached input and output in one word: "0.30/0.006/1.20"."""
    return f"{amount(rates.input_cache_miss)}/{amount(rates.input_cache_hit)}/{amount(rates.output)}"


def amount(price: Decimal | None) -> str:
    """A price of a million tokens with at least two decimals and no digit lost; "-" when none was published."""
    return "-" if price is None else price_text(price)


def days_unchecked(checked: date | None, at: datetime) -> int:
    """Whole days from the one on which somebody last looked at a price to `at`; 0 where that is not known, or later."""
    return 0 if checked is None else max((at.astimezone(UTC).date() - checked).days, 0)


def sentence(text: str) -> str:
    """`text` with a capital letter and a full stop; nothing of nothing."""
    return f"{text[:1].upper()}{text[1:]}." if text else ""


def _soon(at: datetime, now: datetime) -> str:
    """`at` as short as it stays clear: the hour within a day, else with its day; a midnight far off is a day."""
    at = at.astimezone(UTC)
    if timedelta(0) <= at - now < timedelta(days=1):
        return f"{at:%H:%M UTC}"
    if at - now < timedelta(days=7):
        return f"{at:%a %d %b %H:%M UTC}"
    return f"{at:%Y-%m-%d}" if not (at.hour or at.minute or at.second) else instant(at)
