"""`r1plan prices show`: one price, its basis and when it changes next."""

from __future__ import annotations

from typing import Annotated

import typer

from r1plan.cli.prices.options import (
    At,
    InCurrency,
    Json,
    ModelName,
    ProviderName,
    instant_of,
    no_price_error,
    quoted,
)


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

    found, providers = quoted(provider, model, instant_of(at), input_tokens, currency)
    if json:
        from r1plan.render.prices.document import price_document

        output.document(price_document(found))
        raise typer.Exit(0 if found.price else 1)
    if found.price is None:
        raise no_price_error(found, providers)
    from r1plan.render.prices.terminal import show_lines

    output.lines(show_lines(found, found.price, output.columns()))
