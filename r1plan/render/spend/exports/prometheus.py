"""A spend report as metrics: Prometheus' text exposition format 0.0.4, which node exporters' textfile collectors read.

Every figure is a gauge of the report's period. What is not known has no sample, and is never 0.
https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from datetime import datetime
from decimal import Decimal

from r1plan.instants import in_us
from r1plan.money import exact
from r1plan.render.text.sanitize import one_line
from r1plan.report.spend import Group, SpendReport, Totals

_HELP: Mapping[str, str] = {
    "requests": "Requests of the period.",
    "input_tokens": "Input tokens, cached ones included.",
    "cache_hit_tokens": "Input tokens that the provider had cached.",
    "output_tokens": "Output tokens, thinking included.",
    "thinking_tokens": "Output tokens of thinking, where they are told apart.",
    "cost_usd": "What is known of the cost.",
    "input_miss_usd": "Cost of fresh input.",
    "cache_hit_usd": "Cost of cached input.",
    "thinking_usd": "Cost of thinking, where it is told apart.",
    "answer_usd": "Cost of answers, where thinking is told apart.",
    "thinking_unknown_usd": "Cost of output of which nobody said how much was thinking.",
    "cache_saving_usd": "What cached input would have cost more as fresh input.",
    "uncertain_low_usd": "Least that the requests broken off or not ended may have cost.",
    "uncertain_high_usd": "Most that the requests broken off or not ended may have cost.",
    "uncertain_requests": "Requests broken off or not ended.",
    "unpriced_requests": "Requests whose price is not known.",
    "energy_usd": "Cost of electricity of what was answered here.",
    "energy_wh": "Electricity of what was answered here, in watt-hours.",
    "unbounded_requests": "Uncertain requests of which no upper bound is known.",
    "uncosted_requests": "Requests answered here whose electricity is not known.",
    "estimated_requests": "Requests whose tokens were estimated.",
    "estimated_low_usd": "Least that the estimated requests may have cost.",
    "estimated_high_usd": "Most that the estimated requests may have cost.",
    "estimated_unbounded_requests": "Estimated requests of which no bounds are known.",
    "charged_usd": "What providers billed where no price is known.",
    "reported_usd": "All that providers said they bill.",
}
_WORLD_HELP: Mapping[str, str] = {
    "cost_usd": "What the requests that can be moved cost in another world.",
    "low_usd": "Least that they may cost there.",
    "high_usd": "Most that they may cost there.",
    "instead_usd": "What is known of what the same requests cost as they were.",
    "saving_usd": "What is saved there on requests whose own cost is known.",
    "movable_requests": "Requests that can be moved there.",
    "immovable_requests": "Requests that cannot.",
}
_BILL_HELP: Mapping[str, str] = {
    "billed_usd": "What the bill says.",
    "logged_usd": "What the log says of the bill's days.",
    "difference_usd": "What was billed less what was logged.",
    "unexplained_usd": "What of the difference nothing explains.",
    "off_usd": "The causes beside rounding, without their signs.",
}
_NOT_IN_A_LABEL = re.compile(r"[^a-zA-Z0-9_]")


def spend_metrics(report: SpendReport) -> str:
    """The metrics of the groups, or of the totals where there are none to make, and of the report itself."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: SpendReport) -> Iterator[str]:
    sums = list(_labelled(report.by, report.groups)) if report.by else [("", report.totals)]
    for field in fields(Totals):
        values = [(labels, getattr(totals, field.name)) for labels, totals in sums]
        help_text = _HELP.get(field.name, field.name.replace("_", " ").capitalize() + ".")
        yield from _metric(_name(field.name, report.currency), help_text, values)
    yield from _ahead(report)
    yield from _worlds(report)
    yield from _bills(report)
    period = report.period
    yield from _metric("period_start_timestamp_seconds", "When the period begins.", [("", _seconds(period.start))])
    yield from _metric("period_end_timestamp_seconds", "When the period ends.", [("", _seconds(period.until))])
    yield from _metric("last_request_timestamp_seconds", "The last request's end.", [("", _seconds(report.last_at))])
    yield from _metric("usable_rows", "Rows of the logs, of any time.", [("", report.usable_rows)])
    yield from _metric("unusable_lines", "Lines and files of the logs that could not be used.", [("", report.lost)])


