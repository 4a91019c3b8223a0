"""All sellers side by side, for people: the answer, what was asked, and a table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from r1plan.catalog.provider import descendant_of, model_key
from r1plan.money import money
from r1plan.plan.quality import BENCHMARK, published_scores
from r1plan.prices.schedule import LOW_CONFIDENCE, START_NOT_VERIFIED, TIER_INSTANT_NOT_VERIFIED
from r1plan.render.prices.asked_words import asked_text
from r1plan.render.prices.words import instant
from r1plan.render.text.sanitize import printable
from r1plan.render.text.table import column_widths, table_row, table_width
from r1plan.render.text.width import path_end
from r1plan.render.text.wrap import wrapped

if TYPE_CHECKING:
    from datetime import datetime

    from r1plan.catalog.model import Model
    from r1plan.catalog.served_scores import ServedScores
    from r1plan.market.overrun import Overrun
    from r1plan.market.sellers import Seller
    from r1plan.report.month.logged import ComparedWork

_STANDING = (START_NOT_VERIFIED, TIER_INSTANT_NOT_VERIFIED, LOW_CONFIDENCE)
_FAMILIES = {"r1": "R1", "distill": "distill"}
_SIDES = "<<<>>>"
_THOUSAND = Decimal(1000)
_NOTE_CELLS = 24


class Comparison(NamedTuple):
    """What was compared, and for which work. `like` None: what has a part of a name.

    `models` and `served` have published scores.
    """

    sellers: Sequence[Seller]
    at: datetime
    asked: ComparedWork
    like: str | None
    models: Mapping[str, Model]
    served: ServedScores


def comparison_lines(comparison: Comparison, width: int) -> Iterator[str]:
    """The comparison for a terminal of `width` columns: the answer first."""
    for text in answer_texts(comparison):
        yield from wrapped(text, width)
    yield from wrapped(asked_text(comparison.asked), width)
    yield ""
    yield from _table(comparison, width)
    yield ""
    if any(each.month and each.month.peak_share for each in comparison.sellers):
        yield from wrapped("peak: so many of the requests are billed above the cheapest hour.", width)
    yield from wrapped(
        "GPQA: GPQA Diamond as published of the model; at which precision a seller runs it is not known. Sources and "
        "whole ids: --json.",
        width,
    )
    modes = {score.mode for each in comparison.sellers if (score := score_of(each, comparison)) and score.mode}
    if modes:
        yield from wrapped(f"*: reached at {', '.join(sorted(modes))}, which may think longer than is counted.", width)


def answer_texts(comparison: Comparison) -> Iterator[str]:
    """Who is the cheapest, how much against the next, and against DeepSeek's own model."""
    counting = [each for each in comparison.sellers if each.counts and each.currency == "USD"]
    liked = [each for each in counting if each.is_like]
    own = next((each for each in counting if each.quote.provider == "deepseek"), None)
    name = {None: "Cheapest", "r1": "R1 is cheapest"}.get(
        comparison.like and comparison.like.casefold(), f"{comparison.like} is cheapest"
    )
    if not liked:
        yield _nobody(comparison, counting)
        return
    best, behind = _cheapest(liked)
    verb = "" if comparison.like else " is" if len(best) == 1 else " are"
    cut = max(each.overrun.share for each in best)
    cuts = f", which {'cuts' if len(best) == 1 else 'cut'} off {_per_cent(cut)} of the answers" if cut else ""
    text = f"{name}{verb} at {_places(best)}{cuts}: {_amount(best[0])}{_unit(best[0])}"
    if behind:
        second, _ = _cheapest(behind)
        text += f", {_less(best[0], second[0])} less than the next, {_places(second)} ({_amount(second[0])})"
    yield f"{text}."
    if own is not None and own not in best:
        other = "" if own.is_like else ", another model,"
        model = f"{own.quote.provider_name}'s own {own.quote.model}"
        yield f"{model}{other} costs {_amount(own)}: {_against(own, best[0])}."


def _nobody(comparison: Comparison, counting: Sequence[Seller]) -> str:
    """What is said where nothing that was asked for can be named as the cheapest."""
    name = "R1" if (comparison.like or "").casefold() == "r1" else comparison.like
    liked = [each for each in comparison.sellers if each.is_like]
    verified = [each for each in liked if each.verified]
    too_long = "can do this: half of the requests or more are too long for each"
    if liked and not any(each.can for each in liked):
        text = f"No seller of {name or 'these'} {too_long}"
    elif verified and not any(each.can for each in verified):
        text = f"No verified seller of {name or 'these'} {too_long}"
    elif liked and all(each.currency != "USD" for each in liked if each.counts) and any(e.counts for e in liked):
        text = "What is known of these is not in dollars, so nothing is compared"
    elif not verified and any(each.month for each in liked):
        text = f"That anyone still sells {name or 'these'} was not verified"
    else:
        text = f"Nobody is known to sell {name or 'these'} at a known price then"
    if not counting:
        return f"{text}."
    best, _ = _cheapest(counting)
    return f"{text}; the nearest is {_places(best)}, another model: {_amount(best[0])}{_unit(best[0])}."


def _cheapest(found: Sequence[Seller]) -> tuple[list[Seller], list[Seller]]:
    """Those that cost least, all of the same, and the others."""
    least = min(_request(each) for each in found)
    return [each for each in found if _request(each) == least], [each for each in found if _request(each) > least]


def _request(each: Seller) -> Decimal:
    return each.month.usd_per_request if each.month else Decimal("Infinity")


