"""Where each figure of a report comes from, said: its rows, its counts, its prices, and how it was reckoned."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from r1plan.money import exact, money
from r1plan.render.text.sanitize import one_line
from r1plan.render.text.units import count, tokens
from r1plan.report.explain.explanation import COUNTED_FIELDS, CostBasis, Explanation, PriceUse
from r1plan.report.spend import SpendReport

_FIELDS: Mapping[str, str] = {
    "input_tokens": "input",
    "cache_hit_tokens": "cached input",
    "output_tokens": "output",
    "thinking_tokens": "thinking",
}
_WHO: Mapping[str, str] = {
    "reported": "reported by the provider",
    "counted": "counted by the program that asked",
    "estimated": "estimated",
    "unsaid": "as logged",
    "unknown": "not known",
}
_BASES: Mapping[CostBasis, str] = {
    "priced": "at the prices below",
    "billed": "as the provider bills them",
    "electricity": "answered here, by their electricity",
    "free": "that used nothing",
}
_LEFT_OUT: Mapping[CostBasis, str] = {
    "uncertain": "of which only bounds are known",
    "unpriced": "of which no price is known",
}
_MILLION = 1_000_000
_INSTANTS: Mapping[str, str] = {"start": "its start", "first_token": "its first token", "completion": "its end"}


def explain_notes(report: SpendReport) -> Iterator[str]:
    """Every figure that is printed, and what it is made of; nothing where nobody asked."""
    explained = report.explanation
    if explained is None:
        return
    yield _rows(report, explained)
    for name in COUNTED_FIELDS:
        yield f"{_FIELDS[name]}: {_counted(explained.counted.get(name, {}))}."
    yield from _cost(report, explained)
    for use in explained.prices:
        yield price_text(use, report.currency)
    yield from _reckoned(report)


def _rows(report: SpendReport, explained: Explanation) -> str:
    by = ", ".join(f"{number:,} logged by {one_line(source)}" for source, number in explained.sources.items())
    held = f"{count(explained.files, 'file')} with {count(explained.usable_rows, 'usable row')}"
    return f"requests: {report.totals.requests:,} of the period, from {held}, each counted once: {by}."


def _counted(who: Mapping[str, int]) -> str:
    return ", ".join(f"{number:,} {_WHO.get(each, one_line(each))}" for each, number in who.items()) or "none"


def _cost(report: SpendReport, explained: Explanation) -> Iterator[str]:
    totals = report.totals
    cost = "not known" if totals.cost_usd is None else money(totals.cost_usd, report.currency)
    by_basis = {each.basis: each for each in explained.parts}
    parts = [
        f"{each.requests:,} {how}" + (f" ({money(each.cost_usd, report.currency)})" if each.cost_usd else "")
        for basis, how in _BASES.items()
        if (each := by_basis.get(basis)) is not None
    ]
    out = [f"{by_basis[basis].requests:,} {how}" for basis, how in _LEFT_OUT.items() if basis in by_basis]
    without = f"; not in it are {' and '.join(out)}" if out else ""
    yield f"cost: {cost}, of requests: {', '.join(parts) or 'none'}{without}. Each counts where it ended, unrounded."
    yield (
        "thinking, answers: their tokens at the price of output, and what cannot be split where nobody says how much "
        "of it was thinking. Fresh input: all but the cached, at its price."
    )
    if totals.cache_saving_usd:
        unknown = totals.cache_saving_unknown_rows
        least = f"; of {count(unknown, 'row')} it is not known" if unknown else ""
        yield (
            f"saved by the cache: {money(totals.cache_saving_usd, report.currency)} is what the cached tokens, "
            f"{tokens(totals.cache_hit_tokens)} in all, would have cost more as fresh ones{least}."
        )


def price_text(use: PriceUse, currency: str) -> str:
    """A price with what it was used for, since when it holds and from where it is known."""
    price, rates = use.price, use.price.per_token
    sign = "¥" if currency == "CNY" else "$"
    fresh, hit, output = (f"{sign}{exact(rate * _MILLION)}" for rate in (rates.miss, rates.hit, rates.output))
    until = "" if price.effective_until is None else f" until {_instant(price.effective_until)}"
    since = "from a day that is not known" if price.effective_from is None else f"from {_instant(price.effective_from)}"
    hours = f", at {' and '.join(use.hours_utc)} UTC" if use.hours_utc else ""
    more = f" and {len(price.sources) - 1} more" if len(price.sources) > 1 else ""
    known = f"; {price.sources[0]}{more}" if price.sources else ""
    checked = "" if price.checked is None else f", checked {price.checked:%Y-%m-%d}"
    return one_line(
        f"price {price.id} ({price.tier.replace('_', '-')}{hours}): {count(use.requests, 'request')} to "
        f"{price.provider} {price.model}, {money(use.cost_usd, currency)}; a million tokens {fresh} fresh, "
        f"{hit} cached, {output} out, {since}{until}, by the instant of "
        f"{_INSTANTS[price.tier_instant]}{known}{checked}."
    )


def _reckoned(report: SpendReport) -> Iterator[str]:
    totals = report.totals
    if totals.uncertain_requests:
        yield (
            "uncertain: the bounds are those of the rows, or the cheapest and the dearest price of the time that a sum "
            "is of."
        )
    if totals.estimated_requests:
        yield "estimated: their tokens were guessed from the length of texts; the bounds are those of the rows."
    if report.pace is not None and report.pace.expected_usd is not None:
        yield (
            "pace: what was spent over the time that has passed, times the time to come; the interval by how much days "
            "differ."
        )
    if report.budget is not None:
        yield "budget: used is the cost and the least of what is uncertain; at most, the cost and the most of it."
    if report.what_if:
        yield (
            "what if: the tokens of each request that can be there, at the price of its own moment or of --as-of, "
            "with what is assumed below it."
        )
    if report.reconcile:
        yield (
            "bill: its figures by day, model and kind of tokens beside the log's; each difference is told by its "
            "cause, and they add up to the whole."
        )
    if report.findings:
        yield "findings: measured ones are sums of rows; estimated ones assume what their sentence says."


def _instant(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
