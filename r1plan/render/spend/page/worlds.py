"""What a report's page says of other worlds: a table, the figures of its chart, and what is assumed."""

from __future__ import annotations

from dataclasses import dataclass

from r1plan.money import exact
from r1plan.render.spend.worlds.table import WHAT_IF_HEADS, what_if_cells
from r1plan.render.spend.worlds.words import assumption_text, what_if_text
from r1plan.render.text.sanitize import printable
from r1plan.render.text.units import count
from r1plan.report.spend import SpendReport
from r1plan.report.whatif.values import WhatIf

_DRAWN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class PageWorlds:
    """The worlds as rows under heads, and as sentences, each with what is assumed there.

    The first `drawn` that have a cost are in the chart; `about` says of which they are.
    """

    about: str
    drawn: int
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    told: tuple[tuple[str, tuple[str, ...]], ...]


def page_worlds(report: SpendReport) -> PageWorlds | None:
    """The other worlds of the report; None where it was not asked for any."""
    if not report.what_if:
        return None
    drawable = len(_drawable(report))
    about = "Of the whole period, whatever is chosen above."
    if drawable > _DRAWN:
        about += f" The chart shows the first {_DRAWN} of {count(drawable, 'world')}."
    return PageWorlds(
        about=about,
        drawn=min(drawable, _DRAWN),
        heads=WHAT_IF_HEADS,
        rows=tuple(tuple(what_if_cells(each, report.currency)) for each in report.what_if),
        told=tuple(
            (
                what_if_text(each, report.currency),
                tuple(assumption_text(assumed, report.currency) for assumed in each.assumptions),
            )
            for each in report.what_if
        ),
    )


def worlds_data(report: SpendReport) -> list[list[str | None]]:
    """The worlds of the chart: each one's name, cost, bounds, and what the same requests cost as they were."""
    return [
        [
            printable(each.target),
            *(
                None if amount is None else exact(amount)
                for amount in (each.cost_usd, each.low_usd, each.high_usd, each.instead_usd)
            ),
        ]
        for each in _drawable(report)[:_DRAWN]
    ]


def _drawable(report: SpendReport) -> list[WhatIf]:
    """The worlds with a cost, each once though it may be one of all sellers too."""
    return list({printable(each.target): each for each in report.what_if if each.cost_usd is not None}.values())
