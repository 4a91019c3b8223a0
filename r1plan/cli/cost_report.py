"""`r1plan cost-report`: what the logged requests cost."""

from __future__ import annotations

from r1plan.cli.options import spending
from r1plan.errors import UsageError


def command(
    paths: spending.PathsArgument = None,
    month: spending.MonthOption = None,
    since: spending.SinceOption = None,
    until: spending.UntilOption = None,
    timezone: spending.TimezoneOption = "UTC",
    by: spending.ByOption = ["provider,model"],  # noqa: B006 -- typer copies it
    import_: spending.ImportOption = "auto",
    what_if: spending.WhatIfOption = None,
    as_of: spending.AsOfOption = None,
    reconcile: spending.ReconcileOption = None,
    tolerance: spending.ToleranceOption = None,
    budget: spending.BudgetOption = None,
    explain: spending.ExplainOption = False,
    format: spending.FormatOption = None,  # noqa: A002 -- the option's name
    json: spending.JsonOption = False,
    output: spending.OutputOption = None,
    currency: spending.CurrencyOption = "USD",
    engine: spending.EngineOption = "duckdb",
    strict: spending.StrictOption = False,
) -> None:
    """Say what the logged requests really cost, at the prices in force at each moment.

    A request belongs to the moment at which it ended, and is priced again from its tokens. What has no known price is
    listed and never counted as 0. Lines that cannot be used are named on stderr and left out; exit code 1: there was
    nothing else, or a bill of --reconcile is off by more than --tolerance.

    Example: r1plan cost-report --month 2025-09 --by day,model
    """
    from datetime import UTC, datetime

    from r1plan.cli.options.instant import parse_instant
    from r1plan.cli.spend.options import SpendOptions
    from r1plan.cli.spend.show import Shown, show
    from r1plan.report.keys import parse_keys
    from r1plan.report.period import asked_period
    from r1plan.report.spark.session import refuse_unknown

    if json and format not in (None, "json"):
        raise UsageError(f"--json and --format {format} contradict each other.", "leave one of them out.")
    refuse_unknown(engine)
    if budget is not None and currency != "USD":
        raise UsageError(f"--budget is in USD, and --currency {currency} adds up others.", "leave one of them out.")
    now = datetime.now(UTC)
    keys = parse_keys(",".join(by))
    options = SpendOptions(
        period=asked_period(month, since, until, timezone, now=now, is_all_by_default=bool(paths or reconcile)),
        now=now,
        paths=tuple(paths or ()),
        by=keys,
        currency=currency,
        importer=import_,
        what_if=tuple(what_if or ()),
        as_of=None if as_of is None else parse_instant(as_of, now),
        reconcile=tuple(reconcile or ()),
        tolerance_usd=spending.dollars(tolerance, "--tolerance"),
        budget_usd=spending.dollars(budget, "--budget"),
        engine=engine,
        explain=explain,
    )
    file = None if output is None or str(output) == "-" else output
    show(options, Shown(form="json" if json else format, by_json=json, file=file, strict=strict))
