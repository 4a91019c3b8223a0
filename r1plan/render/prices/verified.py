"""What providers publish of their prices, held against the price book: for people and for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from r1plan.money import exact
from r1plan.render.prices.words import amount, instant, rate_text
from r1plan.render.text.sanitize import printable
from r1plan.render.text.table import column_widths, table_row, table_width
from r1plan.render.text.units import count
from r1plan.render.text.width import path_end
from r1plan.render.text.wrap import wrapped

if TYPE_CHECKING:
    from r1plan.market.published import PriceDifference, PublishedRates
    from r1plan.market.verification import AskedProvider

SCHEMA = "r1plan.price_verification/1"
_LEAST_MODEL = 24
_SIDES = "<<>>"


def verified_lines(asked: Sequence[AskedProvider], width: int, *, wrote: bool) -> Iterator[str]:
    """The outcome in one sentence, each difference as a row, and what was not asked or written."""
    answered = [each for each in asked if each.error is None]
    known = sum(len(each.found) for each in answered)
    differing = [difference for each in answered for difference in each.differing]
    names = _listed([each.name for each in answered])
    if answered:
        at = instant(answered[0].at)
        gone = sum(len(each.gone) for each in answered)
        other = len(differing) - gone
        if differing:
            publish = f"what {names} publish{'es' * (len(answered) == 1)}"
            differ = f"{count(other, 'price')} of {known} {'differs' if other == 1 else 'differ'} from {publish}"
            unlisted = f"{gone} {'is' if gone == 1 else 'are'} no longer listed"
            said = f"Of {count(known, 'price')} here {unlisted} by {names}"
            if other:
                said = f"{differ}, and {unlisted}" if gone else differ
            yield from wrapped(f"{said}, {at}.", width)
        elif known:
            yield from wrapped(f"All {count(known, 'price')} here are as {names} told them at {at}.", width)
        else:
            yield from wrapped(f"{names} listed no model that r1plan has a price of, {at}.", width)
    else:
        yield "No price was verified: nobody could be asked."
    if differing:
        yield ""
        yield "USD per million tokens: fresh input/cached/output"
        yield from _table(differing, width)
    for each in asked:
        if each.file is not None:
            rows = count(len(each.written), "row")
            yield from wrapped(
                f"Wrote {rows} to {printable(str(each.file))}: {', '.join(each.written)}.", width, cut_words=True
            )
        if each.error is not None:
            yield from wrapped(f"Not verified, {each.name}: {printable(each.error.message)}", width)
            if each.error.hint:
                yield from wrapped(printable(each.error.hint), width, first="  ", later="  ", cut_words=True)
    if not wrote and any(_has_row(each) for each in differing):
        yield from wrapped("--write adds them to your own price files as rows that hold from now on.", width)
    tiers = sorted({each.model for each in differing if each.has_tiers})
    if tiers:
        yield from wrapped(
            f"Not written: {', '.join(tiers)}, whose price here depends on the hour or the length; look at its page.",
            width,
        )


def verified_document(asked: Sequence[AskedProvider]) -> dict[str, object]:
    """The same for programs: every model that we know, also where it agrees."""
    return {
        "schema": SCHEMA,
        "at": asked[0].at.isoformat() if asked else None,
        "providers": [
            {
                "provider": each.provider,
                "url": each.url,
                "models_listed": each.listed,
                "error": each.error.message if each.error else None,
                "prices": [_fields(difference) for difference in each.found],
                "written": list(each.written),
                "file": str(each.file) if each.file else None,
            }
            for each in asked
        ],
    }


def _fields(each: PriceDifference) -> dict[str, object]:
    ours = each.ours.rates if each.ours else None
    published = each.published
    return {
        "model": each.model,
        "outcome": each.outcome,
        "ours": {
            "input_cache_miss_usd_per_mtok": exact(ours.input_cache_miss),
            "input_cache_hit_usd_per_mtok": None if ours.input_cache_hit is None else exact(ours.input_cache_hit),
            "output_usd_per_mtok": exact(ours.output),
            "checked": each.checked,
            "price_id": each.ours.id if each.ours else None,
        }
        if ours
        else None,
        "published": {
            "input_cache_miss_usd_per_mtok": exact(published.input),
            "input_cache_hit_usd_per_mtok": None if published.cache_hit is None else exact(published.cache_hit),
            "output_usd_per_mtok": exact(published.output),
        }
        if published
        else None,
        "depends_on_hour_or_length": each.has_tiers,
    }


def _has_row(each: PriceDifference) -> bool:
    return each.outcome in ("changed", "new") and not each.has_tiers


def _table(found: Sequence[PriceDifference], width: int) -> Iterator[str]:
    """Fresh input, cached input and output in USD per million tokens, as in our book and as published; then a note."""
    rows = [
        (
            printable(each.provider),
            printable(each.model),
            rate_text(each.ours.rates) if each.ours else "-",
            _published(each.published),
        )
        for each in found
    ]
    heads = ("provider", "model", "here", "published")
    widths = column_widths([heads, *rows])
    widths[1] = max(widths[1] + min(width - table_width(widths), 0), _LEAST_MODEL)
    yield table_row(heads, widths, _SIDES)
    for row, each in zip(rows, found, strict=True):
        line = table_row([row[0], path_end(row[1], widths[1]), *row[2:]], widths, _SIDES)
        note = _note(each)
        if len(line) + 2 + len(note) <= width:
            yield f"{line}  {note}"
        else:
            yield line
            yield from wrapped(note, width, first=" " * (widths[0] + 2), later=" " * (widths[0] + 2))
    yield ""


def _note(each: PriceDifference) -> str:
    match each.outcome:
        case "changed":
            return f"changed since {each.checked}" if each.checked else "changed"
        case "gone":
            return f"no longer listed; last checked {each.checked}" if each.checked else "no longer listed"
        case "new":
            return "had no price here"
        case "unreadable":
            return "no amount published"
        case "same":
            return ""


def _published(rates: PublishedRates | None) -> str:
    if rates is None:
        return "-"
    return f"{amount(rates.input)}/{amount(rates.cache_hit)}/{amount(rates.output)}"


def _listed(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)
