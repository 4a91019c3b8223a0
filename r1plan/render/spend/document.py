"""A spend report for programs: the JSON document `r1plan.cost_report/1`, and CSV.

Money is exact; what is not known is null, and an empty cell.
"""

from __future__ import annotations

import json
from csv import writer
from dataclasses import asdict, fields
from io import StringIO

from r1plan.render.spend.fields import document_fields
from r1plan.render.spend.findings_document import (
    budget_fields,
    clock_fields,
    explanation_fields,
    findings_fields,
    pace_fields,
)
from r1plan.render.spend.reconcile_document import reconcile_document
from r1plan.render.spend.sources import imported_document
from r1plan.render.spend.warnings import reason, warning_text
from r1plan.render.spend.worlds.document import what_if_fields
from r1plan.render.text.cell import harmless_cell
from r1plan.render.text.sanitize import escaped
from r1plan.report.spend import SpendReport, Totals

SCHEMA = "r1plan.cost_report/1"


def spend_json(report: SpendReport) -> str:
    """The report as the document that other programs rely on."""
    return escaped(json.dumps(spend_document(report), ensure_ascii=False, indent=2)) + "\n"


def spend_document(report: SpendReport) -> dict[str, object]:
    """The fields of the document, all of them plain."""
    period = report.period
    instants = {
        "start": period.start,
        "until": period.until,
        "first_request_at": report.first_at,
        "last_request_at": report.last_at,
    }
    return {
        "schema": SCHEMA,
        "period": {
            "month": period.month,
            "timezone": period.timezone,
            **{name: None if at is None else at.isoformat() for name, at in instants.items()},
        },
        "currency": report.currency,
        "by": list(report.by),
        "totals": _totals(report.totals, report.currency),
        "groups": [{**group.keys, **_totals(group.totals, report.currency)} for group in report.groups],
        "forecast": None if report.forecast is None else asdict(report.forecast),
        "what_if": [what_if_fields(each, report.currency) for each in report.what_if],
        "findings": findings_fields(report),
        "hour_of_clock": clock_fields(report),
        "pace": pace_fields(report),
        "budget": budget_fields(report),
        "explanation": explanation_fields(report),
        "reconcile": reconcile_document(report.reconcile, report.currency),
        "unpriced": [
            {
                "provider": each.provider,
                "model": each.model,
                "requests": each.requests,
                "input_tokens": each.input_tokens,
                "output_tokens": each.output_tokens,
            }
            for each in report.unpriced
        ],
        "warnings": [
            {
                "kind": each.kind,
                "message": warning_text(each),
                "count": each.count,
                "file": each.file,
                "line": each.line,
                "reason": reason(each),
            }
            for each in report.warnings
        ],
        "imported": imported_document(report.imported),
    }


def spend_csv(report: SpendReport) -> str:
    """The groups as CSV with a line of names; the totals when there are no groups to make."""
    text = StringIO()
    table = writer(text, lineterminator="\n")
    table.writerow([*map(harmless_cell, report.by), *_totals(Totals(), report.currency)])
    for group in report.groups if report.by else ():
        names = [None if name is None else harmless_cell(name) for name in group.keys.values()]
        table.writerow([*names, *_totals(group.totals, report.currency).values()])
    if not report.by:
        table.writerow(_totals(report.totals, report.currency).values())
    return text.getvalue()


def _totals(totals: Totals, currency: str) -> dict[str, object]:
    return document_fields({field.name: getattr(totals, field.name) for field in fields(Totals)}, currency)
