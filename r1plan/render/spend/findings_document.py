"""What stands out in a report, for programs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import date
from decimal import Decimal

from r1plan.money import exact
from r1plan.render.spend.findings import finding_texts
from r1plan.report.findings.finding import SpendFinding
from r1plan.report.spend import SpendReport

_SHARED = {each.name for each in fields(SpendFinding)}


def findings_fields(report: SpendReport) -> list[dict[str, object]]:
    """Each finding with its sentence, what avoids it, and in `facts` what the sentence is made of."""
    return [
        {
            "kind": each.kind,
            "basis": each.basis,
            "message": text.sentence,
            "command": text.command,
            "advice": text.advice,
            "first": text.is_first,
            "requests": each.requests,
            **_fields({"low_usd": each.low_usd, "high_usd": each.high_usd}, report.currency),
            "facts": _facts(each, report.currency),
        }
        for each, text in zip(report.findings, finding_texts(report), strict=True)
    ]


def _facts(each: SpendFinding, currency: str) -> dict[str, object]:
    return _fields({name: value for name, value in asdict(each).items() if name not in _SHARED}, currency)


def _fields(values: Mapping[str, object], currency: str) -> dict[str, object]:
    """`values` as JSON has them; an amount in another currency than USD is in a field of that currency."""
    found: dict[str, object] = {}
    for name, value in values.items():
        if currency != "USD" and name.endswith("_usd"):
            found[name] = None
            found[f"{name.removesuffix('usd')}{currency.lower()}"] = _plain(value, currency)
        else:
            found[name] = _plain(value, currency)
    return found


def _plain(value: object, currency: str) -> object:
    match value:
        case dict():
            return _fields(value, currency)
        case list() | tuple():
            return [_plain(each, currency) for each in value]
        case Decimal():
            return exact(value)
        case date():
            return value.isoformat()
        case _:
            return value
