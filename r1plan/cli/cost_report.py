"""`r1plan cost-report`: what the logged requests cost."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import typer

from r1plan.errors import UsageError
from r1plan.render.spend.formats import Format  # at run time: the option's values are read from it


def command(
    paths: list[Path] = typer.Argument(
        None, metavar="[PATH]...", help="Usage logs, or folders of them; your own monthly logs by default."
    ),
    month: str | None = typer.Option(
        None, metavar="YYYY-MM", help="A calendar month. Default: this one, or all that PATH holds."
    ),
    since: str | None = typer.Option(None, metavar="YYYY-MM-DD", help="The first day."),
    until: str | None = typer.Option(None, metavar="YYYY-MM-DD", help="The last day, included."),
    timezone: str = typer.Option("UTC", metavar="ZONE", help="Whose days and months, such as Asia/Shanghai."),
    by: list[str] = typer.Option(
        ["provider,model"], metavar="KEYS", help="provider, model, project, day, status, tag:NAME. Repeatable."
    ),
    format: Format | None = typer.Option(None, help="How to show it. Default: table."),  # noqa: A002 -- the option's name
    json: bool = typer.Option(False, "--json", help="The same as --format json."),
    output: Path | None = typer.Option(None, metavar="FILE", help="Write to FILE instead."),
    currency: Literal["USD", "CNY"] = typer.Option(
        "USD", help="Only accounts billed in it; R1PLAN_<PROVIDER>_CURRENCY=CNY says which those are."
    ),
    strict: bool = typer.Option(False, "--strict", help="Exit with 1 when any line or file could not be used."),
) -> None:
    """Say what the logged requests really cost, at the prices in force at each moment.

    A request belongs to the moment at which it ended, and is priced again from its tokens. What has no known price is
    listed and never counted as 0. Lines that cannot be used are named on stderr and left out; exit code 1: there was
    nothing else.

    Example: r1plan cost-report --month 2025-09 --by day,model
    """
    from r1plan.catalog.load import load_holidays, load_prices
    from r1plan.ledger.months import month_logs
    from r1plan.prices.account import account_currencies
    from r1plan.prices.book import PriceBook
    from r1plan.render.output import columns, note
    from r1plan.render.spend.formats import spend_text
    from r1plan.render.spend.words import nothing_usable, warnings, where_to_look
    from r1plan.report.keys import parse_keys
    from r1plan.report.logs import given_logs, monthly_logs
    from r1plan.report.period import asked_period
    from r1plan.report.query import spend_report
    from r1plan.settings import directories

    if json and format not in (None, "json"):
        raise UsageError(f"--json and --format {format} contradict each other.", "leave one of them out.")
    keys = parse_keys(",".join(by))
    period = asked_period(month, since, until, timezone, now=None if paths else datetime.now(UTC))
    folder = directories().logs
    logs = given_logs(paths) if paths else monthly_logs(folder, period)
    prices = load_prices()
    accounts = account_currencies(prices, os.environ)
    book = PriceBook(prices, load_holidays(), accounts)
    found = set(logs) - set(paths or ())
    report = spend_report(logs, period, keys, book, currency=currency, accounts=accounts, found=found)
    _write(spend_text(report, "json" if json else format or "table", columns()), output)
    for line in warnings(report):
        note(line)
    if report.is_nothing_usable:
        raise nothing_usable(report)
    if not report.totals.requests and not paths:
        note(where_to_look(folder, [path.stem for path in month_logs(folder)]))
    if strict and report.lost:
        raise typer.Exit(1)


def _write(text: str, output: Path | None) -> None:
    from r1plan.render.output import to_file, whole

    if output is None:
        whole(text)
    else:
        to_file(output, text)
