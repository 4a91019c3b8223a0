"""How long a context is aimed at, and how long one may be."""

from __future__ import annotations

from typing import NamedTuple

from r1plan.plan.choice.patience import context_for
from r1plan.plan.pins import Pins
from r1plan.plan.workload import CONTEXT_GOAL, CONTEXT_LEAST, Workload
from r1plan.units import pad

CONTEXT_SHOWN = 1024  # a context that nobody asked for is a whole multiple of this


class Contexts(NamedTuple):
    """The shortest context that is any use, the one aimed at, the one that is enough to show, and the longest."""

    least: int
    goal: int
    shown: int
    most: int


def contexts_of(pins: Pins, workload: Workload, thinking_over_r1: float, model_context: int) -> Contexts:
    """The contexts of a model that reads at most `model_context` tokens and thinks so many times as long as R1.

    Aimed at is one that holds most answers.
    """
    if pins.context is not None:
        return Contexts(pins.context, pins.context, pins.context, max(model_context, pins.context))
    goal = min(pad(context_for(workload, thinking_over_r1), CONTEXT_SHOWN), model_context)
    least = min(CONTEXT_LEAST, model_context)
    return Contexts(least, max(goal, least), min(max(CONTEXT_GOAL, goal), model_context), model_context)


def context_within(contexts: Contexts, most: int) -> int:
    """The largest up to what is shown and `most`, in whole thousands, never below the least."""
    return max(min(most, contexts.shown) // CONTEXT_SHOWN * CONTEXT_SHOWN, contexts.least)
