"""The sentences of a spend report: what it came to, what is not in it, how sure it is, where to look instead."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

from r1plan.errors import LogError
from r1plan.ledger.months import month_days
from r1plan.ledger.schema import SCHEMA
from r1plan.money import money
from r1plan.render.spend.sources import imported_notes
from r1plan.render.spend.worlds.words import what_if_notes
from r1plan.render.text.sanitize import printable
from r1plan.render.text.units import count, percent, span, tokens
from r1plan.report.spend import SpendReport, Totals

_ZERO = Decimal(0)
_NAMED_MONTHS = 12


def no_requests(report: SpendReport) -> str:
    """That the period has none."""
    return f"No requests {period_name(report, 'in')}."


def headline(report: SpendReport) -> str:
    """What it cost and what for, in one sentence."""
    totals = report.totals
    if totals.uncosted_requests and totals.uncosted_requests == totals.requests:
        return f"{period_name(report)} has no API cost; that of the electricity is not known."
    without = f", without {count(totals.unpriced_requests, 'unpriced request')}" if totals.unpriced_requests else ""
    if totals.cost_usd is None and totals.uncertain_requests:
        bounds = span(totals.uncertain_low_usd, totals.uncertain_high_usd, report.currency)
        return f"{period_name(report)} cost {bounds}{without}: nothing of it is certain."
    if totals.cost_usd is None:
        return f"{period_name(report)} has no cost that is known."
    parts = [
        ("thinking", totals.thinking_usd, f" ({percent(totals.thinking_usd or 0, totals.cost_usd)})"),
        ("answers", totals.answer_usd, ""),
        ("output that cannot be split", totals.thinking_unknown_usd, ""),
        ("billed without a known price", totals.charged_usd, ""),
        ("fresh input", totals.input_miss_usd, ""),
        ("cached input", totals.cache_hit_usd, _saved(report)),
        ("electricity", totals.energy_usd, ""),
    ]
    split = ", ".join(f"{name} {money(amount, report.currency)}{more}" for name, amount, more in parts if amount)
    guessed = f", {count(totals.estimated_requests, 'request')} of it estimated" if totals.estimated_requests else ""
    cost = money(totals.cost_usd, report.currency)
    return f"{period_name(report)} cost {cost}{without}{guessed}{': ' if split else ''}{split}."


def _saved(report: SpendReport) -> str:
    saving = report.totals.cache_saving_usd
    least = "at least " if report.totals.cache_saving_unknown_rows else ""
    return "" if saving is None else f" (the cache saved {least}{money(saving, report.currency)})"


def cost_cell(totals: Totals, currency: str) -> str:
    """The cost in a table: "$1.20", "~$1.20" where some of it is estimated, "$1.20 + ?" beside what has no price.

    "$0.68–$1.35" where only bounds are known; a word where not even they are.
    """
    low, high = totals.uncertain_low_usd, totals.uncertain_high_usd
    if totals.cost_usd is not None:
        more = " + ?" if totals.unpriced_requests else ""
        return f"{'~' if totals.estimated_requests else ''}{money(totals.cost_usd, currency)}{more}"
    if totals.unpriced_requests or not totals.uncertain_requests:
        return "unpriced" if totals.unpriced_requests else "-"
    if low is None or high is None or totals.unbounded_requests:
        return "uncertain"
    return money(low, currency) if low == high else f"{money(low, currency)}–{money(high, currency)}"


def volume(totals: Totals) -> str:
    """How many requests, and how many tokens of each kind, in one sentence."""
    thought = totals.thinking_tokens
    answered = max(totals.output_tokens - totals.unsplit_output_tokens - thought, 0)
    cached = percent(totals.cache_hit_tokens, totals.input_tokens)
    parts = [
        (thought, f"of thinking ({percent(thought, totals.output_tokens)} of the output)"),
        (answered, "of answers"),
        (totals.unsplit_output_tokens, "that cannot be split" if thought or answered else "of output"),
        (max(totals.input_tokens - totals.cache_hit_tokens, 0), "of fresh input"),
        (totals.cache_hit_tokens, f"of cached input ({cached})"),
    ]
    named = [f"{tokens(number)} {name}" for number, name in parts if number]
    if named:
        named[0] = named[0].replace(" ", " tokens ", 1)
    requests = count(totals.requests, "request") if totals.requests else "An unknown number of requests"
    return f"{requests}{': ' if named else ''}{', '.join(named)}."


def _uncertain(report: SpendReport) -> str:
    """Which requests are uncertain, and between what bounds their cost is."""
    totals = report.totals
    summed = sum(each.count for each in report.warnings if each.kind == "several_prices")
    broken = totals.uncertain_requests - summed
    how = (("broken off or not ended", broken), ("told in sums over times of several prices", summed))
    requests = " and ".join(f"{count(number, 'request')} {why}" for why, number in how if number)
    more = "" if totals.cost_usd is None else " more"
    if totals.uncertain_high_usd is None:
        return f"{requests} may have cost {'more, and how much' if more else 'something: how much'} is not known"
    bounds = span(totals.uncertain_low_usd, totals.uncertain_high_usd, report.currency)
    unbounded = f", and {totals.unbounded_requests:,} of them more than that" if totals.unbounded_requests else ""
    return f"{requests} may have cost {bounds}{more}{unbounded}"


def period_name(report: SpendReport, before: str = "") -> str:
    """The period as a person says it, in its time zone: "September 2025". `before` goes before a month."""
    period = report.period
    zone = ZoneInfo(period.timezone)
    where = "" if period.timezone == "UTC" else f" ({period.timezone})"
    if period.month:
        first, _ = month_days(period.month)
        return f"{before} {first:%B %Y}{where}".strip()
    start = period.start or report.first_at
    last = period.until - timedelta(microseconds=1) if period.until else report.last_at
    if start is None or last is None:
        return "there"
    first_day, last_day = f"{start.astimezone(zone):%Y-%m-%d}", f"{last.astimezone(zone):%Y-%m-%d}"
    if first_day == last_day:
        return f"{'on ' if before else ''}{first_day}{where}"
    return f"{'from ' if before else ''}{first_day} to {last_day}{where}"


def notes(report: SpendReport) -> Iterator[str]:
    """What the sum leaves out, and how sure it is."""
    totals = report.totals
    if totals.uncertain_requests:
        yield f"uncertain: {_uncertain(report)}."
    if totals.estimated_requests:
        loose = totals.estimated_unbounded_requests
        of = "" if loose == totals.estimated_requests else f"of {loose:,} of them "
        unbounded = f"; {of}no bounds are known" if loose else ""
        bounds = span(totals.estimated_low_usd, totals.estimated_high_usd, report.currency)
        verb = "was" if totals.estimated_requests == 1 else "were"
        yield f"estimated: {count(totals.estimated_requests, 'request')} {verb} estimated: {bounds}{unbounded}."
    for each in report.unpriced:
        told = f"{tokens(each.input_tokens)} tokens in and {tokens(each.output_tokens)} out: no price is known for then"
        uncounted = not each.input_tokens and not each.output_tokens
        yield (
            f"unpriced: {count(each.requests, 'request')} to {printable(each.provider)} {printable(each.model)}, "
            f"{'of which no count of tokens is known' if uncounted else told}."
        )
    if (forecast := report.forecast) is not None:
        within = percent(forecast.within_p90, forecast.requests)
        yield (
            f"forecast: {within} of {count(forecast.requests, 'request')} cost at most their p90 (90 % should), "
            f"{percent(forecast.within_p50, forecast.requests)} their p50."
        )
    yield from imported_notes(report.imported, in_full=report.explanation is not None)
    yield from what_if_notes(report.what_if, report.currency)


def nothing_usable(report: SpendReport) -> LogError:
    """The error where nothing of what the logs hold could be used."""
    return LogError(
        f"no row in the logs can be used: {report.lost:,} left out, and there is no other.",
        f"a usage log has a row of {SCHEMA} on each line",
    )


def being_read(files: int, size_bytes: int) -> str:
    """What takes its time."""
    return f"Reading {count(files, 'file')}, {size_bytes / 1e6:,.0f} MB …"


def where_to_look(folder: Path, months: Sequence[str]) -> str:
    """The hint where this month has no requests: `folder` holds logs of `months`, the oldest first."""
    if months:
        return f"hint:  {folder} has {', '.join(months[-_NAMED_MONTHS:])}: add --month {months[-1]}"
    return f"hint:  {folder} holds no log yet: `r1plan chat` writes one, `r1plan demo` shows a sample month"


def not_begun(report: SpendReport) -> str:
    """The hint where the period lies in the future."""
    return f"hint:  {period_name(report)} has not begun"


def where_held(held_at: tuple[datetime, datetime], timezone: str) -> str:
    """The hint where the period has none of the requests that the files hold, from when until when they are."""
    first, last = (at.astimezone(ZoneInfo(timezone)) for at in held_at)
    days = f"{first:%Y-%m-%d}" if first.date() == last.date() else f"{first:%Y-%m-%d} to {last:%Y-%m-%d}"
    return f"hint:  these files hold requests of {days}: add --month {last:%Y-%m}"
