"""Makes the report that was asked for, and shows it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from r1plan.render.spend.formats import Format
from r1plan.report.options import SpendOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """How a report is shown: as `form`, None for a table, on stdout or in `file`; `strict` lets lost lines fail it."""

    form: Format | None = None
    file: Path | None = None
    strict: bool = False


def show(options: SpendOptions, how: Shown) -> None:
    """Print or write the report of `options`, and say on stderr what is wrong with the logs.

    Raises typer.Exit with the exit code where it is not 0, LogError where nothing in the logs can be used.
    """
    import typer

    from r1plan.catalog.load import load_holidays, load_prices
    from r1plan.ledger.months import month_logs
    from r1plan.prices.account import account_currencies
    from r1plan.prices.book import PriceBook
    from r1plan.render.output import columns, note
    from r1plan.render.spend.formats import spend_text
    from r1plan.render.spend.words import nothing_usable, warnings, where_to_look
    from r1plan.report.logs import given_logs, monthly_logs
    from r1plan.report.query import spend_report
    from r1plan.settings import directories

    paths = [Path(each) for each in options.paths]
    folder = directories().logs
    logs = given_logs(paths) if paths else monthly_logs(folder, options.period)
    prices = load_prices()
    accounts = account_currencies(prices, os.environ)
    book = PriceBook(prices, load_holidays(), accounts)
    found = set(logs) - set(paths)
    report = spend_report(
        logs, options.period, options.by, book, currency=options.currency, accounts=accounts, found=found
    )
    _write(spend_text(report, how.form or "table", columns()), how.file)
    for line in warnings(report):
        note(line)
    if report.is_nothing_usable:
        raise nothing_usable(report)
    if not report.totals.requests and not paths:
        note(where_to_look(folder, [path.stem for path in month_logs(folder)]))
    if how.strict and report.lost:
        raise typer.Exit(1)


def _write(text: str, output: Path | None) -> None:
    from r1plan.render.output import to_file, whole

    if output is None:
        whole(text)
    else:
        to_file(output, text)
