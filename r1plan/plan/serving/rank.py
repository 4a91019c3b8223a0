"""Which of the options that could be served is best, and why the others are not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from r1plan.plan.plan import Rejection, difference, least_tok_s
from r1plan.plan.reasons import OtherSharing, RanksBelow, TooSlow
from r1plan.plan.serving.checkpoints import caution
from r1plan.plan.serving.option import ServingOption
from r1plan.plan.workload import CONTEXT_ENOUGH, Workload

# `balanced`, and `speed` and `cost`, look among options this near the best quality index.
_AS_GOOD_POINTS = 1.0
_GOOD_ENOUGH_POINTS = 10.0
# Of one model a type that is this much faster, or holds as many more users, is no other choice.
_NEAR, _NEAR_POINTS = 0.95, 0.5


def _best_layout(options: list[ServingOption]) -> ServingOption:
    """Plain tensor parallelism before the special layouts, whose speed no log shows, then the fastest."""
    return max(options, key=lambda option: (option.parallel.plain, option.tok_s))


def best_of_each(options: list[ServingOption]) -> list[ServingOption]:
    """The best way to share the cards for each model and type."""
    by_id: dict[str, list[ServingOption]] = {}
    for option in options:
        by_id.setdefault(option.id, []).append(option)
    return [_best_layout(same) for same in by_id.values()]


def fast_enough(options: list[ServingOption], workload: Workload) -> tuple[list[ServingOption], list[Rejection]]:
    """The options that reach the minimum speed. The default one gives way when nothing reaches it, an asked one not."""
    least = least_tok_s(workload)
    fast = [option for option in options if option.tok_s >= least]
    if not fast and workload.min_tok_s is None:
        return options, []
    kept = {option.id for option in fast}
    slow = {
        option.id: Rejection(option.id, TooSlow(tok_s=option.tok_s, least_tok_s=least))
        for option in sorted(options, key=lambda each: each.tok_s)
        if option.id not in kept
    }
    return fast, list(slow.values())


def ranked(options: list[ServingOption], workload: Workload) -> list[ServingOption]:
    """The best first, those with a context that most answers fit into before all others, and doubtful checkpoints last.

    Among those within a few points of the best quality, `balanced` and `speed` take the fastest and `cost` the one that
    keeps the fewest cards busy for a token.
    """
    sure = [option for option in options if not _doubtful(option)] or options
    ample = [option for option in sure if option.context >= CONTEXT_ENOUGH]
    best = max((option.quality.index for option in ample or sure), default=0.0)
    within = _AS_GOOD_POINTS if workload.objective == "balanced" else _GOOD_ENOUGH_POINTS

    def rank(option: ServingOption) -> tuple[bool, bool, float]:
        short = bool(ample) and option.context < CONTEXT_ENOUGH
        if workload.objective == "quality" or option.quality.index < best - within:
            return short, workload.objective != "quality", -option.quality.index
        seconds = 1 / option.tok_s
        return short, False, seconds * option.parallel.gpus if workload.objective == "cost" else seconds

    return sorted(options, key=lambda option: (_doubtful(option), *rank(option), -option.tok_s))


def other_layouts(chosen: ServingOption, options: list[ServingOption]) -> list[ServingOption]:
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
    return [replace(option, why=_beside(option, chosen)) for option in shown]


def different(chosen: ServingOption, others: list[ServingOption]) -> Iterator[ServingOption]:
    """The others in their order, but for those that one shown before beats in quality, speed and users at once.

    To one of the same model, as AWQ is to GPTQ, it need only come near. Doubtful checkpoints are shown to who asks.
    """
    shown = [chosen]
    for option in others:
        if any(_beats(each, option) for each in shown) or _doubtful(option):
            continue
        shown.append(option)
        yield replace(option, why=difference(option, chosen))


def _doubtful(option: ServingOption) -> bool:
    return caution(option.model, option.dtype) is not None


def _beats(shown: ServingOption, option: ServingOption) -> bool:
    near, points = (_NEAR, _NEAR_POINTS) if shown.model.id == option.model.id else (1.0, 0.0)
    return (
        shown.quality.index >= option.quality.index - points
        and shown.tok_s >= option.tok_s * near
        and shown.users >= option.users * near
    )


def behind(option: ServingOption, choice: ServingOption) -> Rejection:
    """Why an option that fits is not shown."""
    return Rejection(option.id, RanksBelow(choice_id=choice.id, difference=difference(option, choice)))


def _beside(option: ServingOption, chosen: ServingOption) -> OtherSharing:
    ratio, cards = option.tok_s / chosen.tok_s, option.parallel.gpus
    if option.parallel.data > 1:
        return OtherSharing("experts spread", ratio, cards)
    if option.parallel.context > 1:
        return OtherSharing("one cache", ratio, cards)
    if option.parallel.pipeline > 1 and cards == chosen.parallel.gpus:
        return OtherSharing("stages", ratio, cards)
    return OtherSharing("fewer cards" if cards < chosen.parallel.gpus else "more cards", ratio, cards)
