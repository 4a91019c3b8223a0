"""Which of the options that could be served is best, and why the others are not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from r1plan.plan.choice.merit import Merit, first_lost, is_within, merit_of
from r1plan.plan.choice.standing import better_beyond, beyond_patience
from r1plan.plan.choice.wishes import missed_wish
from r1plan.plan.plan import Rejection, difference
from r1plan.plan.reasons import Difference, OtherSharing, RanksBelow
from r1plan.plan.serving.checkpoints import caution
from r1plan.plan.serving.option import ServingOption
from r1plan.plan.workload import Workload

# Of one model a type that is this much faster, or holds as many more users, is no other choice.
_NEAR, _NEAR_POINTS = 0.95, 0.5


def _best_layout(options: list[ServingOption], workload: Workload) -> ServingOption:
    """One within the patience, then plain tensor parallelism (no log shows other layouts' speed), then the fastest."""

    def merit(option: ServingOption) -> tuple[bool, bool, float]:
        return is_within(option, workload), option.parallel.plain, option.tok_s

    return max(options, key=merit)


def best_of_each(options: list[ServingOption], workload: Workload) -> list[ServingOption]:
    """The best way to share the cards for each model and type."""
    by_id: dict[str, list[ServingOption]] = {}
    for option in options:
        by_id.setdefault(option.id, []).append(option)
    return [_best_layout(same, workload) for same in by_id.values()]


def as_fast_as_asked(
    options: list[ServingOption], workload: Workload
) -> tuple[list[ServingOption], dict[str, Rejection]]:
    """The options that are as fast as was asked, if anything was; why of a model and type none is."""
    missed = [(option, missed_wish(option, workload)) for option in sorted(options, key=lambda each: each.tok_s)]
    kept = {option.id for option, slow in missed if slow is None}
    slower = {
        option.id: Rejection(option.id, slow) for option, slow in missed if slow is not None and option.id not in kept
    }
    fast = {id(option) for option, slow in missed if slow is None}
    return [option for option in options if id(option) in fast], slower


def option_merit(option: ServingOption, workload: Workload) -> Merit:
    """What `option` is ranked by: a checkpoint that there are doubts about is as good as not offered."""
    return merit_of(
        option,
        workload,
        wanted_context=option.wanted_context,
        offered=not _doubtful(option),
        fine_cache=True,
        mixed=False,
    )


def ranked(options: list[ServingOption], workload: Workload) -> list[ServingOption]:
    """The best first."""
    return sorted(options, key=lambda option: (option_merit(option, workload), option.tok_s), reverse=True)


def beyond(options: list[ServingOption], choice: ServingOption, workload: Workload) -> list[Rejection]:
    """Those of `options` that take longer than the patience; none where the choice does so itself."""
    if not is_within(choice, workload):
        return []
    slow = [option for option in options if not is_within(option, workload)]
    return [Rejection(option.id, beyond_patience(option, workload)) for option in slow]


def larger_than(choice: ServingOption, options: list[ServingOption], workload: Workload) -> ServingOption | None:
    """The soonest of `options` that is better than the choice and takes too long."""
    by_key = {id(option): option for option in options}
    merits = [(option, option_merit(option, workload)) for option in options]
    better = better_beyond(choice, option_merit(choice, workload), merits, workload)
    return by_key[id(better[0])] if better else None


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


def different(chosen: ServingOption, others: list[ServingOption], workload: Workload) -> Iterator[ServingOption]:
    """The others in their order, but for those that one shown before beats in quality, speed and users at once.

    To one of the same model, as AWQ is to GPTQ, it need only come near. Doubtful checkpoints are shown to who asks.
    """
    shown = [chosen]
    for option in others:
        if any(_beats(each, option) for each in shown) or _doubtful(option):
            continue
        shown.append(option)
        yield replace(option, why=_difference(option, chosen, workload))


def _doubtful(option: ServingOption) -> bool:
    return caution(option.model, option.dtype) is not None


def _beats(shown: ServingOption, option: ServingOption) -> bool:
    near, points = (_NEAR, _NEAR_POINTS) if shown.model.id == option.model.id else (1.0, 0.0)
    return (
        shown.quality.index >= option.quality.index - points
        and shown.tok_s >= option.tok_s * near
        and shown.users >= option.users * near
    )


def behind(option: ServingOption, choice: ServingOption, workload: Workload) -> Rejection:
    """Why an option that fits is not shown."""
    return Rejection(option.id, RanksBelow(choice_id=choice.id, difference=_difference(option, choice, workload)))


def _difference(option: ServingOption, choice: ServingOption, workload: Workload) -> Difference:
    lost = first_lost(option_merit(option, workload), option_merit(choice, workload))
    return difference(option, choice)._replace(context_tokens=option.context - choice.context, loses_in=lost)


def _beside(option: ServingOption, chosen: ServingOption) -> OtherSharing:
    ratio, cards = option.tok_s / chosen.tok_s, option.parallel.gpus
    if option.parallel.data > 1:
        return OtherSharing("experts spread", ratio, cards)
    if option.parallel.context > 1:
        return OtherSharing("one cache", ratio, cards)
    if option.parallel.pipeline > 1 and cards == chosen.parallel.gpus:
        return OtherSharing("stages", ratio, cards)
    return OtherSharing("fewer cards" if cards < chosen.parallel.gpus else "more cards", ratio, cards)
