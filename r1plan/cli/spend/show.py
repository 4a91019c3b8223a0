"""Makes the report that was asked for, and shows it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING

from r1plan.errors import UsageError
from r1plan.render.spend.formats import Format

if TYPE_CHECKING:
    from r1plan.catalog.price import Currency
    from r1plan.cli.spend.options import SpendOptions
    from r1plan.cli.spend.reconcile import AskedBills
    from r1plan.prices.book import PriceBook
    from r1plan.report.question import SpendQuestion
    from r1plan.report.sources.given import Given
    from r1plan.report.spend import SpendReport


# The forms that tell more than figures.
_TOLD = frozenset({"table", "md", "json", "html"})
# Those of one table, which has no place for what a bill says.
_WITHOUT_BILLS = frozenset({"csv", "parquet", "focus"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """How a report is shown: on stdout or in `file`; `strict` lets lost lines fail it.

    `form` None: the one that the name of `file` says, else a table. `by_json`: --json said it.
    """

    form: Format | None = None
    by_json: bool = False
    file: Path | None = None
    strict: bool = False


def show(options: SpendOptions, how: Shown) -> None:
    """Print or write the report of `options`, and say on stderr what is wrong with the logs.

    Raises typer.Exit with the exit code where it is not 0, LogError where nothing in the logs can be used.
    """
    import typer

    from r1plan.render.output import note
    from r1plan.render.spend.formats import chosen_format, refuse_what_if
    from r1plan.render.spend.reconcile import reconcile_notes
    from r1plan.render.spend.warnings import warnings
    from r1plan.render.spend.words import nothing_usable
    from r1plan.report.logs import monthly_logs
    from r1plan.report.sources.given import given_files
    from r1plan.settings import directories

    form = chosen_format(how.form, how.file, by_json=how.by_json)
    if options.what_if:
        refuse_what_if(form)
    logs = given_files(options.paths) if options.paths else monthly_logs(directories().logs, options.period)
    _refuse_overwriting(how.file, logs)
    report = _report(options, logs, form)
    _write(report, form, how.file)
    if form in _WITHOUT_BILLS:
        for line in reconcile_notes(report.reconcile):
            note(line)
    for line in warnings(report):
        note(line)
    if report.is_nothing_usable:
        raise nothing_usable(report)
    if (hint := _hint(report, options)) is not None:
        note(hint)
    if code := _exit_code(report, is_strict=how.strict):
        raise typer.Exit(code)


def _report(options: SpendOptions, logs: Sequence[Given], form: Format) -> SpendReport:
    """The report over `logs`, to be shown as `form`: the one that is kept, where it hangs on closed logs alone."""
    from r1plan.catalog.load import load_holidays, load_prices
    from r1plan.cli.spend.reconcile import asked_bills
    from r1plan.cli.spend.waiting import waiting
    from r1plan.prices.account import account_currencies
    from r1plan.prices.book import PriceBook
    from r1plan.report.store.kept import kept_report

    prices = load_prices()
    accounts = account_currencies(prices, os.environ)
    book = PriceBook(prices, load_holidays(), accounts)
    bills = asked_bills(options, book)
    if bills.accounts:
        accounts = {**accounts, **bills.accounts}
        book = PriceBook(prices, load_holidays(), accounts)

    def made() -> SpendReport:
        from r1plan.report.query import spend_report

        return spend_report(_question(options, logs, form, bills, book, accounts))

    with waiting(logs):
        if _hangs_on_more(options):
            report = made()
            return replace(report, warnings=(*report.warnings, *bills.warnings))
        # What is advised holds for a day: prices begin and end.
        question = repr((replace(options, now=datetime.combine(options.now, time(), UTC), paths=()), form, accounts))
        return kept_report(question, logs, options.now, made)


def _question(
    options: SpendOptions,
    logs: Sequence[Given],
    form: Format,
    bills: AskedBills,
    book: PriceBook,
    accounts: Mapping[str, Currency],
) -> SpendQuestion:
    """What `options` ask of `logs`, at the prices of `book`, which was told of `accounts`."""
    from r1plan.cli.spend.sellers import sellers_by_name
    from r1plan.cli.spend.what_if import what_if_question
    from r1plan.render.spend.formats import detail_of
    from r1plan.report.question import SpendInquiry, SpendQuestion
    from r1plan.report.sources.given import STDIN
    from r1plan.settings import directories

    named = {Path(each) for each in options.paths} | {STDIN}
    return SpendQuestion(
        logs,
        options.period,
        options.by,
        book,
        currency=bills.currency,
        accounts=accounts,
        found={each for each in logs if isinstance(each, Path) and each not in named},
        importer=None if options.importer == "auto" else options.importer,
        sellers=sellers_by_name,
        detail=detail_of(form),
        what_if=what_if_question(options, book),
        inquiry=SpendInquiry(
            now=options.now,
            budget_usd=options.budget_usd,
            has_findings=form in _TOLD,
            is_explained=options.explain,
        ),
        reconcile=bills.question,
        rows_in=directories().cache / "rows",
        engine=options.engine,
    )


def _exit_code(report: SpendReport, *, is_strict: bool) -> int:
    """4 where the budget is passed, 1 where a bill is off by too much or lost lines are to fail, else 0."""
    if report.budget is not None and report.budget.is_over:
        return 4
    is_off = not all(each.is_within_tolerance for each in report.reconcile)
    return 1 if is_off or (is_strict and report.lost) else 0


def _hangs_on_more(options: SpendOptions) -> bool:
    """Whether the report hangs on more than the logs and the catalogue: a bill, or the machine that it is asked on.

    Who asks a cluster wants its own answer.
    """
    return (
        options.engine != "duckdb"
        or bool(options.reconcile)
        or any(world.strip().casefold().startswith("local:") for world in options.what_if)
    )


def _refuse_overwriting(output: Path | None, logs: Iterable[object]) -> None:
    """Raise UsageError where the report would be written over a log that it is made of."""
    if output is None or not output.exists():
        return
    for log in logs:
        if isinstance(log, Path) and log.exists() and output.samefile(log):
            raise UsageError(f"--output {output} is one of the logs that are read.", "give the report another name")


def _hint(report: SpendReport, options: SpendOptions) -> str | None:
    """Where to look when the period has no request."""
    from r1plan.ledger.months import month_logs
    from r1plan.render.spend.words import not_begun, where_held, where_to_look
    from r1plan.settings import directories

    if report.first_at is not None:
        return None
    if options.period.start is not None and options.period.start > options.now:
        return not_begun(report)
    if not options.paths:
        folder = directories().logs
        return where_to_look(folder, [path.stem for path in month_logs(folder)])
    if any(each.kind == "other_currency" for each in report.warnings):
        return None  # that says what to add
    return None if report.held_at is None else where_held(report.held_at, options.period.timezone)


def _write(report: SpendReport, form: Format, output: Path | None) -> None:
    from r1plan.render.output import binary, columns, to_file, whole
    from r1plan.render.spend.formats import spend_bytes, spend_text

    if form == "parquet":
        content: str | bytes = spend_bytes(report)
    else:
        content = spend_text(report, form, columns(), _command())
    if output is not None:
        to_file(output, content)
    elif isinstance(content, bytes):
        binary(content)
    else:
        whole(content)


def _command() -> str:
    """What was typed, for a page that says what made it."""
    import shlex
    import sys

    return shlex.join(["r1plan", *sys.argv[1:]])
