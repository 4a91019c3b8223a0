"""The options of `r1plan cost-report`."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

import typer

from r1plan.errors import UsageError
from r1plan.render.spend.formats import Format

PathsArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[PATH]...",
        help="Logs or exports of any tool below: files, folders, patterns, zip, tar, https://, s3://, - for stdin. "
        "Default: your own logs.",
    ),
]
MonthOption = Annotated[
    str | None,
    typer.Option(metavar="YYYY-MM", help="A calendar month, this or last. Default: this one, or all that PATH holds."),
]
SinceOption = Annotated[str | None, typer.Option(metavar="YYYY-MM-DD", help="The first day.")]
UntilOption = Annotated[str | None, typer.Option(metavar="YYYY-MM-DD", help="The last day, included.")]
TimezoneOption = Annotated[str, typer.Option(metavar="ZONE", help="Whose days and months, such as Asia/Shanghai.")]
ByOption = Annotated[
    list[str],
    typer.Option(
        metavar="KEYS",
        help="provider, model, served, project, key, status, month, day, hour-of-clock, tag:NAME. Repeatable.",
    ),
]
FormatOption = Annotated[
    Format | None, typer.Option(help="How to show it. Default: by the name of --output FILE, else a table.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="The same as --format json.")]
OutputOption = Annotated[Path | None, typer.Option(metavar="FILE", help="Write to FILE instead; - is stdout.")]
CurrencyOption = Annotated[
    Literal["USD", "CNY"],
    typer.Option(help="Only accounts billed in it; R1PLAN_<PROVIDER>_CURRENCY=CNY says which those are."),
]
ImportOption = Annotated[
    Literal[
        "auto",
        "r1plan",
        "litellm",
        "openrouter",
        "deepseek",
        "helicone",
        "langfuse",
        "llm",
        "openai",
        "fireworks",
        "otel",
        "opencode",
        "claude-code",
        "dsh",
        "cline",
    ],
    typer.Option(
        "--import",
        metavar="TOOL",
        help="Who wrote them: r1plan, litellm, openrouter, deepseek, helicone, langfuse, llm, openai, fireworks, otel, "
        "opencode, claude-code, dsh, cline. Default: each file is recognised.",
    ),
]
WhatIfOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="WORLD",
        help="What it had cost with PROVIDER/MODEL, all sellers, off-peak, no-cache, max-thinking:N, "
        "local:MODEL[@CARD] or local:PLAN.json, which recommend --json printed.",
    ),
]
AsOfOption = Annotated[
    str | None, typer.Option("--as-of", metavar="WHEN", help="Price --what-if at this instant's prices.")
]
ReconcileOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="EXPORT",
        help="Hold the log against a provider's own figures: DeepSeek's zip, OpenRouter's activity. Repeatable.",
    ),
]
ToleranceOption = Annotated[
    str | None,
    typer.Option(
        metavar="USD",
        help="How far the causes may come to, whatever their sign, beside rounding. Above: exit code 1. Default: 0.01.",
    ),
]
BudgetOption = Annotated[
    str | None,
    typer.Option(metavar="USD", help="What the period may cost; exit code 4 when it cost more for certain."),
]
EngineOption = Annotated[
    str,
    typer.Option(
        metavar="ENGINE",
        help="duckdb, or spark://HOST:PORT for logs that outgrow one machine: Spark reads r1plan's own unpacked "
        "logs, prices and sums. All else is read here and sent.",
    ),
]
ExplainOption = Annotated[bool, typer.Option("--explain", help="Say of every figure where it comes from.")]
StrictOption = Annotated[bool, typer.Option("--strict", help="Exit with 1 when any line or file could not be used.")]


def dollars(text: str | None, option: str) -> Decimal | None:
    """The dollars that `option` says, 0 or more; None without it. Raises UsageError."""
    from r1plan.money import typed_usd

    amount = None if text is None else typed_usd(text)
    if text is not None and amount is None:
        raise UsageError(f"{option}: '{text}' is not an amount.", f"give USD, such as {option} 0.05")
    return amount
