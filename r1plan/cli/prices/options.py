"""What the commands of `r1plan prices` have in common: options, and what they ask the catalogue."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from datetime import date

    from r1plan.catalog.provider import Provider
    from r1plan.errors import R1PlanError
    from r1plan.market.quote import Quote
    from r1plan.prices.book import PriceBook

At = Annotated[str, typer.Option("--at", metavar="INSTANT", help="Such as 2025-09-05T16:00:00Z, a day, or now.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
ProviderName = Annotated[str, typer.Argument(metavar="PROVIDER", help="A provider's id, such as deepseek.")]
ModelName = Annotated[str, typer.Argument(metavar="MODEL", help="The id or an alias, as the provider spells it.")]
InCurrency = Annotated[
    Literal["USD", "CNY"] | None,
    typer.Option(help="The currency of your account there. [default: R1PLAN_<PROVIDER>_CURRENCY, or USD]"),
]


def instant_of(text: str) -> datetime:
    """The instant that `--at` names. Raises UsageError."""
    from r1plan.cli.options.instant import parse_instant

    return parse_instant(text, datetime.now(UTC))


def price_book(provider: str | None = None, currency: str | None = None) -> tuple[PriceBook, dict[str, Provider]]:
    """The price book, each account in its own currency, and the providers. `currency` is that of `provider`."""
    from r1plan.catalog.load import load_holidays, load_prices, load_providers
    from r1plan.prices.account import account_currencies, currency_named
    from r1plan.prices.book import PriceBook

    providers, lists = load_providers(), load_prices()
    currencies = account_currencies({*providers, *lists}, os.environ)
    if provider is not None and currency is not None:
        currencies[provider] = currency_named(currency, "--currency")
    return PriceBook(lists, load_holidays(), currencies), providers


def first_days() -> dict[str, date]:
    """When each model of the catalogue was published, by `model_key`."""
    from r1plan.catalog.load import load_models
    from r1plan.catalog.provider import model_key

    return {model_key(each.id): each.released for each in load_models().values()}


def quoted(
    provider: str, model: str, at: datetime, input_tokens: int | None, currency: str | None
) -> tuple[Quote, dict[str, Provider]]:
    """What `model` costs then, and the providers. Raises NotFound."""
    from r1plan.market.quote import quote

    book, providers = price_book(provider, currency)
    return quote(book, providers, provider, model, at, input_tokens), providers


def no_price_error(found: Quote, providers: dict[str, Provider]) -> R1PlanError:
    """The error for a model that has no price then."""
    from r1plan.errors import R1PlanError
    from r1plan.market.quote import launch_of, sellers_of_r1
    from r1plan.render.prices.words import absence_hint, absence_text

    sellers = sellers_of_r1(providers.values(), found.at) if found.absence == "ended" else ()
    successor = found.offer.successor if found.offer else None
    launch = None
    if successor and found.provider in providers:
        launch = launch_of(successor, providers[found.provider], found.at)
    return R1PlanError(absence_text(found), absence_hint(found, sellers, launch))
