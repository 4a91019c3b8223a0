"""A bill against the log for people: the answer first, the days that differ, then each cause."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from r1plan.money import money
from r1plan.render.spend.reconcile_words import answer, by_cause, cause_text, remarks, signed
from r1plan.render.text.sanitize import printable
from r1plan.render.text.table import column_widths, table_row, table_width
from r1plan.render.text.width import shortened
from r1plan.render.text.wrap import wrapped
from r1plan.report.reconcile.result import DayFigures, Reconciliation
from r1plan.report.reconcile.sides import Kind

_ZERO = Decimal(0)
_SHOWN_DAYS = 12
_KINDS: dict[str, tuple[Kind, ...]] = {
    "fresh in": ("input_miss", "input"),
    "cached in": ("cache_hit",),
    "out": ("output",),
}


def reconcile_lines(found: Sequence[Reconciliation], width: int) -> Iterator[str]:
    """Each bill for a terminal of `width` columns."""
    for number, each in enumerate(found):
        if number:
            yield ""
        yield from wrapped(answer(each), width)
        if table := list(_table(each, width)):
            yield ""
            yield from table
            yield ""
        for line in _notes(each):
            yield from wrapped(line, width, later="  ")


def reconcile_notes(found: Sequence[Reconciliation]) -> Iterator[str]:
    """The same without the days, as plain lines."""
    for each in found:
        yield answer(each)
        yield from _notes(each)


def _notes(found: Reconciliation) -> Iterator[str]:
    for cause, lines in by_cause(found).items():
        yield cause_text(cause, lines, found)
    yield from remarks(found)


def _table(found: Reconciliation, width: int) -> Iterator[str]:
    """The days of models on which more than a rounded amount differs: figures of the bill less those of the log."""
    told = {(line.day, line.model) for line in found.lines if line.cause != "rounding"}
    days = [each for each in found.days if (each.day, each.model) in told]
    if not days:
        return
    shown = sorted(sorted(days, key=_size)[:_SHOWN_DAYS], key=lambda each: (each.day, each.model))
    title = ["day", "model", "requests", *_KINDS, "billed", "more"]
    rows = [title, *(_cells(each, found.currency) for each in shown)]
    widths = column_widths(rows)
    widths[1] = max(8, widths[1] - max(0, table_width(widths) - width))
    for number, row in enumerate(rows):
        if number == 1:
            yield "─" * min(width, table_width(widths))
        texts = [shortened(text, space, 0) for text, space in zip(row, widths, strict=True)]
        yield table_row(texts, widths, "<<>>>>>>")
    if len(days) > len(shown):
        yield f"and {len(days) - len(shown):,} more days × models; --json names each."


def _size(each: DayFigures) -> tuple[Decimal, int, str, str]:
    """The dearest differences first."""
    billed, logged = each.usd
    usd = _ZERO if billed is None else abs(billed - logged)
    off = sum(abs((there or 0) - here) for there, here in each.tokens.values())
    return -usd, -off, each.day, each.model


def _cells(each: DayFigures, currency: str) -> list[str]:
    billed, logged = each.usd
    return [
        each.day,
        printable(each.model).replace("\n", " "),
        _off(*each.requests),
        *(_kind(each, kinds) for kinds in _KINDS.values()),
        "-" if billed is None else money(billed, currency),
        "-" if billed is None else "=" if billed == logged else signed(billed - logged, currency),
    ]


def _kind(each: DayFigures, kinds: tuple[Kind, ...]) -> str:
    found = [each.tokens[kind] for kind in kinds if kind in each.tokens]
    if not found or any(there is None for there, _ in found):
        return "-"
    return _off(sum(there or 0 for there, _ in found), sum(here for _, here in found))


def _off(there: int | None, here: int) -> str:
    return "-" if there is None else "=" if there == here else f"{there - here:+,}"
