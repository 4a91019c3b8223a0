"""A spend report for people: the answer in one line, a table, then what is not in it. Terminal and Markdown."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal

from r1plan.money import money
from r1plan.render.spend.explain import explain_notes
from r1plan.render.spend.findings import SpendFindingText, finding_lines, finding_texts
from r1plan.render.spend.pace import pace_notes
from r1plan.render.spend.reconcile import reconcile_lines, reconcile_notes
from r1plan.render.spend.warnings import warnings
from r1plan.render.spend.words import cost_cell, headline, no_requests, notes, volume
from r1plan.render.spend.worlds.table import WHAT_IF_HEADS, seller_lines, what_if_cells
from r1plan.render.spend.worlds.words import assumption_text, what_if_text
from r1plan.render.text.sanitize import printable
from r1plan.render.text.table import column_widths, table_row, table_width
from r1plan.render.text.units import percent
from r1plan.render.text.width import shortened
from r1plan.render.text.wrap import wrapped
from r1plan.report.spend import Group, SpendReport, Totals

_EIGHTHS = " ▏▎▍▌▋▊▉█"
_BAR_CELLS = 6
_NAME_CELLS = 20  # a name keeps these before columns are left out


def spend_lines(report: SpendReport, width: int) -> Iterator[str]:
    """The report for a terminal of `width` columns."""
    if report.reconcile:
        yield from reconcile_lines(report.reconcile, width)
        yield ""
    if report.is_empty:
        yield no_requests(report)
        yield from pace_notes(report)
        yield from notes(report)
        return
    yield from wrapped(headline(report), width)
    yield from wrapped(volume(report.totals), width)
    for line in pace_notes(report):
        yield from wrapped(line, width, later="  ")
    if report.groups:
        yield ""
        yield from _table(report, width)
    if found := list(finding_lines(report, width)):
        yield ""
        yield from found
    if sellers := [each for each in report.what_if if each.asked == "all"]:
        yield ""
        yield from seller_lines(sellers, report.currency, width)
    closing = list(notes(replace(report, what_if=tuple(each for each in report.what_if if each.asked != "all"))))
    if closing:
        yield ""
    for line in closing:
        yield from wrapped(line, width, later="  ")
    if explained := list(explain_notes(report)):
        yield ""
        yield "Where the figures come from:"
        for line in explained:
            yield from wrapped(line, width, later="  ")


def spend_markdown(report: SpendReport) -> Iterator[str]:
    """The report as a Markdown text."""
    if report.reconcile:
        yield from (f"- {_markdown_text(line)}" for line in reconcile_notes(report.reconcile))
        yield ""
    if report.is_empty:
        yield no_requests(report)
    else:
        yield f"**{headline(report)}**"
        yield ""
        yield volume(report.totals)
        yield ""
        for line in pace_notes(report):
            yield _markdown_text(line)
            yield ""
        columns = figure_columns(report)
        yield _markdown_row([*report.by, *columns])
        yield _markdown_row(["---"] * len(report.by) + ["---:"] * len(columns))
        for group in report.groups:
            yield _markdown_row([*_names(group), *(show(group.totals) for show in columns.values())])
        yield _markdown_row([*_total_names(report), *(show(report.totals) for show in columns.values())])
    if not report.is_empty:
        yield from _markdown_worlds(report)
    if texts := finding_texts(report):
        yield ""
        yield "## What stands out"
        yield ""
        yield from (_markdown_finding(each) for each in texts)
    closing = [*notes(replace(report, what_if=())), *warnings(report)]
    if closing:
        yield ""
    for line in closing:
        yield f"- {_markdown_text(line)}"
    if explained := list(explain_notes(report)):
        yield ""
        yield "## Where the figures come from"
        yield ""
        yield from (f"- {_markdown_text(line)}" for line in explained)


def _markdown_worlds(report: SpendReport) -> Iterator[str]:
    """A table of the report's other worlds, then what is assumed in those that were asked for one by one."""
    if not report.what_if:
        return
    yield ""
    yield "## What if"
    yield ""
    yield _markdown_row(list(WHAT_IF_HEADS))
    yield _markdown_row(["---", *["---:"] * (len(WHAT_IF_HEADS) - 1)])
    for each in report.what_if:
        yield _markdown_row(list(what_if_cells(each, report.currency)))
    yield ""
    for each in report.what_if:
        if each.asked != "all":
            yield f"- {_markdown_text(what_if_text(each, report.currency))}"
            for assumed in each.assumptions:
                yield f"  - assumed: {_markdown_text(assumption_text(assumed, report.currency))}"


