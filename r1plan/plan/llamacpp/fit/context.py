"""How long a context is aimed at, and how long one may be."""

from __future__ import annotations

from typing import NamedTuple

from r1plan.plan.pins import Pins
from r1plan.plan.workload import CONTEXT_GOAL, CONTEXT_LEAST

CONTEXT_SHOWN = 1024  # a context that nobody asked for is a whole multiple of this


class Contexts(NamedTuple):
    """The shortest context that is any use, the one aimed at, and the longest."""

    least: int
    goal: int
    most: int


def contexts_of(pins: Pins, model_context: int) -> Contexts:
    """The contexts of a model that reads at most `model_context` tokens."""
    if pins.context is not None:
        return Contexts(pins.context, pins.context, max(model_context, pins.context))
    return Contexts(min(CONTEXT_LEAST, model_context), min(CONTEXT_GOAL, model_context), model_context)


def context_within(pins: Pins, most: int, model_context: int) -> int:
    """The asked context; else the largest up to the goal and `most`, in whole thousands, never below the least."""
    if pins.context is not None:
        return pins.context
    return max(min(most, CONTEXT_GOAL) // CONTEXT_SHOWN * CONTEXT_SHOWN, min(CONTEXT_LEAST, model_context))
