"""Which option is best for what the person wants, and how the others differ from it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import log2

from r1plan.models.downloads import is_published
from r1plan.plan.llamacpp.option import Option
from r1plan.plan.llamacpp.settings import USUAL_UBATCH, EngineSettings
from r1plan.plan.pins import KvType
from r1plan.plan.plan import Rejection, difference, fastest_of_the_slow, least_tok_s
from r1plan.plan.quality import Quality, breadth_points
from r1plan.plan.reasons import Chosen, Difference, NeedsMemory, RanksBelow, ReadsFromDisk, TooSlow
from r1plan.plan.workload import CONTEXT_ENOUGH, CONTEXT_GOAL, Workload

MOST_ALTERNATIVES = 8

# `balanced` adds to the quality index what speed is worth: 35 points at best, half of them at 15 tokens a second, and
# above 20, where an answer keeps ahead of its reader, each further token counts as 0.15. Speed counts thinking: a model
# that thinks twice as long has half its tokens a second. All assumed.
_SPEED_POINTS = 35.0
_HALF_SPEED_TOK_S = 15.0
_COMFORTABLE_TOK_S = 20.0
_BEYOND_COMFORT = 0.15
# Thinking is waited for and not read along: at 10 tokens a second a typical answer of 5,400 tokens takes nine minutes.
# Each doubling of that costs these points more; assumed.
_PATIENT_TOK_S = 10.0
_POINTS_A_DOUBLED_WAIT = 2.0
# What a context below the goal costs, a halving; and a quantised cache.
_POINTS_BELOW_GOAL = 1.5
_POINTS_BELOW_ENOUGH = 8.0
_KV_POINTS: dict[KvType, float] = {
    **dict.fromkeys(("f32", "f16", "bf16"), 0.0),
    "q8_0": 0.3,
    **dict.fromkeys(("q5_1", "q5_0"), 1.5),
    **dict.fromkeys(("q4_1", "q4_0", "iq4_nl"), 4.0),
}
# A smaller micro-batch reads prompts more slowly; assumed.
_POINTS_A_HALVED_UBATCH = 0.5
# `speed` and `cost` look among options within this many points of the best that fits; and of those that are as fast as
# any but for this share, they take the best.
GOOD_ENOUGH_POINTS = 10.0
_AS_FAST = 0.95
# A better quant of the chosen model must be this much better, at half the speed or more, to be shown. Any alternative
# is shown unless another shown one is as good and nearly as fast, or its score is far below.
_REALLY_BETTER = 0.5
_NEARLY = 0.7
_HALF = 0.5
_WORTH_SHOWING_POINTS = 35.0


def score_at(quality: Quality, tok_s: float, settings: EngineSettings, context: int) -> float:
    """What `balanced` ranks by, in GPQA points: quality, what `tok_s` are worth, what a short context costs."""
    return (
        quality.index + _worth(tok_s / quality.thinking_over_r1) - settings_points(settings) - context_points(context)
    )


def settings_points(settings: EngineSettings) -> float:
    """What a quantised cache, and a micro-batch below the default, take from the score."""
    halvings = max(log2(USUAL_UBATCH / settings.n_ubatch), 0.0)
    return _KV_POINTS[settings.kv_type] + _POINTS_A_HALVED_UBATCH * halvings


def context_points(context: int) -> float:
    """What a context below the goal takes from the score."""
    points = 0.0
    if context < CONTEXT_GOAL:
        points += _POINTS_BELOW_GOAL * log2(CONTEXT_GOAL / context)
    if context < CONTEXT_ENOUGH:
        points += _POINTS_BELOW_ENOUGH * log2(CONTEXT_ENOUGH / context)
    return points


def _worth(tok_s: float) -> float:
    """The points of a speed."""
    waiting = _POINTS_A_DOUBLED_WAIT * log2(_PATIENT_TOK_S / tok_s) if tok_s < _PATIENT_TOK_S else 0.0
    if tok_s > _COMFORTABLE_TOK_S:
        tok_s = _COMFORTABLE_TOK_S + _BEYOND_COMFORT * (tok_s - _COMFORTABLE_TOK_S)
    return _SPEED_POINTS * tok_s / (tok_s + _HALF_SPEED_TOK_S) - waiting


def reaches(option: Option, workload: Workload) -> bool:
    """Whether `option` is as fast as asked; with nothing asked, fast enough with its longer thinking counted."""
    speed = _effective(option) if workload.min_tok_s is None else option.tok_s
    return speed >= least_tok_s(workload)


def slower_than_asked(option: Option, workload: Workload) -> TooSlow | None:
    """That `option` misses the speed that was asked for; None where it does not, or none was."""
    if workload.min_tok_s is None or option.tok_s >= workload.min_tok_s:
        return None
    return TooSlow(tok_s=option.tok_s, least_tok_s=workload.min_tok_s)


def fast_enough(options: list[Option], workload: Workload) -> tuple[list[Option], list[Rejection]]:
    """The options that reach the minimum speed.

    An asked minimum is of tokens a second. The default one is about waiting: it counts a model's longer thinking as
    slowness, and gives way when nothing reaches it.
    """
    least = least_tok_s(workload)
    if workload.min_tok_s is not None:
        slow = [option for option in options if option.tok_s < least]
    else:
        best = max((_effective(option) for option in options), default=0.0)
        least = least if best >= least else best / 2
        slow = [option for option in options if _effective(option) < least]
    left_out = {option.id for option in slow}
    rejected = [Rejection(option.id, _too_slow(option, least)) for option in slow]
    return [option for option in options if option.id not in left_out], rejected


def ranked(options: list[Option], workload: Workload) -> list[Option]:
    """`options`, the best for the workload's objective first; behind all that can be had, those that nobody offers."""
    return published_first(_by_objective(options, workload))


