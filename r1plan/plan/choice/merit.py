"""The rule of the choice: the best published quality whose typical answer comes within the patience.

Options are compared field by field, and no field is weighed against another. So no option changes how two others stand,
and whatever makes a machine larger or faster can only add options within the patience, or bring some nearer.
"""

from __future__ import annotations

from typing import NamedTuple, get_args

from r1plan.plan.answer import answer_seconds
from r1plan.plan.choice.chosen import MeritField
from r1plan.plan.choice.patience import MOST_WH_AN_ANSWER, QUICK, patience_min
from r1plan.plan.plan import PlannedOption
from r1plan.plan.workload import Workload
from r1plan.units import S_A_HOUR, S_A_MINUTE

# Where no power limit is known: a desktop computer under load, assumed.
_UNKNOWN_WATTS = 150.0
_FIELDS: tuple[MeritField, ...] = get_args(MeritField)


class Merit(NamedTuple):
    """How an option stands, the most important first; the greater is the better.

    `offered`: its files are to be had. `holds` is the share that its context has of one that holds most answers, at
    most 1. `fine_cache`: the cache has 8 bits or more. `usable`: the quant is not too coarse. `within`: a typical
    answer comes within the patience, and for `cost` within its energy. `quality` is the index of one within, else 0.
    `as_model`: the quant counts as the model itself. `quick`: an answer takes so small a part of the patience, and
    from the cards alone, that a finer quant is worth more than a faster one; `little_lost` is then what it loses, below
    zero. `pace` is seconds
    an answer, or watt-hours for `cost`, below zero.
    """

    offered: bool
    holds: float
    fine_cache: bool
    usable: bool
    within: bool
    quality: float
    as_model: bool
    quick: bool
    little_lost: int
    pace: float


def merit_of(
    option: PlannedOption, workload: Workload, *, wanted_context: int, offered: bool, fine_cache: bool, mixed: bool
) -> Merit:
    """The merit of `option`; what an engine alone knows of it is given. `wanted_context` holds most answers.

    `mixed`: part of it lies beside the cards that it uses.
    """
    quality, seconds = option.quality, answer_seconds(option, workload)
    within = _is_within(option, workload, seconds)
    # For `cost` nothing is quick: the cheaper is taken.
    patience_s, by_price = patience_min(workload) * S_A_MINUTE, workload.objective == "cost"
    quick = within and not by_price and not mixed and seconds <= QUICK * patience_s
    return Merit(
        offered=offered,
        holds=min(option.context / wanted_context, 1.0),
        fine_cache=fine_cache,
        usable=quality.quant.usable,
        within=within,
        quality=quality.index if within else 0.0,
        as_model=quality.quant.counts_as_model,
        quick=quick,
        little_lost=-quality.quant.per_cent_lost if quick else 0,
        pace=-(_watt_hours(option, seconds) if by_price else seconds),
    )


def first_lost(merit: Merit, choice: Merit) -> MeritField | None:
    """In which field one of that `merit` falls behind the choice; None where it is as good in all that count."""
    differs = next((place for place, each in enumerate(merit) if each != choice[place]), None)
    return None if differs is None or merit[differs] > choice[differs] else _FIELDS[differs]


def is_within(option: PlannedOption, workload: Workload) -> bool:
    """Whether a typical answer comes within the patience, and for `cost` takes no more energy than it may."""
    return _is_within(option, workload, answer_seconds(option, workload))


def most_wh(option: PlannedOption, workload: Workload) -> float | None:
    """The watt-hours that an answer may take; None where the objective has no price, or the power is not known."""
    return MOST_WH_AN_ANSWER if workload.objective == "cost" and option.draw else None


def watt_hours(option: PlannedOption, workload: Workload) -> float:
    """What a typical answer takes at the cards' power limits, or at a desktop's power where those are not known."""
    return _watt_hours(option, answer_seconds(option, workload))


def _is_within(option: PlannedOption, workload: Workload, seconds: float) -> bool:
    if seconds > patience_min(workload) * S_A_MINUTE:
        return False
    most = most_wh(option, workload)
    return most is None or _watt_hours(option, seconds) <= most


def _watt_hours(option: PlannedOption, seconds: float) -> float:
    return (option.draw.busy_w if option.draw else _UNKNOWN_WATTS) * seconds / S_A_HOUR
