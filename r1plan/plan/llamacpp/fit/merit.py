"""Which of two layouts of one model at one quant is the better: what the choice asks for, in its order."""

from __future__ import annotations

from typing import NamedTuple

from r1plan.plan.llamacpp.settings import USUAL_UBATCH, EngineSettings
from r1plan.plan.pins import KvType

_FINE_CACHES: frozenset[KvType] = frozenset({"f32", "f16", "bf16", "q8_0"})
_WHOLE_CACHES: frozenset[KvType] = frozenset({"f32", "f16", "bf16"})
# Each step to a coarser cache or a smaller micro-batch must make a token this much faster, or it is not taken.
_WORTH_A_STEP = 1.05


class LayoutMerit(NamedTuple):
    """The most important first; the greater is the better.

    `holds` is the share that the context has of one that holds most answers, at most 1, and `fine_cache` that it is of
    8 bits or more. `in_time`: a typical answer comes within the patience. `pace` is its seconds, below zero, where each
    step to coarser settings counts as 5 % slower.
    """

    holds: float
    fine_cache: bool
    in_time: bool
    pace: float


NO_LAYOUT = LayoutMerit(-1.0, False, False, float("-inf"))


def layout_merit(
    settings: EngineSettings, seconds: float, patience_s: float, context: int, wanted_context: int
) -> LayoutMerit:
    """That of a layout which answers in `seconds`, with `context` tokens where `wanted_context` hold most answers."""
    return LayoutMerit(
        holds=min(context / wanted_context, 1.0),
        fine_cache=has_fine_cache(settings),
        in_time=seconds <= patience_s,
        pace=-seconds * _WORTH_A_STEP ** steps_down(settings),
    )


def has_fine_cache(settings: EngineSettings) -> bool:
    """Whether the cache has 8 bits or more."""
    return settings.kv_type in _FINE_CACHES


def steps_down(settings: EngineSettings) -> int:
    """How many steps `settings` are below a whole cache and the default micro-batch."""
    halvings, n_ubatch = 0, settings.n_ubatch
    while n_ubatch < USUAL_UBATCH:
        halvings, n_ubatch = halvings + 1, 2 * n_ubatch
    return halvings + (settings.kv_type not in _WHOLE_CACHES)
