"""Providers' exports as bills: whatever file is given, opened and read as a report reads it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from duckdb import DuckDBPyConnection

from r1plan.prices.book import PriceBook
from r1plan.report.database import open_database, rows, sql
from r1plan.report.entries import load_entries
from r1plan.report.reconcile.bills.deepseek import deepseek_bills
from r1plan.report.reconcile.sides import DAY_US, Bill, BillLine, Item
from r1plan.report.sources.given import given_files
from r1plan.report.sources.opening import open_sources
from r1plan.report.sources.plain import ToolFile
from r1plan.report.spend import ImportedFiles, ReportWarning

_ZERO = Decimal(0)
# A file that is named after the days that it was asked for.
_NAMED_DAYS = re.compile(r"(20[0-9]{2}-[0-9]{2}-[0-9]{2})_(20[0-9]{2}-[0-9]{2}-[0-9]{2})")
_NAMED_MONTH = re.compile(r"(?:usage_data|amount|cost)[-_](20[0-9]{2})[-_]([0-9]{1,2})(?![-_0-9])")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadExports:
    """The bills of some exports, and what could not be read of them."""

    bills: tuple[Bill, ...]
    warnings: tuple[ReportWarning, ...]


def read_exports(
    paths: Sequence[str], book: PriceBook, sellers: Callable[[], Mapping[str, str]], importer: str | None = None
) -> ReadExports:
    """The bills in the files of `paths`: one of each provider and currency, whichever files tell it.

    `sellers` gives the providers by what other tools call them. Raises LogError where a path is not there.
    """
    from r1plan.report.importers.load import load_imported
    from r1plan.report.importers.names import OurNames

    read: list[ImportedFiles] = []
    with open_database() as database, ExitStack() as copies:
        opened = open_sources(given_files(paths), database, copies, forced_to=importer)
        lined = [each for each in opened.foreign if each.kind.importer.name == "deepseek" and each.layout == "csv"]

        def add(database: DuckDBPyConnection) -> Iterator[ReportWarning]:
            found, warnings = load_imported(database, opened.foreign, OurNames(sellers(), book))
            read.extend(found)
            yield from warnings

        warnings = [*opened.warnings, *load_entries(database, opened.own, imported=add if opened.foreign else None)]
        bills = [*_summed_bills(database, "deepseek" if lined else ""), *deepseek_bills(database, lined)]
    told = tuple(_told(bill, opened.foreign, read) for bill in bills)
    return ReadExports(bills=told or _empty(opened.foreign), warnings=tuple(warnings))


def _summed_bills(database: DuckDBPyConnection, but_source: str) -> Iterator[Bill]:
    """What the rows of `entry` bill, by tool, provider and currency."""
    sums: dict[tuple[str, str, str | None], list[dict[str, Any]]] = {}
    for row in rows(database, sql("bill_sums"), {"but_source": but_source}):
        sums.setdefault((row["source"], row["provider"], row["currency"]), []).append(row)
    for (source, provider, currency), found in sums.items():
        byok = [row["byok_usd"] for row in found if row["byok_usd"]]
        yield Bill(
            source=source,
            provider=provider,
            currency=currency,
            lines=tuple(line for row in found for line in _lines(row)),
            start_us=min(row["start_us"] for row in found),
            until_us=max(row["until_us"] for row in found),
            byok_usd=sum(byok, _ZERO) if byok else None,
            names=tuple({(row["model"], served): None for row in found for served in row["served"] or ()}),
        )


def _lines(row: Mapping[str, Any]) -> Iterator[BillLine]:
    """The figures of one row of sums."""
    whole, cached = row["input_tokens"], row["cached"]
    amounts: dict[Item, int | None] = {"requests": row["requests"], "output": row["output_tokens"]}
    if cached is None:
        amounts["input"] = whole
    elif whole is not None:
        amounts |= {"input_miss": whole - cached, "cache_hit": cached}
    line = BillLine(
        start_us=row["start_us"],
        until_us=row["until_us"],
        model=row["model"],
        item="money",
        usd=row["usd"],
        key=row["key"],
        figures=row["figures"],
        is_single=row["is_single"],
    )
    if row["usd"] is not None:
        yield line
    for item, amount in amounts.items():
        if amount is not None:
            yield replace(line, item=item, amount=amount, usd=None, figures=1)


def _told(bill: Bill, files: Iterable[ToolFile], read: Iterable[ImportedFiles]) -> Bill:
    """`bill` with what its files' names say of its days, and what was left out of them."""
    left_out: Counter[str] = Counter()
    for each in read:
        if each.importer == bill.source:
            left_out.update(each.left_out)
    start_us, until_us = bill.start_us, bill.until_us
    if start_us is None or until_us is None:
        return replace(bill, left_out=left_out)
    for file in files:
        if file.kind.importer.name == bill.source and (named := _named_days(file.source.name)) is not None:
            first_us, after_us = named
            # The days of a bill may be those of another time zone.
            if first_us - DAY_US < start_us < after_us + DAY_US:
                start_us = min(start_us, first_us + (start_us - first_us) % DAY_US)
                until_us = max(until_us, until_us + (after_us - until_us) // DAY_US * DAY_US)
    return replace(bill, start_us=start_us, until_us=until_us, left_out=left_out)


def _named_days(name: str) -> tuple[int, int] | None:
    """The first instant of the days that a file is named after, and that behind them; of a month the first alone."""
    if found := _NAMED_DAYS.search(name):
        try:
            first, last = (date.fromisoformat(text) for text in found.groups())
        except ValueError:
            return None
        return _us(first), _us(last) + DAY_US
    if (found := _NAMED_MONTH.search(name)) and 1 <= int(found[2]) <= 12:
        first_us = _us(date(int(found[1]), int(found[2]), 1))
        return first_us, first_us  # it may have been exported before its end
    return None


def _us(day: date) -> int:
    return (day - date(1970, 1, 1)).days * DAY_US


def _empty(files: Iterable[ToolFile]) -> tuple[Bill, ...]:
    """A bill of no line for each tool that wrote a file."""
    tools = dict.fromkeys(each.kind.importer.name for each in files)
    return tuple(Bill(source=tool, provider=tool, lines=()) for tool in tools)
