"""Prices for people: what is offered and when that changes, one price, one request's cost, a check of the files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from r1plan.money import money, usd
from r1plan.prices.schedule import LOW_CONFIDENCE, START_NOT_VERIFIED, TIER_INSTANT_NOT_VERIFIED
from r1plan.render.prices.words import (
    OLD_DAYS,
    amount,
    basis_text,
    days_unchecked,
    instant,
    rate_text,
    sentence,
    timing,
)
from r1plan.render.text.sanitize import printable
from r1plan.render.text.table import column_widths, table_row, table_width
from r1plan.render.text.units import count
from r1plan.render.text.width import cells, path_end
from r1plan.render.text.wrap import wrapped

if TYPE_CHECKING:
    from r1plan.catalog.prices.check import PriceCheck
    from r1plan.market.listing import Listing
    from r1plan.market.quote import Quote
    from r1plan.prices.book import EffectivePrice
    from r1plan.prices.cost import Cost
    from r1plan.prices.usage import Usage

_NAME_CELLS, _NOTE_CELLS = 30, 28  # what a name keeps, and a short note beside it
# Doubts about a row at any time: said where they matter, and by `prices show`.
_STANDING = (START_NOT_VERIFIED, TIER_INSTANT_NOT_VERIFIED, LOW_CONFIDENCE)
_SIDES = "<<<>>>"
_FAMILIES = {"r1": "R1", "distill": "distill"}


def list_lines(listings: Sequence[Listing], at: datetime, usage: Usage, width: int) -> Iterator[str]:
    """The list for a terminal of `width` columns: the answer, then a table, R1 first and the cheapest first."""
    for line in headlines(listings, usage):
        yield from wrapped(line, width)
    currencies = sorted({each.quote.price.currency for each in listings if each.quote.price})
    yield from wrapped(f"{' and '.join(currencies) or 'USD'} per million tokens at {instant(at)}:", width)
    yield ""
    yield from _table(listings, width)


def headlines(listings: Sequence[Listing], usage: Usage) -> Iterator[str]:
    """Who sells the cheapest full R1, and what is cheapest of all."""
    from r1plan.market.listing import cheapest

    tokens = f"{usage.input_tokens:,} tokens in and {usage.output_tokens:,} out"
    work = f" for 1,000 requests of {tokens}, more where a model thinks longer"
    in_usd = [each for each in listings if each.quote.price is None or each.quote.price.currency == "USD"]
    best, all_best = cheapest(in_usd, "r1"), cheapest(in_usd)
    if best:
        yield f"Real R1 is cheapest at {_places(best)}: {_thousand(best)}{work}."
    elif any(each.family == "r1" for each in listings):
        yield "Nobody is known to sell real R1 at a known price here; it was not verified that these still answer."
    if all_best and all_best != best:
        also = "Cheapest of all" if best else "Cheapest"
        yield f"{also} is {_places(all_best)}: {_thousand(all_best)}{'' if best else work}."


def _places(best: Sequence[Listing]) -> str:
    return " and ".join(f"{each.quote.provider_name} ({each.quote.model})" for each in best)


def _thousand(best: Sequence[Listing]) -> str:
    return usd(1000 * (best[0].usage_cost or Decimal(0)))


def _note(each: Listing) -> str:
    price = each.quote.price
    notes = [timing(each.quote) if price else "price not known"]
    if price and price.currency != "USD":
        notes.insert(0, price.currency)
    if not each.verified:
        notes.append("not verified")
    elif price and price.confidence == "low":
        notes.append(LOW_CONFIDENCE)
    notes += [caveat for caveat in (price.caveats if price else ()) if caveat not in _STANDING]
    if price and price.effective_from is None and price.checked and each.quote.at.date() < price.checked:
        notes.append(START_NOT_VERIFIED)
    if price and (days := days_unchecked(price.checked, each.quote.at)) > OLD_DAYS:
        notes.append(f"last checked {days} days ago")
    return "; ".join(note for note in notes if note)


def _generation(each: Listing) -> str:
    """Of one of R1's successors its number: "V4.1"."""
    return (each.descendant or "").partition("-")[0]


