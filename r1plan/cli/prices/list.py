"""`r1plan prices list`: what is offered, the sellers of R1 first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from r1plan.cli.prices.options import At, Json, first_days, instant_of, price_book

if TYPE_CHECKING:
    from r1plan.prices.usage import Usage


def list_offers(
    provider: Annotated[str | None, typer.Option(metavar="P", help="This provider alone.")] = None,
    model: Annotated[
        str | None, typer.Option(metavar="M", help="A part of a model's name; r1: whoever sells R1 or a distill of it.")
    ] = None,
    at: At = "now",
    json: Json = False,
) -> None:
    """Show what is offered, at what price, and what changes next.

    Full R1 comes first, then its distills, then the rest, each with the cheapest first: by what a request costs
    with the model's usual amount of thinking, at the price of that hour.
    """
    from r1plan.market.listing import offered
    from r1plan.plan.quality import thinking_over_r1
    from r1plan.plan.workload import Workload
    from r1plan.render import output

    instant = instant_of(at)
    book, providers = price_book()
    usual = Workload()

    def usage_of(serves: str) -> Usage:
        return usual.usage_at(thinking_over_r1(serves))

    listings = offered(book, providers, usage_of, instant, provider, model, first_days())
    if json:
        from r1plan.render.prices.document import list_document

        output.document(list_document(listings, instant))
        return
    from r1plan.render.prices.terminal import list_lines

    output.lines(list_lines(listings, instant, usual.usage, output.columns()))
