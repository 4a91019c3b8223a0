"""What the sum of a day and model says where no single request does: missing, extra, another hit rate, broken off."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from decimal import Decimal

from r1plan.report.reconcile.remainder import Remainder
from r1plan.report.reconcile.result import Cause
from r1plan.report.reconcile.sides import Kind, Rated, TokenPrices

_ZERO = Decimal(0)


def explain_left_over(left: Remainder, logged_keys: Collection[str], counts_empty: bool) -> None:
    """Explain the tokens and requests that are left, all of them: none is left.

    `counts_empty`: the bill counts requests that have no tokens.
    """
    _hit_rate(left)
    requests = left.requests
    if requests is not None and counts_empty:
        requests -= left.cell.empty_requests
    left.requests = None if requests is None else 0
    if not left.tokens:
        rest = left.unexplained_usd
        if rest and not left.cell.has_tokens and (cause := _uncertain(left, rest, requests)) is not None:
            left.explain(cause, rest, requests=requests)
        elif rest > 0 and not left.cell.has_tokens and not left.cell.requests:
            left.explain("missing", rest, requests=requests, is_whole=True)
        elif requests:
            left.explain("requests", _ZERO, requests=requests)
        return
    whole = left.worth(left.tokens)
    if (cause := _uncertain(left, whole, requests)) is not None:
        left.explain(cause, whole, tokens=left.cell.by_kind(left.tokens), requests=requests)
        left.tokens.clear()
        return
    more = {rated: number for rated, number in left.tokens.items() if number > 0}
    less = {rated: number for rated, number in left.tokens.items() if number < 0}
    left.tokens.clear()
    if more:
        count = requests if not less or (requests or 0) > 0 else None
        is_whole = not less and not left.cell.logged
        key = _key(left, more, logged_keys)
        tokens = left.cell.by_kind(more)
        left.explain("missing", left.worth(more), tokens=tokens, requests=count, key=key, is_whole=is_whole)
    if less:
        count = requests if not more or (requests or 0) < 0 else None
        is_whole = not more and not left.cell.is_billed
        left.explain("extra", left.worth(less), tokens=left.cell.by_kind(less), requests=count, is_whole=is_whole)


def _uncertain(left: Remainder, usd: Decimal | None, requests: int | None) -> Cause | None:
    """What the log itself is not sure of, if that explains all that is left."""
    some = left.cell.requests
    broken = sum(each.broken for each in some)
    more = all(number > 0 for number in left.tokens.values())
    if more and broken and (requests is None or 0 <= requests <= broken):
        low = sum((each.broken_low_usd for each in some), _ZERO)
        if _is_within(usd, None if requests != broken else low, [each.broken_high_usd for each in some]):
            return "broken_off"
    if any(each.guessed for each in some) and not requests:
        low = sum((each.guessed_low_usd for each in some), _ZERO)
        if _is_within(usd, low, [each.guessed_high_usd for each in some]):
            return "estimated"
    return None


def _is_within(usd: Decimal | None, low: Decimal | None, highs: Collection[Decimal | None]) -> bool:
    """Whether an amount lies within the bounds that are known."""
    if usd is None:
        return True
    high = None if None in highs else sum((each for each in highs if each is not None), _ZERO)
    return (low is None or low <= usd) and (high is None or usd <= high)


def _hit_rate(left: Remainder) -> None:
    """Take out input that one side calls cached and the other fresh."""
    every: tuple[TokenPrices | None, ...] = left.rates if left.cell.is_priced else (None,)
    for rates in every:
        miss, hit = left.at("input_miss", rates), left.at("cache_hit", rates)
        if miss * hit >= 0:
            continue
        to_cached = min(abs(miss), abs(hit)) * (1 if hit > 0 else -1)
        moved: dict[Rated, int] = {
            left.rated("cache_hit", rates): to_cached,
            left.rated("input_miss", rates): -to_cached,
        }
        left.take("cache_hit", rates, to_cached)
        left.take("input_miss", rates, -to_cached)
        left.explain("hit_rate", left.worth(moved), tokens={"cache_hit": to_cached, "input_miss": -to_cached})


def _key(left: Remainder, tokens: Mapping[Rated, int], logged_keys: Collection[str]) -> str | None:
    """The key, or keys, of which the log knows nothing and whose figures are just what is missing."""
    unknown = {key: figures for key, figures in left.cell.by_key.items() if key not in logged_keys}
    missing = left.cell.by_kind(tokens)
    for key, figures in unknown.items():
        if _by_kind(figures) == missing:
            return key
    total: dict[Kind, int] = {}
    for figures in unknown.values():
        for kind, number in _by_kind(figures).items():
            total[kind] = total.get(kind, 0) + number
    return ", ".join(sorted(unknown)) if unknown and total == missing else None


def _by_kind(figures: Mapping[Rated | None, int]) -> dict[Kind, int]:
    found: dict[Kind, int] = {}
    for rated, number in figures.items():
        if rated is not None and number:
            found[rated[0]] = found.get(rated[0], 0) + number
    return found
