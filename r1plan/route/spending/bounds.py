"""What a request may be billed at least and at most, from what is certain of it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from r1plan.engine.chat import ChatRequest
from r1plan.engine.tokens import MARKS, has_passed, least_tokens, most_tokens
from r1plan.engine.tokens import longest_input_tokens as longest_input_tokens
from r1plan.prices.book import EffectivePrice
from r1plan.prices.cost import EXACT
from r1plan.prices.usage import Usage


@dataclass(frozen=True, slots=True)
class Bounds:
    """USD. None: there is no such bound, because a price or the longest answer is not known."""

    low_usd: Decimal | None
    high_usd: Decimal | None


UNKNOWN = Bounds(None, None)
NOTHING = Bounds(Decimal(0), Decimal(0))


def begun(request: ChatRequest, prices: Sequence[EffectivePrice]) -> Bounds:
    """For a request that has only been sent: nothing was billed yet, or all that it can ever cost.

    `prices` are those that may be in force until it ends; the dearest counts.
    """
    if not prices:
        return UNKNOWN
    return Bounds(Decimal(0), _within(request, None, prices, 0, lambda price: _longest(request, (), price)).high_usd)


def broken_off(
    request: ChatRequest, received: Sequence[str], usage: Usage | None, prices: Sequence[EffectivePrice]
) -> Bounds:
    """For an answer that broke off, of which the pieces `received` came (thinking, answer).

    At least the words that came were written, from a prompt that was all cached: no tokenizer in use joins two words in
    one token. At most the server wrote on to its limit, unheard. `usage` counts only where the server reported it.
    """
    if not prices:
        return UNKNOWN
    return _unknown_output(request, received, usage, prices, goes_on=True)


def ended(
    request: ChatRequest, received: Sequence[str], usage: Usage | None, prices: Sequence[EffectivePrice]
) -> Bounds:
    """For an answer that came to its end, of which the server did not report all that it bills, or contradicts itself.

    As for one that broke off, but a reported output is all that was written. At most there is thinking that the server
    kept to itself.
    """
    if not prices:
        return UNKNOWN
    written = _range(usage, "output_tokens") if is_reported(usage, "output_tokens") else None
    if written is None:
        return _unknown_output(request, received, usage, prices, goes_on=False)
    least, most = written
    return _within(request, usage, prices, least, lambda _price: most)


def is_reported(usage: Usage | None, field: str) -> bool:
    """Whether somebody counted a number of `usage`."""
    return usage is not None and usage.provenance.get(field) not in (None, "estimated")


def input_range(request: ChatRequest, usage: Usage | None) -> tuple[int, int]:
    """The least and the most tokens that the prompt may have, by what the server reported or by its length."""
    if is_reported(usage, "input_tokens"):
        return _range(usage, "input_tokens") or (0, 0)
    _, most = (usage.ranges.get("input_tokens") if usage else None) or (0, 0)
    return 0, max(longest_input_tokens(request), most)


def _range(usage: Usage | None, field: str) -> tuple[int, int] | None:
    """What the server leaves open of a number that it reported; None where it said nothing of it."""
    if usage is None:
        return None
    reported: int = getattr(usage, field)
    return usage.ranges.get(field) or ((reported, reported) if is_reported(usage, field) else None)


def _unknown_output(
    request: ChatRequest,
    received: Sequence[str],
    usage: Usage | None,
    prices: Sequence[EffectivePrice],
    *,
    goes_on: bool,
) -> Bounds:
    """From the words that came to the limits; `goes_on`: more may have been written than the server had told."""
    least, most = _range(usage, "output_tokens") or (0, 0)

    def longest(price: EffectivePrice) -> int | None:
        tokens = _longest(request, received, price, most if goes_on else 0)
        return None if tokens is None else max(tokens, most)

    return _within(request, usage, prices, max(least_tokens(received), least), longest)


def _longest(request: ChatRequest, received: Sequence[str], price: EffectivePrice, told: int = 0) -> int | None:
    """As many tokens as the limits allow; None without a limit.

    A limit that the text has passed, or the number that the server told, is none that it keeps.
    """
    known = [limit for limit in (request.max_tokens, price.max_output_tokens) if limit is not None]
    kept = [limit for limit in known if limit >= told and not has_passed(limit, received)]
    if kept:
        return min(kept)
    # Longer than the model can write: its own limit is not known rightly, and the text is.
    return None if price.max_output_tokens is None else most_tokens(received) + MARKS


def _within(
    request: ChatRequest,
    usage: Usage | None,
    prices: Sequence[EffectivePrice],
    least: int,
    most: Callable[[EffectivePrice], int | None],
) -> Bounds:
    """The bounds for an output between `least` and what `most` gives for a price, at any of `prices`.

    A server may write more than it was asked for: the upper bound is never below the lower.
    """
    reads = input_range(request, usage)
    lows, highs = [], []
    for price in prices:
        low_usd, high_usd = _input_usd(usage, reads, price)
        lows.append(EXACT.add(low_usd, EXACT.multiply(price.per_token.output, least)))
        longest = most(price)
        if longest is not None:
            highs.append(EXACT.add(high_usd, EXACT.multiply(price.per_token.output, longest)))
    low = min(lows)
    return Bounds(low, max(low, *highs) if len(highs) == len(prices) else None)


def _input_usd(usage: Usage | None, reads: tuple[int, int], price: EffectivePrice) -> tuple[Decimal, Decimal]:
    """The input's least and most: all of it cached, or none, where the server did not tell the cached part."""
    least, most = reads
    per_token = price.per_token
    hit = usage.cache_hit_tokens if usage is not None and least == most else None
    if hit is None:
        return EXACT.multiply(min(per_token.hit, per_token.miss), least), EXACT.multiply(per_token.miss, most)
    told = EXACT.add(EXACT.multiply(per_token.miss, most - hit), EXACT.multiply(per_token.hit, hit))
    return told, told