def published_first(options: list[Option]) -> list[Option]:
    """`options` in their order, those that nobody offers behind the others."""
    return sorted(options, key=lambda option: not is_published(option.model, option.quant))


def _by_objective(options: list[Option], workload: Workload) -> list[Option]:
    match workload.objective:
        case "balanced":
            return sorted(options, key=lambda option: -option.score)
        case "quality":
            # What differs by less than a tenth of a point is as good.
            return sorted(options, key=lambda option: (-round(_usable_quality(option), 1), -_effective(option)))
        case "speed":
            return _good_and_cheap(options, [1 / _effective(option) for option in options])
        case "cost":
            return _good_and_cheap(options, energies(options))


def energies(options: Sequence[Option]) -> list[float]:
    """What an answer takes in energy, each in the same unit; in time alone where the power of one is not known."""
    watts = [option.cost.watts for option in options]
    known = None not in watts
    return [(each or 1.0 if known else 1.0) / _effective(option) for option, each in zip(options, watts, strict=True)]


def _good_and_cheap(options: list[Option], spent: list[float]) -> list[Option]:
    """Those near the best quality by what they spend, and then the others by their score.

    The first is the best of those that spend hardly more than the least.
    """
    best = max(map(_usable_quality, options), default=0.0)
    spent_by = {option.id: each for option, each in zip(options, spent, strict=True)}
    good = [option for option in options if _usable_quality(option) >= best - GOOD_ENOUGH_POINTS]
    good.sort(key=lambda option: spent_by[option.id])
    first = max(
        (option for option in good if spent_by[good[0].id] >= _AS_FAST * spent_by[option.id]),
        key=_usable_quality,
        default=None,
    )
    kept = {option.id for option in good}
    others = sorted((option for option in options if option.id not in kept), key=lambda option: -option.score)
    leading = [] if first is None else [first]
    return [*leading, *(option for option in good if option is not first), *others]


def _usable_quality(option: Option) -> float:
    """The quality index less what a short context or a quantised cache takes from it."""
    return option.score - _worth(_effective(option))


