"""`r1plan prices verify`: ask providers what they charge, and show where the price book differs."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from r1plan.cli.prices.options import Json, price_book

if TYPE_CHECKING:
    from r1plan.catalog.provider import Provider, PublishedPrices
    from r1plan.market.verification import AskedProvider
    from r1plan.prices.book import PriceBook


def verify(
    provider: Annotated[str | None, typer.Option(metavar="P", help="This provider alone.")] = None,
    write: Annotated[
        bool, typer.Option("--write", help="Add a dated row to your own price file for each price that differs.")
    ] = False,
    json: Json = False,
) -> None:
    """Ask the providers that publish prices in their list of models, and show where the book differs.

    Those are DeepInfra, Novita AI, OpenRouter and Together AI, and whichever of your own say where they publish them.
    Nothing is sent but the request for that list, with your key where you have one. --write adds rows that hold from
    now on; no row is changed, but for the end that one of yours gets where it still holds.

    Exit code 1 when a price differs and was not written, or when nobody could be asked.
    """
    from r1plan.market.listing import same_provider
    from r1plan.render import output
    from r1plan.render.prices.verified import verified_document, verified_lines

    book, providers = price_book()
    publishing = {each.id: each for each in providers.values() if each.published_prices}
    if provider is not None:
        chosen = same_provider(provider, book, providers)
        if chosen not in publishing:
            raise _publishes_none(providers[chosen].name if chosen in providers else chosen, publishing)
        publishing = {chosen: publishing[chosen]}
    at = datetime.now(UTC)
    asked = [_asked(each, where, book, at) for each in publishing.values() if (where := each.published_prices)]
    failed = [each.error for each in asked if each.error is not None]
    if len(failed) == len(asked) == 1:
        raise failed[0]
    if write:
        asked = [_written(each) for each in asked]
    if json:
        output.document(verified_document(asked))
    else:
        output.lines(verified_lines(asked, output.columns(), wrote=write))
    if len(failed) == len(asked) or any({each.model for each in one.differing} - set(one.written) for one in asked):
        raise typer.Exit(1)


def _asked(provider: Provider, where: PublishedPrices, book: PriceBook, at: datetime) -> AskedProvider:
    from r1plan.engine.http.listed import listed_models
    from r1plan.errors import ProviderError
    from r1plan.market.published import differences, published_rates
    from r1plan.market.verification import AskedProvider
    from r1plan.settings import directories

    try:
        url, listed = listed_models(provider, where, os.environ, directories().config)
        published = published_rates(listed, where)
        if published is None:
            raise ProviderError(f"{provider.name} answered no list of models.", f"it was asked at {url}")
    except ProviderError as error:
        return AskedProvider(provider=provider.id, name=provider.name, at=at, error=error)
    found = differences(provider, published, book, at)
    return AskedProvider(provider=provider.id, name=provider.name, at=at, url=url, listed=len(published), found=found)


def _written(each: AskedProvider) -> AskedProvider:
    """`each`, once the rows that its differences make are written."""
    from dataclasses import replace

    from r1plan.catalog.prices.additions import AddedPrice, add_prices
    from r1plan.errors import CatalogError
    from r1plan.market.published import worth_writing
    from r1plan.settings import directories

    rows = [
        AddedPrice(
            model=model,
            input=rates.input,
            cache_hit=rates.cache_hit,
            output=rates.output,
            seen_at=each.at,
            source=f"{each.url}, {each.at:%Y-%m-%d}",
            note="added by r1plan prices verify --write; it may have begun earlier",
        )
        for model, rates in worth_writing(each.found)
    ]
    if not rows:
        return each
    try:
        file = add_prices(directories().config / "pricing", each.provider, each.name, rows)
    except OSError as error:
        raise CatalogError(
            f"the prices of {each.name} cannot be written: {error.strerror or error}.", f"{error.filename or ''}"
        ) from None
    return replace(each, written=tuple(row.model for row in rows), file=file)


def _publishes_none(name: str, publishing: dict[str, Provider]) -> Exception:
    from r1plan.errors import UsageError

    return UsageError(f"{name} publishes no prices that a program could read.", f"{', '.join(sorted(publishing))} do")
