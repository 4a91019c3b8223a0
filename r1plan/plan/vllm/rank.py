"""Which of the options that vLLM could serve is best, and why the others are not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from r1plan.plan.vllm.option import VllmOption, VllmRejection
from r1plan.plan.workload import CONTEXT_ENOUGH, LEAST_TOK_S, Workload

# `balanced`, and `speed` and `cost`, look among options this near the best quality index.
_AS_GOOD_POINTS = 1.0
_GOOD_ENOUGH_POINTS = 10.0

WHY = {
    "balanced": "best balance of quality and speed",
    "quality": "highest quality that fits",
    "speed": "fastest of nearly the best quality",
    "cost": "least energy a token at nearly the best quality",
}


def _best_layout(options: list[VllmOption]) -> VllmOption:
    """Plain tensor parallelism before the special layouts, then the fastest."""
    return max(options, key=lambda option: (option.parallel.data == option.parallel.context == 1, option.tok_s))


def best_of_each(options: list[VllmOption]) -> list[VllmOption]:
    """The best way to share the cards for each model and type."""
    by_id: dict[str, list[VllmOption]] = {}
    for option in options:
        by_id.setdefault(option.id, []).append(option)
    return [_best_layout(same) for same in by_id.values()]


def fast_enough(options: list[VllmOption], workload: Workload) -> tuple[list[VllmOption], list[VllmRejection]]:
    """As plan.rank: the default minimum gives way when nothing reaches it, an asked one does not."""
    least = LEAST_TOK_S[workload.objective] if workload.min_tok_s is None else workload.min_tok_s
    fast = [option for option in options if option.tok_s >= least]
    if not fast and workload.min_tok_s is None:
        return options, []
    kept = {option.id for option in fast}
    slow = {
        option.id: VllmRejection(
            id=option.id,
            why="slow",
            reason=f"about {option.tok_s:.1f} tok/s, slower than {least:.1f}",
            tok_s=option.tok_s,
        )
        for option in sorted(options, key=lambda each: each.tok_s)
        if option.id not in kept
    }
    return fast, list(slow.values())


def ranked(options: list[VllmOption], workload: Workload) -> list[VllmOption]:
    """The best first, those with a context that most answers fit into before all others.

    Among those within a few points of the best quality, `balanced` and `speed` take the fastest and `cost` the one that
    keeps the fewest cards busy for a token.
    """
    ample = [option for option in options if option.context >= CONTEXT_ENOUGH]
    best = max((option.quality.index for option in ample or options), default=0.0)
    within = _AS_GOOD_POINTS if workload.objective == "balanced" else _GOOD_ENOUGH_POINTS

    def rank(option: VllmOption) -> tuple[bool, bool, float]:
        short = bool(ample) and option.context < CONTEXT_ENOUGH
        if workload.objective == "quality" or option.quality.index < best - within:
            return short, workload.objective != "quality", -option.quality.index
        seconds = 1 / option.tok_s
        return short, False, seconds * option.parallel.gpus if workload.objective == "cost" else seconds

    return sorted(options, key=lambda option: (*rank(option), -option.tok_s))


def other_layouts(chosen: VllmOption, options: list[VllmOption]) -> list[VllmOption]:
    """Other ways to serve the chosen model and type: the one with the most users, and the one on the fewest cards."""
    same = [option for option in options if option.id == chosen.id and option.parallel != chosen.parallel]
    same = [option for option in same if option.context >= chosen.context]
    most = max(same, key=lambda option: option.users, default=None)
    fewest = min(same, key=lambda option: option.parallel.gpus, default=None)
    shown = []
    if most is not None and most.users > chosen.users:
        shown.append(most)
    if fewest is not None and fewest.parallel.gpus < chosen.parallel.gpus:
        shown.append(fewest)
    return [replace(option, reason=_beside(option, chosen)) for option in shown]


def different(chosen: VllmOption, others: list[VllmOption]) -> Iterator[VllmOption]:
    """The others in their order, but for those that one shown before beats in quality, speed and users at once."""
    shown = [chosen]
    for option in others:
        if any(
            each.quality.index >= option.quality.index and each.tok_s >= option.tok_s and each.users >= option.users
            for each in shown
        ):
            continue
        shown.append(option)
        yield replace(option, reason=why_else(option, chosen))


def _beside(option: VllmOption, chosen: VllmOption) -> str:
    if option.parallel.data > 1:
        how = "attention on every card, experts spread"
    elif option.parallel.context > 1:
        how = "one cache for all cards"
    else:
        how = "fewer cards" if option.parallel.gpus < chosen.parallel.gpus else "more cards"
    return f"{how}, {option.tok_s / chosen.tok_s:.1f}x the speed"


def why_else(option: VllmOption, choice: VllmOption) -> str:
    """How an option differs from the choice."""
    said = []
    gap = option.quality.index - choice.quality.index
    if abs(gap) >= 0.5:
        said.append("better" if gap > 0 else "less able")
    ratio = option.tok_s / choice.tok_s
    if not 0.95 < ratio < 1.05:
        said.append(f"{ratio:.1f}x the speed")
    return ", ".join(said) or "much the same"