def _markdown_finding(text: SpendFindingText) -> str:
    avoid = f" `{text.command}`" if text.command else f" {_markdown_text(text.advice)}" if text.advice else ""
    return f"- {text.topic}: {_markdown_text(text.sentence)}{avoid}"


def figure_columns(report: SpendReport, *, wide: bool = True) -> dict[str, Callable[[Totals], str]]:
    """The columns of figures by their titles; those of what is not split, and of whole bills, where there is any."""
    currency = report.currency

    def part(amount: Decimal | None) -> str:
        return money(amount, currency) if amount else "-"

    some: dict[str, Callable[[Totals], str]] = {
        "requests": lambda each: f"{each.requests:,}" if each.requests else "?",  # sums that do not say of how many
        "cost": lambda each: cost_cell(each, currency),
        "thinking": lambda each: part(each.thinking_usd),
    }
    if wide:
        some["answers"] = lambda each: part(each.answer_usd)
        if report.totals.thinking_unknown_usd:
            some["not split"] = lambda each: part(each.thinking_unknown_usd)
        if report.totals.charged_usd:
            some["bills"] = lambda each: part(each.charged_usd)
        some["fresh in"] = lambda each: part(each.input_miss_usd)
        some["cached in"] = lambda each: part(each.cache_hit_usd)
    return some


def _table(report: SpendReport, width: int) -> Iterator[str]:
    lines, widths = _measured(report, wide=True)
    names = len(report.by)
    least = [min(cells, _NAME_CELLS) for cells in widths[:names]] + widths[names:]
    if table_width(least) > width:
        lines, widths = _measured(report, wide=False)
    _narrow(widths, names, width)
    for number, line in enumerate(lines):
        if number in (1, len(lines) - 1):
            yield "─" * min(width, table_width(widths))
        texts = [shortened(text, space, (space - 1) // 4) for text, space in zip(line, widths, strict=True)]
        yield table_row(texts, widths, "<" * names + ">" * (len(line) - names - 1) + "<")


def _measured(report: SpendReport, wide: bool) -> tuple[list[list[str]], list[int]]:
    """The table's lines of cells, and how wide each column would like to be."""
    columns = figure_columns(report, wide=wide)
    lines = [[*report.by, *columns, "share"]]
    sums = [(_names(group), group.totals) for group in report.groups] + [(_total_names(report), report.totals)]
    lines += [[*names, *(show(totals) for show in columns.values()), _bar(totals)] for names, totals in sums]
    return lines, column_widths(lines)


def _narrow(widths: list[int], names: int, width: int) -> None:
    """Take from the widest name until the table fits; names keep 8 cells."""
    while table_width(widths) > width and max(widths[:names], default=0) > 8:
        widest = max(range(names), key=lambda column: widths[column])
        widths[widest] -= 1


def _names(group: Group) -> list[str]:
    return ["-" if value is None else printable(value).replace("\n", " ") for value in group.keys.values()]


def _total_names(report: SpendReport) -> list[str]:
    return ["total", *[""] * (len(report.by) - 1)] if report.by else []


def _bar(totals: Totals) -> str:
    """How much of the cost went into thinking, where that is known of at least some of it."""
    if not totals.cost_usd or totals.thinking_usd is None:
        return ""
    eighths = int(totals.thinking_usd / totals.cost_usd * _BAR_CELLS * 8 + Decimal("0.5"))
    full, rest = divmod(eighths, 8)
    bar = "█" * full + (_EIGHTHS[rest] if rest else "")
    return f"{percent(totals.thinking_usd, totals.cost_usd):>4} {bar}"


def _markdown_row(cells: list[str]) -> str:
    return "| " + " | ".join(_markdown_text(cell).replace("|", "\\|") for cell in cells) + " |"


def _markdown_text(text: str) -> str:
    """`text` so that Markdown shows it as it is, and no tag, entity or link of a name counts as one."""
    return re.sub(r"([\\`*\[\]])", r"\\\1", text.replace("&", "&amp;").replace("<", "&lt;"))
