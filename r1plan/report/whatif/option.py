"""An option of one's own machine, as a replay asks for it and is given it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from r1plan.plan.capacity.capacity import Capacity
from r1plan.plan.cost.power import PowerDraw
from r1plan.plan.cost.terms import OwnTerms
from r1plan.plan.month.demand import Demand


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalOption:
    """What a plan chose for the machine: which model of the catalogue, its type of weights, and what that serves.

    `tok_s` is what a request gets that is alone. `cards` are those that the machine has; it is this one, or
    the one that `machine` names.
    """

    model: str
    quant: str
    engine: str
    context: int
    tok_s: float
    cards: int
    capacity: Capacity
    draw: PowerDraw | None
    terms: OwnTerms
    machine: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalQuestion:
    """How options of one's own machine are planned: `option_of` takes what was asked for and the demand.

    It gives None where nothing of that fits. `assumed` is the month that is taken where a log says too little.
    """

    assumed: Demand
    option_of: Callable[[str, Demand], LocalOption | None]
