"""What a report's page holds: words in their places, and the series as JSON for its script."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace

from r1plan.money import exact
from r1plan.render.spend.explain import explain_notes
from r1plan.render.spend.findings import SpendFindingText, finding_texts
from r1plan.render.spend.pace import pace_notes
from r1plan.render.spend.page.worlds import PageWorlds, page_worlds, worlds_data
from r1plan.render.spend.reconcile import reconcile_notes
from r1plan.render.spend.terminal import figure_columns
from r1plan.render.spend.warnings import warnings
from r1plan.render.spend.words import headline, no_requests, notes, volume
from r1plan.render.text.sanitize import printable
from r1plan.render.text.units import count
from r1plan.report.series.series import Series
from r1plan.report.spend import SpendReport, Totals

_FIGURES = (
    ("cost", "cost", ""),
    ("requests", "requests", ""),
    ("input", "input tokens", ""),
    ("output", "output tokens", ""),
    ("thinking", "thinking", "thinking"),
    ("answer", "answers", "answer"),
    ("unsplit", "not split", "unsplit"),
    ("fresh", "fresh input", "fresh"),
    ("cached", "cached input", "cached"),
    ("billed", "whole bills", "billed"),
    ("energy", "electricity", "energy"),
    ("saving", "saved by the cache", ""),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SpendPage:
    """The page. `figures` and `charts` are filled by its script; `parts` are headings with the sentences below each.

    `rows` are the report's groups and their total, of which the first `names` cells are names. `unit` is what a span
    of time is called, and `coarse` says what was summed to keep the page small. `findings` are those that matter most,
    and the others.
    """

    title: str
    headline: str
    volume: str
    pace: tuple[str, ...]
    series: Series | None
    unit: str
    figures: tuple[tuple[str, str, str], ...]
    charts: tuple[tuple[str, str, bool], ...]
    coarse: tuple[str, ...]
    findings: tuple[tuple[SpendFindingText, ...], tuple[SpendFindingText, ...]]
    worlds: PageWorlds | None
    parts: tuple[tuple[str, tuple[str, ...]], ...]
    by: str
    heads: tuple[str, ...]
    names: int
    rows: tuple[tuple[str, ...], ...]
    command: str
    version: str


def page_of(report: SpendReport, command: str, version: str) -> SpendPage:
    """The page of a report, which holds its series where it has requests."""
    some = not report.is_empty
    series = report.series
    unit = "day" if series is None else series.unit
    unsure = tuple(notes(replace(report, what_if=())))  # other worlds have a place of their own
    found = finding_texts(report)
    wrong = tuple(line.removeprefix("warning: ") for line in warnings(report))
    parts = (
        ("Against the bill", tuple(reconcile_notes(report.reconcile))),
        ("How sure it is", unsure),
        ("What is wrong with the logs and prices", wrong),
        ("Where the figures come from", tuple(explain_notes(report))),
    )
    first = headline(report) if some else no_requests(report)
    return SpendPage(
        title=f"r1plan: {first.partition(':')[0].rstrip('.')}",
        headline=first,
        volume=volume(report.totals) if some else "",
        pace=tuple(map(printable, pace_notes(report))),
        series=series,
        unit=unit.capitalize(),
        figures=tuple(_figures(report.totals)),
        charts=(
            ("days", f"Cost per {unit}", True),
            ("models", "Cost by model", True),
            ("lengths", "How long requests thought", False),
            ("hits", "Cache hit rate", False),
            ("clock", "When it was spent", True),
        ),
        coarse=tuple(_coarse(series)) if series else (),
        findings=(tuple(each for each in found if each.is_first), tuple(each for each in found if not each.is_first)),
        worlds=page_worlds(report) if some else None,
        parts=tuple((heading, tuple(map(printable, lines))) for heading, lines in parts if lines),
        by=", ".join(report.by),
        heads=(*report.by, *figure_columns(report)),
        names=len(report.by),
        rows=tuple(_rows(report)) if some else (),
        command=printable(command),
        version=version,
    )


def series_json(series: Series, report: SpendReport) -> str:
    """The series for the page's script: rows of numbers and, for money, of texts; nothing in it ends a script."""
    clocked = len(series.spans) > series.clock_days if series.unit == "day" else True
    place = {span: number for number, span in enumerate(series.spans)}
    data = {
        "sign": "¥" if report.currency == "CNY" else "$",
        "timezone": report.period.timezone,
        "unit": series.unit,
        "clockLast": f" in the last {series.clock_days} days" if clocked else "",
        "spans": [span.strftime("%Y-%m") if series.unit == "month" else span.isoformat() for span in series.spans],
        "sellers": [[_clean(each.provider), _clean(each.model)] for each in series.sellers],
        "spends": [
            [
                *(place[each.span], each.seller, each.requests, each.input_tokens, each.cache_hit_tokens),
                *(each.output_tokens, each.thinking_tokens, each.unknown_cost, each.unknown_split),
                *(each.uncertain_requests, each.estimated_requests, each.unpriced_requests),
                *(each.unbounded_requests, each.unknown_saving),
                *(exact(usd) for usd in (each.cost_usd, each.input_miss_usd, each.cache_hit_usd, each.thinking_usd)),
                *(exact(usd) for usd in (each.answer_usd, each.thinking_unknown_usd, each.charged_usd)),
                *(exact(usd) for usd in (each.energy_usd, each.cache_saving_usd)),
                *(exact(usd) for usd in (each.uncertain_low_usd, each.uncertain_high_usd)),
            ]
            for each in series.spends
        ],
        "hours": [
            [
                None if each.span is None else place[each.span],
                *(each.weekday, each.hour, each.seller, each.requests, exact(each.cost_usd)),
            ]
            for each in series.hours
        ],
        "lengths": [
            [None if each.span is None else place[each.span], each.seller, each.bin, each.requests]
            for each in series.lengths
        ],
        "worlds": worlds_data(report),
        "clock": [[each.seller, each.tier, each.weekday, each.hour, float(each.share)] for each in series.clock],
    }
    text = json.dumps(data, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _clean(text: str | None) -> str | None:
    return None if text is None else printable(text)


def _coarse(series: Series) -> Iterator[str]:
    """What was summed to keep the page small."""
    if series.unit != "day":
        yield f"To keep this page small, days are added up to {series.unit}s."
    if series.merged_sellers:
        yield f"To keep this page small, {count(series.merged_sellers, 'model')} of little cost are told together."


def _figures(totals: Totals) -> Iterator[tuple[str, str, str]]:
    """The figures of the page, without those of which the whole report has nothing."""
    without = {
        "unsplit": not totals.thinking_unknown_usd,
        "billed": not totals.charged_usd,
        "energy": not totals.energy_usd and not totals.uncosted_requests,
    }
    return (each for each in _FIGURES if not without.get(each[0]))


def _rows(report: SpendReport) -> Iterator[tuple[str, ...]]:
    columns = figure_columns(report)
    for group in report.groups:
        names = ("-" if value is None else printable(value) for value in group.keys.values())
        yield (*names, *(show(group.totals) for show in columns.values()))
    total = ["total", *[""] * (len(report.by) - 1)] if report.by else []
    yield (*total, *(show(report.totals) for show in columns.values()))
