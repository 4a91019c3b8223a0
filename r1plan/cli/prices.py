"""`r1plan prices`: what is offered at what price, one price, one request's cost, and a check of the price files."""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from r1plan.errors import R1PlanError

if TYPE_CHECKING:
    from r1plan.catalog.provider import Provider
    from r1plan.market.quote import Quote
    from r1plan.prices.book import PriceBook

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    help="Show what is offered at what price this hour, what a request costs, and check the price files.",
    epilog="Example: r1plan prices list --model r1",
    context_settings={"help_option_names": ["-h", "--help"]},
)

STALE_DAYS = 90

At = Annotated[str, typer.Option("--at", metavar="INSTANT", help="Such as 2025-09-05T16:00:00Z, a day, or now.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
ProviderName = Annotated[str, typer.Argument(metavar="PROVIDER", help="A provider's id, such as deepseek.")]
ModelName = Annotated[str, typer.Argument(metavar="MODEL", help="The id or an alias, as the provider spells it.")]
InCurrency = Annotated[
    Literal["USD", "CNY"] | None,
    typer.Option(help="The currency of your account there. [default: R1PLAN_<PROVIDER>_CURRENCY, or USD]"),
]


@app.command("list", epilog="Example: r1plan prices list --model r1")
def list_(
    provider: Annotated[str | None, typer.Option(metavar="P", help="This provider alone.")] = None,
    model: Annotated[
        str | None, typer.Option(metavar="M", help="A part of a model's name; r1: whoever sells R1 or a distill of it.")
    ] = None,
    at: At = "now",
    json: Json = False,
) -> None:
    """Show what is offered, at what price, and what changes next.

    Full R1 comes first, then its distills, then the rest, each with the cheapest first: by what a request with R1's
    usual amount of thinking would cost.
    """
    from r1plan.market.listing import offered
    from r1plan.plan.workload import Workload
    from r1plan.prices.usage import Usage
    from r1plan.render import output

    instant = _instant(at)
    book, providers = _book(None, None)
    usual = Workload()
    usage = Usage(input_tokens=usual.input_tokens, cache_hit_tokens=0, output_tokens=usual.output_tokens)
    listings = offered(book, providers, usage, instant, provider, model)
    if json:
        from r1plan.render.prices.document import list_document

        output.document(list_document(listings, instant))
        return
    from r1plan.render.prices.terminal import list_lines

    for line in list_lines(listings, instant, usage, _width()):
        print(line)


@app.command("show", epilog="Example: r1plan prices show deepseek deepseek-flash --at 2026-11-24T07:00:00Z")
def show(
    provider: ProviderName,
    model: ModelName,
    at: At = "now",
    input_tokens: Annotated[
        int | None, typer.Option("--input", metavar="N", min=0, help="For a request of N tokens, where length matters.")
    ] = None,
    currency: InCurrency = None,
    json: Json = False,
) -> None:
    """Show one price, its basis and when it changes next.

    Exit code 1: it was not offered then, or its price then is not known.
    """
    from r1plan.render import output

    found, providers = _quote(provider, model, _instant(at), input_tokens, currency)
    if json:
        from r1plan.render.prices.document import price_document

        output.document(price_document(found))
        raise typer.Exit(0 if found.price else 1)
    if found.price is None:
        raise _absent(found, providers)
    from r1plan.render.prices.price import show_lines

    for line in show_lines(found, found.price, _width()):
        print(line)


@app.command("cost", epilog="Example: r1plan prices cost deepseek deepseek-flash --input 2000 --output 5400")
def cost(
    provider: ProviderName,
    model: ModelName,
    input_tokens: Annotated[int, typer.Option("--input", metavar="N", min=0, help="Input tokens, cached ones too.")],
    output_tokens: Annotated[int, typer.Option("--output", metavar="N", min=0, help="Output tokens, thinking too.")],
    cache_hit: Annotated[
        int | None, typer.Option("--cache-hit", metavar="N", min=0, help="Input tokens from the cache.")
    ] = None,
    thinking: Annotated[int | None, typer.Option(metavar="N", min=0, help="Output tokens that were thinking.")] = None,
    at: At = "now",
    currency: InCurrency = None,
    json: Json = False,
) -> None:
    """Say what one request costs, thinking and answer apart.

    What is not given is unknown: input is then billed as fresh, and output is not split. Exit code 1: there is no
    price.
    """
    from r1plan.prices.cost import cost_of
    from r1plan.prices.usage import Usage
    from r1plan.render import output

    found, providers = _quote(provider, model, _instant(at), input_tokens, currency)
    usage = Usage(
        input_tokens=input_tokens, output_tokens=output_tokens, cache_hit_tokens=cache_hit, thinking_tokens=thinking
    )
    sum_of = cost_of(usage, found.price.per_token) if found.price else None
    if json:
        from r1plan.render.prices.document import cost_document

        output.document(cost_document(found, sum_of))
        raise typer.Exit(0 if found.price else 1)
    if found.price is None or sum_of is None:
        raise _absent(found, providers)
    from r1plan.render.prices.price import cost_lines, flag_lines

    for line in cost_lines(found, found.price, sum_of, _width()):
        print(line)
    for line in flag_lines(sum_of.flags):
        output.note(line)


@app.command("check", epilog="Example: r1plan prices check my-prices/deepseek.yaml")
def check(
    path: Annotated[
        Path | None, typer.Argument(metavar="[PATH]", help="A price file or a folder of them; all in use by default.")
    ] = None,
    at: At = "now",
    stale_days: Annotated[
        int, typer.Option(metavar="N", min=0, help="Note a list last checked more than N days ago.")
    ] = STALE_DAYS,
) -> None:
    """Find overlaps, gaps, floats and stale checks in price files.

    Exit code 1 when there is an error; notes alone do no harm.
    """
    from r1plan.catalog.price_files import check_prices
    from r1plan.render.prices.terminal import check_lines

    found = check_prices(path, _instant(at), stale_days)
    for line in check_lines(found):
        print(line)
    if found.has_errors:
        raise typer.Exit(1)


def _instant(text: str) -> datetime:
    from r1plan.cli.options.instant import parse_instant

    return parse_instant(text, datetime.now(UTC).replace(microsecond=0))


def _book(provider: str | None, currency: str | None) -> tuple[PriceBook, dict[str, Provider]]:
    """The price book, each account in its own currency, and the providers."""
    from r1plan.catalog.load import load_holidays, load_prices, load_providers
    from r1plan.prices.account import account_currencies, currency_named
    from r1plan.prices.book import PriceBook

    providers, lists = load_providers(), load_prices()
    currencies = account_currencies({*providers, *lists}, os.environ)
    if provider is not None and currency is not None:
        currencies[provider] = currency_named(currency, "--currency")
    return PriceBook(lists, load_holidays(), currencies), providers


def _quote(
    provider: str, model: str, at: datetime, input_tokens: int | None, currency: str | None
) -> tuple[Quote, dict[str, Provider]]:
    from r1plan.market.quote import quote

    book, providers = _book(provider, currency)
    return quote(book, providers, provider, model, at, input_tokens), providers


def _absent(found: Quote, providers: dict[str, Provider]) -> R1PlanError:
    """The error for a model that has no price then."""
    from r1plan.market.quote import sellers_of_r1
    from r1plan.render.prices.price import absence_hint, absence_text

    sellers = sellers_of_r1(providers.values(), found.at) if found.absence == "ended" else ()
    return R1PlanError(absence_text(found), absence_hint(found, sellers))


def _width() -> int:
    """Columns of the terminal; 120 where the output goes elsewhere."""
    return shutil.get_terminal_size((120, 24)).columns
