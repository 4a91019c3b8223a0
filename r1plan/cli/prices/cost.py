"""`r1plan prices cost`: what one request costs, thinking and answer apart."""

from __future__ import annotations

from collections.abc import Mapping
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
from r1plan.errors import UsageError


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

    _check_parts({"--thinking": thinking, "--output": output_tokens}, "--output counts the thinking too.")
    _check_parts({"--cache-hit": cache_hit, "--input": input_tokens}, "--input counts what the cache holds too.")
    found, providers = quoted(provider, model, instant_of(at), input_tokens, currency)
    usage = Usage(
        input_tokens=input_tokens, output_tokens=output_tokens, cache_hit_tokens=cache_hit, thinking_tokens=thinking
    )
    total = cost_of(usage, found.price.per_token) if found.price else None
    if json:
        from r1plan.render.prices.document import cost_document

        output.document(cost_document(found, total))
        raise typer.Exit(0 if found.price else 1)
    if found.price is None or total is None:
        raise no_price_error(found, providers)
    from r1plan.render.prices.terminal import cost_lines
    from r1plan.render.prices.words import flag_text

    output.lines(cost_lines(found, found.price, total, output.columns()))
    for flag in total.flags:
        output.note(flag_text(flag))


def _check_parts(given: Mapping[str, int | None], hint: str) -> None:
    """Raise UsageError when the first of the two, a part of the second, is more than it."""
    (part_name, part), (whole_name, whole) = given.items()
    if part is not None and whole is not None and part > whole:
        raise UsageError(f"{part_name} {part} is more than {whole_name} {whole}.", hint)
