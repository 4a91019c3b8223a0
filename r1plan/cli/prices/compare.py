"""`r1plan prices compare`: every seller for one workload, side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from r1plan.cli.options import planning
from r1plan.cli.prices.options import At, Json, first_days, instant_of, price_book
from r1plan.errors import UsageError

if TYPE_CHECKING:
    from datetime import datetime

    from r1plan.plan.workload import Workload
    from r1plan.render.prices.comparison import Comparison


def compare(
    model: Annotated[
        str | None, typer.Option(metavar="M", help="A part of a model's name; r1: R1 and its distills.")
    ] = None,
    like: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Such a model at every seller, or the nearest that it has. Default: R1."),
    ] = None,
    requests_per_day: planning.RequestsPerDayOption = None,
    input_tokens: planning.InputTokensOption = 1000,
    cache_hit: planning.CacheHitOption = 0.0,
    thinking_tokens: planning.ThinkingTokensOption = 4700,
    answer_tokens: planning.AnswerTokensOption = 700,
    from_logs: planning.FromLogsOption = None,
    at: At = "now",
    json: Json = False,
) -> None:
    """Set all sellers side by side for a workload: what a month costs at its hours, and who cannot do it.

    A month has its peak hours, weekends and holidays, and price changes that are known by now. Models that think longer
    than R1 are billed for it. Amounts in different currencies are never compared.
    """
    from r1plan.plan.workload import Workload
    from r1plan.render import output

    if model is not None and like is not None:
        raise UsageError(f"--model {model} and --like {like} cannot both be meant.", "leave one of them out.")
    workload = Workload(
        requests_per_day=requests_per_day,
        input_tokens=input_tokens,
        cache_hit_share=cache_hit,
        thinking_tokens=thinking_tokens,
        answer_tokens=answer_tokens,
    )
    found = _comparison(workload, from_logs, instant_of(at), model, like)
    if json:
        from r1plan.catalog.priors import load_priors
        from r1plan.plan.month.answers import ServedSpeed
        from r1plan.render.prices.comparison_document import comparison_document

        output.document(comparison_document(found, ServedSpeed.assumed(load_priors().provider_speed)))
        return
    from r1plan.render.prices.comparison import comparison_lines

    output.lines(comparison_lines(found, output.columns()))


def _comparison(
    workload: Workload, from_logs: str | None, at: datetime, model: str | None, like: str | None
) -> Comparison:
    """The sellers of what is asked for, in the month from `at` on."""
    from r1plan.catalog.load import load_models
    from r1plan.catalog.served_scores import load_served_scores
    from r1plan.cli.from_logs import compared_work
    from r1plan.market.month import WeightedUsage, month_hours
    from r1plan.market.sellers import LIKE_R1, sellers
    from r1plan.plan.month.usages import usages_of
    from r1plan.render.prices.comparison import Comparison

    asked = compared_work(workload, from_logs)
    demand = asked.demand
    hours = month_hours(demand.hour_shares, demand.timezone, at, demand.hours_basis)
    book, providers = price_book()

    def usages(serves: str) -> tuple[WeightedUsage, ...]:
        return usages_of(demand, serves, asked.own)

    alike = like or LIKE_R1
    found = sellers(
        book,
        providers,
        usages,
        hours,
        demand.requests_per_day,
        at,
        model=model,
        like=_meant(alike),
        released=first_days(),
    )
    return Comparison(
        sellers=found,
        at=at,
        asked=asked,
        like=None if model else alike,
        models=load_models(),
        served=load_served_scores(),
    )


def _meant(like: str) -> str | tuple[str, ...]:
    """The models of the catalogue that `like` means, as --model takes it ("8b"), else what sellers call so."""
    from r1plan.catalog.load import load_models
    from r1plan.errors import R1PlanError
    from r1plan.market.sellers import LIKE_R1
    from r1plan.models.names import find_models

    if like.casefold() == LIKE_R1:
        return like
    try:
        return find_models(load_models(), like).ids
    except R1PlanError:
        return like
