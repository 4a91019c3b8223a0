"""`r1plan cost-report`: what the logged requests cost."""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import typer

from r1plan.errors import LogError, UsageError

if TYPE_CHECKING:
    from r1plan.report.period import Period
    from r1plan.report.spend import SpendReport

Format = Literal["table", "json", "csv", "md"]


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
    by: str = typer.Option("provider,model", metavar="KEYS", help="provider, model, project, day, status, tag:NAME."),
    format: Format = typer.Option("table", help="How to show it."),  # noqa: A002 -- the option's name
    json: bool = typer.Option(False, "--json", help="The same as --format json."),
    output: Path | None = typer.Option(None, metavar="FILE", help="Write to FILE instead."),
    currency: Literal["USD", "CNY"] = typer.Option(
        "USD", help="Only accounts billed in it; R1PLAN_<PROVIDER>_CURRENCY=CNY says which those are."
    ),
    strict: bool = typer.Option(False, "--strict", help="Exit with 1 when a line or file could not be used."),
) -> None:
    """Say what the logged requests really cost, at the prices in force at each moment.

    A request belongs to the moment at which it ended, and is priced again from its tokens. What has no known price is
    listed and never counted as 0. Lines that cannot be used are named and left out.

    Example: r1plan cost-report --month 2025-09 --by day,model
    """
    from r1plan.catalog.load import load_holidays, load_prices
    from r1plan.prices.account import account_currencies
    from r1plan.prices.book import PriceBook
    from r1plan.render.output import note
    from r1plan.report.keys import parse_keys
    from r1plan.report.logs import given_logs, monthly_logs
    from r1plan.report.query import spend_report
    from r1plan.settings import directories

    keys = parse_keys(by)
    period = _period(month, since, until, timezone, everything=bool(paths))
    folder = directories().logs
    logs = given_logs(paths) if paths else monthly_logs(folder, period)
    prices = load_prices()
    accounts = account_currencies(prices, os.environ)
    book = PriceBook(prices, load_holidays(), accounts)
    report = spend_report(logs, period, keys, book, currency=currency, accounts=accounts)
    _write(_text(report, "json" if json else format), output)
    if not report.totals.requests and not paths:
        note(_where_to_look(folder))
    if strict and report.lost:
        raise typer.Exit(1)


def _period(month: str | None, since: str | None, until: str | None, timezone: str, everything: bool) -> Period:
    from r1plan.ledger.months import month_of
    from r1plan.report.period import Period, from_days, whole_month, zone

    here = zone(timezone)
    if month and (since or until):
        raise UsageError(f"--month {month} and --since or --until cannot both be meant.", "give one of them")
    if since or until:
        return from_days(since, until, timezone)
    if everything and not month:
        return Period(timezone=timezone)
    return whole_month(month or month_of(datetime.now(UTC), here), timezone)


def _text(report: SpendReport, format: Format) -> str:  # noqa: A002
    from r1plan.render.spend.terminal import spend_lines, spend_markdown

    if format == "table":
        return "\n".join(spend_lines(report, shutil.get_terminal_size((120, 24)).columns)) + "\n"
    if format == "md":
        return "\n".join(spend_markdown(report)) + "\n"
    from r1plan.render.spend.document import spend_csv, spend_json

    return spend_csv(report) if format == "csv" else spend_json(report)


def _write(text: str, output: Path | None) -> None:
    if output is None:
        typer.echo(text, nl=False)
        return
    try:
        output.write_text(text, "utf-8")
    except OSError as error:
        raise LogError(f"cannot write {output}: {error.strerror}.") from error


def _where_to_look(folder: Path) -> str:
    from r1plan.ledger.months import month_logs

    months = [path.stem for path in month_logs(folder)]
    if months:
        return f"hint:  {folder} has {', '.join(months[-12:])}: add --month {months[-1]}"
    return f"hint:  {folder} holds no log yet: `r1plan chat` writes one, `r1plan demo` shows a sample month"