def _places(found: Sequence[Seller]) -> str:
    return " and ".join(f"{each.quote.provider_name} ({_short(each)})" for each in found)


def _short(each: Seller) -> str:
    return each.quote.model.rpartition("/")[2]


def _amount(each: Seller) -> str:
    """A month, or a thousand requests where nobody said how many a month has."""
    if each.month is None or not each.can:
        return "-"
    month = each.month.usd_per_month
    return money(_THOUSAND * each.month.usd_per_request if month is None else month, each.currency)


def _unit(each: Seller) -> str:
    return " for 1,000 requests" if each.month is None or each.month.usd_per_month is None else " a month"


def _less(one: Seller, other: Seller) -> str:
    share = 1 - _request(one) / _request(other)
    return f"{share * 100:.0f} %" if share >= Decimal("0.01") else f"{share * 100:.1f} %"


def _against(own: Seller, best: Seller) -> str:
    """How DeepSeek's own stands to the cheapest of what was asked for."""
    if not _request(best) or not _request(own):
        return "what was asked for is free" if not _request(best) else "nothing"
    ratio = _request(own) / _request(best)
    if ratio < 1:
        return f"{(1 - ratio) * 100:.0f} % less than the cheapest"
    return f"{ratio:.1f} times the cheapest" if ratio >= 2 else f"{(ratio - 1) * 100:.0f} % more than the cheapest"


class SoldScore(NamedTuple):
    """A published score; `mode` None: of the model as it is sold, else the mode of thinking in which it was reached."""

    score: float
    source: str
    mode: str | None = None


def score_of(each: Seller, comparison: Comparison) -> SoldScore | None:
    """The published score of the model that a seller serves; None where none is known."""
    served = comparison.served.of(each.serves, BENCHMARK)
    if served is not None:  # in the mode that an API has by itself
        return SoldScore(served.score, comparison.served.source_of(served), served.mode)
    key = model_key(each.serves)
    model = next((model for id_, model in comparison.models.items() if model_key(id_) == key), None)
    scores = published_scores(model) if model else ()
    own = next((score for score in scores if score.benchmark == BENCHMARK), None)
    return None if own is None else SoldScore(own.score, own.source, own.effort)


def _table(comparison: Comparison, width: int) -> Iterator[str]:
    """A line for each seller; its note at the end of the line where there is room, else on a line of its own."""
    rows = [_row(each, comparison) for each in comparison.sellers]
    unit = "a month" if comparison.asked.demand.requests_per_day is not None else "1,000 req."
    heads = ("", "provider", "model", "GPQA", "peak", unit)
    widths = column_widths([heads, *(row[:6] for row in rows)])
    free = width - (table_width(widths) - widths[2])
    widths[2] = min(widths[2], max(free, 12))
    room = free - widths[2] - 2
    yield table_row(heads, widths, _SIDES)
    for kind, provider, model, *figures, note in rows:
        line = table_row([kind, provider, path_end(model, widths[2]), *figures], widths, _SIDES)
        if len(note) <= room:
            yield f"{line}  {note}".rstrip()
            continue
        yield line
        indent = " " * (widths[0] + widths[1] + 4)
        yield from wrapped(note, width, first=indent, later=indent, cut_words=True)


def _row(each: Seller, comparison: Comparison) -> tuple[str, ...]:
    score = score_of(each, comparison)
    peak = f"{each.month.peak_share * 100:.0f} %" if each.month and each.month.peak_share else ""
    other = descendant_of(each.serves, in_full=False) or "another"
    kind = _FAMILIES.get(each.quote.family, "") if each.is_like else other
    return (
        kind, printable(each.quote.provider), printable(_short(each)), _score_text(score), peak,
        _amount(each), printable("; ".join(notes(each))),
    )  # fmt: skip


def _score_text(score: SoldScore | None) -> str:
    return "- " if score is None else f"{score.score:.1f}{'*' if score.mode else ' '}"


def _limit(of: Overrun) -> str:
    """The limit that most of what is too long exceeds."""
    tokens = of.output_tokens if of.by_output else of.context_tokens
    return f"{tokens:,} tokens {'out' if of.by_output else 'of context'}"


def _per_cent(share: float) -> str:
    return "under 1 %" if share < 0.005 else f"{share * 100:.0f} %"


def notes(each: Seller) -> Iterable[str]:
    """What a reader must know of one seller: limits, doubts, age and end."""
    limit = each.overrun
    if not each.can:
        yield f"cannot: {_per_cent(limit.share)} of the requests need more than {_limit(limit)}"
    elif limit.share:
        yield f"cuts off {_per_cent(limit.share)} of the answers: {_limit(limit)}"
    if each.month is None:
        yield "price not known"
    if not each.verified:
        yield "not verified"
    price = each.price
    if price is None:
        return
    if price.confidence == "low":
        yield LOW_CONFIDENCE
    if price.effective_from is None and price.checked and each.quote.at.date() < price.checked:
        yield START_NOT_VERIFIED
    if each.is_stale:
        yield f"price looked up {each.age_days} days before"
    if each.month is not None and each.month.known_share < 1:
        change = each.quote.change
        ends = each.quote.until or (change.at if change and change.price is None else None)
        known = _per_cent(each.month.known_share)
        yield f"ends {instant(ends)}: priced until then" if ends else f"a price is known for {known} of the month"
    yield from (caveat for caveat in (each.month.caveats if each.month else ()) if caveat not in _STANDING)
