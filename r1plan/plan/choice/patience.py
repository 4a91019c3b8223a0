"""How long an answer may take, and how much energy: what the four objectives are."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from r1plan.plan.workload import CONTEXT_GOAL, Objective, Workload

# How many minutes a typical answer may take. Two are waited for at the screen, a quarter of an hour while one does
# something else, and three hours are an errand. `cost` waits as `balanced` does.
PATIENCE_MIN: Mapping[Objective, float] = MappingProxyType(
    {"speed": 2.0, "balanced": 15.0, "quality": 180.0, "cost": 15.0}
)
# What comes in this share of the patience is quick enough: of one model's quants the finer is then worth more than the
# faster.
QUICK = 1 / 3
# What an answer may take for `cost`, where the power of the cards is known: about 0.2 cents of electricity.
MOST_WH_AN_ANSWER = 10.0
# A context holds most answers where it has room for so many times the typical thinking. Assumed: lengths are published
# as means, and R1's own evaluations allow 32,768 tokens.
_MOST_ANSWERS_OVER_TYPICAL = 3


def patience_min(workload: Workload) -> float:
    """How many minutes a typical answer may take: those asked for, else the objective's."""
    return PATIENCE_MIN[workload.objective] if workload.patience_min is None else workload.patience_min


def context_for(workload: Workload, thinking_over_r1: float) -> int:
    """The tokens of context that hold most answers of a model that thinks so many times as long as R1."""
    thinking = _MOST_ANSWERS_OVER_TYPICAL * workload.thinking_of(thinking_over_r1)
    return workload.input_tokens + min(thinking + workload.answer_tokens, CONTEXT_GOAL)
