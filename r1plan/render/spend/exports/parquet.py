"""A spend report as Parquet: the groups with their names as text, numbers as BIGINT, and money as exact decimals."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from decimal import Decimal

from r1plan.report.spend import SpendReport, Totals

_USD = "DECIMAL(38, 15)"


def spend_parquet(report: SpendReport) -> bytes:
    """The groups of the report, or its totals where there are no groups to make.

    Columns are named as the fields of the JSON document. What is not known is NULL.
    """
    from r1plan.report.parquet import parquet_bytes

    names = _distinct(report.by, {name for name, _ in _kinds(report.currency)})
    columns = {**dict.fromkeys(names, "VARCHAR"), **dict(_kinds(report.currency))}
    groups = report.groups if report.by else ()
    lines = [[*group.keys.values(), *_values(group.totals, report.currency)] for group in groups]
    if not report.by:
        lines = [list(_values(report.totals, report.currency))]
    return parquet_bytes(columns, lines, {"schema": "r1plan.cost_report/1", "currency": report.currency})


def _distinct(by: tuple[str, ...], taken: set[str]) -> list[str]:
    """The keys as names of columns, of which a reader may ignore the case."""
    names: list[str] = []
    seen = {name.casefold() for name in taken}
    for key in by:
        name, number = key, 1
        while name.casefold() in seen:
            number += 1
            name = f"{key}_{number}"
        seen.add(name.casefold())
        names.append(name)
    return names


def _kinds(currency: str) -> Iterator[tuple[str, str]]:
    """The columns of totals with their types. Money in another currency than USD has columns of that currency."""
    for field in fields(Totals):
        kind = "BIGINT" if field.type == "int" else _USD
        yield field.name, kind
        if currency != "USD" and field.name.endswith("_usd"):
            yield f"{field.name.removesuffix('_usd')}_{currency.lower()}", kind


def _values(totals: Totals, currency: str) -> Iterator[str | None]:
    for field in fields(Totals):
        value: int | Decimal | None = getattr(totals, field.name)
        text = None if value is None else format(value, "f")
        if currency != "USD" and field.name.endswith("_usd"):
            yield None
        yield text