def different(choice: Option, others: list[Option], workload: Workload) -> Iterator[Option]:
    """Alternatives that are really different.

    The next better and the next faster quant of the chosen model, and the best option of each other model, as long as
    nothing shown before is at least as good in quality, speed and context at once. What nobody offers is not shown.
    """
    others = [option for option in others if is_published(option.model, option.quant)]
    shown: list[Option] = [choice]
    same = [option for option in others if option.model.id == choice.model.id]
    better = next((option for option in same if _worth_waiting_for(option, choice)), None)
    faster = next((option for option in same if _faster_and_as_good(option, choice)), None)
    best: dict[str, Option] = {}
    for option in others:
        if option.model.id != choice.model.id and option.score > choice.score - _WORTH_SHOWING_POINTS:
            best.setdefault(option.model.id, option)
    proposed = [option for option in (better, faster) if option is not None]
    wanted = [*proposed, *best.values()]
    for place, option in enumerate(wanted):
        if len(shown) > MOST_ALTERNATIVES or any(_dominates(each, option) for each in shown):
            continue
        if any(_beats(each, option) for each in wanted[place + 1 :]):
            continue
        shown.append(option)
        yield replace(option, why=_difference(option, choice, workload))


def _faster_and_as_good(option: Option, choice: Option) -> bool:
    near = option.quality.index >= choice.quality.index - GOOD_ENOUGH_POINTS
    return near and option.tok_s > 1.05 * choice.tok_s


def _beats(one: Option, other: Option) -> bool:
    """Whether nothing speaks for `other`."""
    return (
        one.quality.index > other.quality.index
        and min(one.tok_s / other.tok_s, _effective(one) / _effective(other)) > 1
        and one.context >= other.context
        and one.context_max >= other.context_max
    )


def _worth_waiting_for(option: Option, choice: Option) -> bool:
    gain = option.quality.index - choice.quality.index
    return gain >= _REALLY_BETTER and option.tok_s >= _HALF * choice.tok_s


def _effective(option: Option) -> float:
    """Tokens a second with the model's longer thinking counted as slowness."""
    return option.tok_s / option.quality.thinking_over_r1


def _dominates(one: Option, other: Option) -> bool:
    if one.id == other.id:
        return True
    return (
        one.quality.index >= other.quality.index - _REALLY_BETTER
        and one.tok_s >= _NEARLY * other.tok_s
        and one.context_max >= _NEARLY * other.context_max
    )


def why_chosen(workload: Workload, choice: Option) -> Chosen | ReadsFromDisk:
    """Why the first option is the first."""
    if choice.disk_bytes:
        return ReadsFromDisk(choice.disk_bytes, last_resort=True)
    least = least_tok_s(workload)
    within = GOOD_ENOUGH_POINTS if workload.objective in ("speed", "cost") else None
    return Chosen(workload.objective, least_tok_s=least if reaches(choice, workload) else None, within_points=within)


def too_slow_from_disk(lacking: NeedsMemory, option: Option, least: float) -> NeedsMemory:
    """`lacking`, with why reading the rest from disk, as `option` does, is no help."""
    return lacking._replace(from_disk=_too_slow(option, least))


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


def _too_slow(option: Option, least: float) -> TooSlow:
    return TooSlow(tok_s=option.tok_s, least_tok_s=least, thinking_over_r1=option.quality.thinking_over_r1)


def _difference(option: Option, choice: Option, workload: Workload) -> Difference:
    energy, of_choice = energies([option, choice])
    return difference(option, choice)._replace(
        from_disk=option.disk_bytes > 0 and not choice.disk_bytes,
        context_tokens=option.context - choice.context,
        energy_ratio=energy / of_choice if workload.objective == "cost" else None,
        settings_points=settings_points(option.settings) - settings_points(choice.settings),
        breadth_points=breadth_points(option.model) - breadth_points(choice.model),
        unpublished=not is_published(option.model, option.quant),
    )