def _table(listings: Iterable[Listing], width: int) -> Iterator[str]:
    """A line for each listing; its note at the end of the line where all fit, else on a line of its own."""
    rows = [
        (
            _FAMILIES.get(each.family, "") or _generation(each),
            printable(each.quote.provider),
            printable(each.quote.model),
            *_prices(each.quote.price),
            printable(_note(each)),
        )
        for each in listings
    ]
    heads = ("", "provider", "model", "input", "cached", "output")
    widths = column_widths([heads, *(row[:6] for row in rows)])
    free = width - (table_width(widths) - widths[2])
    widths[2] = min(widths[2], free - _NOTE_CELLS if free - _NOTE_CELLS >= _NAME_CELLS else max(free, _NAME_CELLS))
    room = free - widths[2] - 2
    yield table_row(heads, widths, _SIDES)
    for kind, provider, model, *figures, note in rows:
        line = table_row([kind, provider, path_end(model, widths[2]), *figures], widths, _SIDES)
        if len(note) <= room:
            yield f"{line}  {note}".rstrip()
        else:
            yield line
            indent = " " * (widths[0] + widths[1] + 4)
            yield from wrapped(note, width, first=indent, later=indent, cut_words=True)
    if any(cells(row[2]) > widths[2] for row in rows):
        yield ""
        yield "The ids behind … are whole with --json."


def _prices(price: EffectivePrice | None) -> tuple[str, str, str]:
    if price is None:
        return "?", "?", "?"
    return amount(price.rates.input_cache_miss), amount(price.rates.input_cache_hit), amount(price.rates.output)


def show_lines(quote: Quote, price: EffectivePrice, width: int) -> Iterator[str]:
    """The price of `quote` with everything that is known about it."""
    rates = price.rates
    cached = amount(price.per_token.hit.scaleb(6))
    if rates.input_cache_hit is None:
        cached += " (none was published)"
    said = [
        f"{quote.model} at {quote.provider_name} costs {amount(rates.input_cache_miss)} fresh input, {cached} cached "
        f"input, {amount(rates.output)} output: {price.currency} per million tokens at {instant(quote.at)}.",
        sentence(timing(quote)),
        f"It serves {quote.served_model}." if quote.served_model else "",
        basis_text(price),
        f"Note: {price.note}" if price.note else "",
    ]
    for text in said:
        yield from wrapped(text, width)
    yield "Sources:"
    for source in price.sources:
        yield from wrapped(source, width, first="  ", later="    ")


def cost_lines(quote: Quote, price: EffectivePrice, cost: Cost, width: int) -> Iterator[str]:
    """What a request costs in one sentence, and at which price."""
    parts = [
        ("thinking", cost.thinking_usd, ""),
        ("answer", cost.answer_usd, ""),
        ("output", cost.thinking_unknown_usd, " (thinking and answer not told apart)"),
        ("fresh input", cost.input_miss_usd, ""),
        ("cached input", cost.cache_hit_usd, f" (the cache saves {money(cost.cache_saving_usd, price.currency)})"),
    ]
    split = ", ".join(f"{name} {money(each, price.currency)}{more}" for name, each, more in parts if each)
    yield from wrapped(
        f"{money(cost.total_usd, price.currency)} at {quote.provider_name} {quote.model}, {instant(quote.at)}"
        f"{': ' if split else ''}{split}.",
        width,
    )
    yield from wrapped(
        f"{price.currency} per million tokens: {rate_text(price.rates)}. {sentence(timing(quote))}".rstrip(), width
    )


def check_lines(check: PriceCheck) -> Iterator[str]:
    """The outcome of a check: one line to act on, then a line for each thing found, the errors first."""
    errors = sum(each.is_error for each in check.findings)
    notes = len(check.findings) - errors
    found = count(errors, "error") if errors else "No error"
    yield f"{found} and {count(notes, 'note')} in {count(check.files, 'file')} with {count(check.rows, 'price')}."
    for each in sorted(check.findings, key=lambda each: not each.is_error):
        where = each.label if each.line is None else f"{each.label}:{each.line}"
        yield printable(f"{'error' if each.is_error else 'note'}: {where}: {each.text}")
