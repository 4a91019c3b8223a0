"""Which option is best for what the person wants, by the rule of plan/choice, and how the others differ from it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from r1plan.models.downloads import is_published
from r1plan.plan.answer import answer_seconds
from r1plan.plan.choice.merit import Merit, first_lost, is_within, merit_of, watt_hours
from r1plan.plan.choice.standing import beyond_patience
from r1plan.plan.choice.wishes import least_tok_s, missed_wish
from r1plan.plan.llamacpp.fit.merit import has_fine_cache
from r1plan.plan.llamacpp.option import Option
from r1plan.plan.plan import Rejection, difference, fastest_of_the_slow
from r1plan.plan.reasons import Difference, NeedsMemory, RanksBelow, Slow
from r1plan.plan.workload import Workload

MOST_ALTERNATIVES = 8

# What is shown beside the choice, which is no part of the rule. A finer quant of its model may take twice as long; any
# other option is left out where one that is shown is as good and nearly as fast, or where it is far less able.
_PATIENT = 2.0
_FASTER = 1.05
_AS_GOOD_POINTS = 0.5
_NEARLY = 0.7
_WORTH_SHOWING_POINTS = 35.0


def option_merit(option: Option, workload: Workload) -> Merit:
    """What `option` is ranked by."""
    return merit_of(
        option,
        workload,
        wanted_context=option.wanted_context,
        offered=is_published(option.model, option.quant),
        fine_cache=has_fine_cache(option.settings),
        mixed=option.is_mixed,
    )


def reaches(option: Option, workload: Workload) -> bool:
    """Whether `option` is as fast as asked; where no speed was, whether it comes within the patience."""
    if missed_wish(option, workload) is not None:
        return False
    return (least_tok_s(workload) is not None and workload.patience_min is None) or is_within(option, workload)


def as_fast_as_asked(options: Sequence[Option], workload: Workload) -> tuple[list[Option], list[Rejection]]:
    """The options that are as fast as was asked, if anything was, and the others."""
    kept, slower = [], []
    for option in options:
        slow = missed_wish(option, workload)
        if slow is None:
            kept.append(option)
        else:
            slower.append(Rejection(option.id, slow))
    return kept, slower


def beyond(options: Sequence[Option], choice: Option, workload: Workload) -> list[Rejection]:
    """Those of `options` that take longer than the patience; none where the choice does so itself."""
    if not is_within(choice, workload):
        return []
    slow = [option for option in options if not is_within(option, workload)]
    return [Rejection(option.id, beyond_patience(option, workload)) for option in slow]


def ranked(options: Sequence[Option], workload: Workload) -> list[Option]:
    """`options`, the best first."""
    return sorted(options, key=lambda option: option_merit(option, workload), reverse=True)


def published_first(options: Sequence[Option]) -> list[Option]:
    """`options` in their order, those that nobody offers behind the others."""
    return sorted(options, key=lambda option: not is_published(option.model, option.quant))


def different(choice: Option, others: Sequence[Option], workload: Workload) -> Iterator[Option]:
    """Alternatives that are really different.

    A finer and a faster quant of the chosen model, and the best option of each other model, as long as nothing shown
    before is at least as good in quality, time and context at once. What nobody offers is not shown.
    """
    others = [option for option in others if is_published(option.model, option.quant)]
    if choice.quality.quant.usable:
        others = [option for option in others if option.quality.quant.usable]
    seconds = {option.id: answer_seconds(option, workload) for option in (choice, *others)}
    same = [option for option in others if option.model.id == choice.model.id]
    patient = [option for option in same if seconds[option.id] <= _PATIENT * seconds[choice.id]]
    finer = min(patient, key=lambda option: (option.quality.quant.per_cent_lost, seconds[option.id]), default=None)
    if finer is not None and _lost(finer) >= _lost(choice):
        finer = None
    faster = next((option for option in same if _FASTER * seconds[option.id] < seconds[choice.id]), None)
    best: dict[str, Option] = {}
    for option in others:
        if option.model.id != choice.model.id and option.quality.index > choice.quality.index - _WORTH_SHOWING_POINTS:
            best.setdefault(option.model.id, option)
    shown: list[Option] = [choice]
    wanted = [*(option for option in (finer, faster) if option is not None), *best.values()]
    for place, option in enumerate(wanted):
        if len(shown) > MOST_ALTERNATIVES or any(_as_good(each, option, seconds) for each in shown):
            continue
        if any(_beats(each, option, seconds) for each in wanted[place + 1 :]):
            continue
        shown.append(option)
        yield replace(option, why=_difference(option, choice, workload))


def _as_good(one: Option, other: Option, seconds: dict[str, float]) -> bool:
    """Whether hardly anything speaks for `other` beside `one`."""
    if one.id == other.id:
        return True
    finer = one.model.id == other.model.id and _lost(other) < _lost(one)
    return (
        not finer
        and one.quality.index >= other.quality.index - _AS_GOOD_POINTS
        and _NEARLY * seconds[one.id] <= seconds[other.id]
        and one.context_max >= _NEARLY * other.context_max
    )


def _beats(one: Option, other: Option, seconds: dict[str, float]) -> bool:
    """Whether nothing speaks for `other`."""
    return (
        one.quality.index > other.quality.index
        and one.tok_s > other.tok_s
        and seconds[one.id] < seconds[other.id]
        and one.context >= other.context
        and one.context_max >= other.context_max
    )


def _lost(option: Option) -> int:
    return option.quality.quant.per_cent_lost


def too_slow_from_disk(lacking: NeedsMemory, option: Option, workload: Workload) -> NeedsMemory:
    """`lacking`, with why reading the rest from disk, as `option` does, is no help."""
    return lacking._replace(from_disk=_slow(option, workload))


def behind(option: Option, choice: Option, workload: Workload) -> Rejection:
    """Why an option that fits is not shown."""
    return Rejection(
        option.id,
        RanksBelow(
            choice_id=choice.id,
            difference=_difference(option, choice, workload),
            tok_s=option.tok_s,
            from_disk=option.disk_bytes > 0,
            not_on_gpu=option.not_on_gpu,
        ),
    )


def nearest_to_fitting(rejected: Sequence[Rejection]) -> Rejection | None:
    """When nothing is left: the fastest of the too slow, else the one that needs the least memory."""
    large = [(each.cause.needed_bytes, each) for each in rejected if isinstance(each.cause, NeedsMemory)]
    smallest = min(large, key=lambda each: each[0])[1] if large else None
    return fastest_of_the_slow(rejected) or smallest


def _slow(option: Option, workload: Workload) -> Slow:
    return missed_wish(option, workload) or beyond_patience(option, workload)


def _difference(option: Option, choice: Option, workload: Workload) -> Difference:
    by_energy = workload.objective == "cost"
    return difference(option, choice)._replace(
        from_disk=option.disk_bytes > 0 and not choice.disk_bytes,
        context_tokens=option.context - choice.context,
        energy_ratio=watt_hours(option, workload) / watt_hours(choice, workload) if by_energy else None,
        coarser_cache=has_fine_cache(choice.settings) and not has_fine_cache(option.settings),
        loses_in=first_lost(option_merit(option, workload), option_merit(choice, workload)),
    )