def _ahead(report: SpendReport) -> Iterator[str]:
    """The budget, and what a period that runs is to come to."""
    budget, pace = report.budget, report.pace
    amounts = {
        "budget_usd": ("What the period may cost.", None if budget is None else budget.budget_usd),
        "expected_usd": ("What the period comes to at its pace.", None if pace is None else pace.expected_usd),
        "expected_low_usd": ("Least of eight in ten forecasts of it.", None if pace is None else pace.low_usd),
        "expected_high_usd": ("Most of eight in ten forecasts of it.", None if pace is None else pace.high_usd),
    }
    for name, (help_text, amount) in amounts.items():
        yield from _metric(_name(name, report.currency), help_text, [("", amount)])


def _worlds(report: SpendReport) -> Iterator[str]:
    """What the report's other worlds cost, labelled by their names and by how they were asked for."""
    names = [(_shown(each.target), _shown(each.asked)) for each in report.what_if]
    labels = list(_distinct([("world", world), ("asked", asked)] for world, asked in names))
    for field, help_text in _WORLD_HELP.items():
        values = [(label, getattr(each, field)) for label, each in zip(labels, report.what_if, strict=True)]
        name = "usd" if field == "cost_usd" else field
        yield from _metric(_name(f"what_if_{name}", report.currency), help_text, values)


def _bills(report: SpendReport) -> Iterator[str]:
    """The bills that the report is held against, labelled by who sent them and by the tool that tells them."""
    pairs = ([("provider", _shown(each.provider)), ("source", _shown(each.source))] for each in report.reconcile)
    labels = list(_distinct(pairs))
    for field, help_text in _BILL_HELP.items():
        values = [(label, getattr(each, field)) for label, each in zip(labels, report.reconcile, strict=True)]
        yield from _metric(_name(f"reconcile_{field}", report.currency), help_text, values)
    within = [(label, int(each.is_within_tolerance)) for label, each in zip(labels, report.reconcile, strict=True)]
    yield from _metric("reconcile_within_tolerance", "1 where the bill and the log agree, else 0.", within)


def _metric(name: str, help_text: str, values: Iterable[tuple[str, int | Decimal | None]]) -> Iterator[str]:
    known = [(labels, value) for labels, value in values if value is not None]
    if known:
        yield f"# HELP r1plan_{name} {help_text}"
        yield f"# TYPE r1plan_{name} gauge"
    for labels, value in known:
        yield f"r1plan_{name}{labels} {exact(value) if isinstance(value, Decimal) else value}"


def _name(field: str, currency: str) -> str:
    return field if currency == "USD" else re.sub("_usd$", f"_{currency.lower()}", field)


def _seconds(at: datetime | None) -> Decimal | None:
    """Seconds since 1970, to the microsecond."""
    return None if at is None else Decimal(in_us(at)).scaleb(-6)


def _labelled(by: tuple[str, ...], groups: tuple[Group, ...]) -> Iterator[tuple[str, Totals]]:
    """Each group's totals with its labels: a value that is not known has none, which is the same as an empty one."""
    names = list(_label_names(by))
    pairs = (
        [(name, _shown(value)) for name, value in zip(names, group.keys.values(), strict=True) if value is not None]
        for group in groups
    )
    for labels, group in zip(_distinct(pairs), groups, strict=True):
        yield labels, group.totals


def _shown(value: str) -> str:
    return one_line(value) or "(empty)"


def _distinct(labelled: Iterable[list[tuple[str, str]]]) -> Iterator[str]:
    """The labels as text, no two of them equal: what cleaning made equal is numbered."""
    seen = set[str]()
    for pairs in labelled:
        labels, number = _text(pairs), 1
        while labels in seen:
            number += 1
            labels = _text([*pairs, ("copy", str(number))])
        seen.add(labels)
        yield labels


def _label_names(by: tuple[str, ...]) -> Iterator[str]:
    """A label for each key, no two of them equal, and none that Prometheus keeps for itself."""
    seen = {"copy"}
    for key in by:
        label = _NOT_IN_A_LABEL.sub("_", key)
        label = f"key_{label}" if label[:1].isdigit() or label.startswith("__") else label
        name, number = label, 1
        while name in seen:
            number += 1
            name = f"{label}_{number}"
        seen.add(name)
        yield name


def _text(pairs: Iterable[tuple[str, str]]) -> str:
    inside = ",".join(f'{name}="{_escaped(value)}"' for name, value in pairs)
    return f"{{{inside}}}" if inside else ""


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
