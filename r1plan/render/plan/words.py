"""The sentences of a plan: why each option stands where it does, and what is to be said of the machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from r1plan.plan.choice.chosen import BeyondPatience, Chosen, MeritField
from r1plan.plan.plan import OptionT_co, Plan
from r1plan.plan.reasons import (
    AsAsked,
    CapabilityUnknown,
    CardsBeyond,
    Cause,
    ContextTooLong,
    Difference,
    FitsHeadless,
    LeastFreeCounts,
    MachinesAssumed,
    NearlyOnCards,
    NeedsMemory,
    NeedsShare,
    NoExperts,
    NotComputed,
    Note,
    NotSplit,
    OtherSharing,
    RanksBelow,
    ReadsFromDisk,
    ShareNotFree,
    Shortfall,
    Standing,
    TooFewUsers,
    TooLate,
    TooSlow,
    UnequalCards,
)
from r1plan.plan.speed import Range
from r1plan.render.plan.choice_words import chosen_text, too_slow_text
from r1plan.render.plan.engines.serving_words import machines_text, not_computed_text, sharing_standing
from r1plan.render.text.units import rate
from r1plan.units import GIB, MIB

if TYPE_CHECKING:
    from r1plan.plan.headroom import Improvement

# Below these a difference is not worth a word.
_POINTS_WORTH_SAYING = 0.5
_POINTS_WORTH_NAMING = 0.05
_SPEED_WORTH_SAYING = 0.05
_RATIO_WORTH_SAYING = 1.1

# What the rule holds against an option, whatever its score: in a sentence where that comes before the score, and in a
# word or two.
_GATES: dict[MeritField | None, str] = {
    "offered": "not to be had",
    "holds": "too short for most answers",
    "fine_cache": "coarser cache",
    "usable": "loses too much of its model",
}
_AGAINST: dict[MeritField, str] = {
    "offered": "nobody offers it",
    "holds": "short context",
    "fine_cache": "coarser cache",
    "usable": "coarse quant",
    "within": "too slow",
    "quality": "less able",
    "as_model": "coarser quant",
    "quick": "slower",
    "little_lost": "coarser quant",
    "pace": "slower",
}


def standing_text(why: Standing | None) -> str:
    """Why an option stands where it does; nothing where that was not decided."""
    match why:
        case None:
            return ""
        case Chosen():
            return chosen_text(why)
        case AsAsked():
            return "as asked" if why.caution is None else f"as asked, though not recommended: {why.caution}"
        case ReadsFromDisk():
            reads = f"{why.disk_bytes / GIB:.0f} GiB of experts are read from disk"
            return f"nothing fits in memory: {reads}" if why.last_resort else reads
        case Difference():
            return difference_text(why)
        case OtherSharing():
            return sharing_standing(why)
        case _:
            return cause_text(why)


def cause_text(cause: Cause) -> str:
    """Why an option is not offered, as what follows its name."""
    match cause:
        case NeedsMemory():
            lacks = "; or ".join(_shortfall(each) for each in cause.shortfalls)
            if cause.from_disk is None:
                return lacks
            return f"{lacks}; with experts read from disk {too_slow_text(cause.from_disk)}"
        case NeedsShare():
            needed, allowed = f"{cause.needed_bytes / GIB:,.1f}", f"{cause.allowed_bytes / GIB:,.1f}"
            for_whom = f"{cause.context:,} tokens"
            if cause.users > 1:
                for_whom = f"{cause.users:,} users of {for_whom}"
            return f"needs {needed} GiB {_on_each(cause.gpus)} for {for_whom}, {cause.server} may use {allowed}"
        case ShareNotFree():
            share = f"{cause.allowed_bytes / GIB:,.1f} GiB {_on_each(cause.gpus)}"
            free = f"{cause.free_bytes / GIB:,.1f} free"
            return f"wants {share} ({cause.flag} {cause.utilization:g}), {free}"
        case TooFewUsers():
            return f"holds {cause.users:,} users of {cause.context:,} tokens, {cause.users_wanted:,} asked"
        case TooSlow() | TooLate() | BeyondPatience():
            return too_slow_text(cause)
        case ContextTooLong():
            return f"reads at most {cause.context_max:,} tokens"
        case NoExperts():
            return "is dense: it has no experts to keep in RAM"
        case NotComputed():
            return not_computed_text(cause)
        case NotSplit():
            return cause.rule
        case RanksBelow():
            return _ranks_below(cause)
        case _:
            assert_never(cause)


def difference_text(each: Difference) -> str:
    """How an option differs from the chosen one."""
    said = [_GATES[each.loses_in]] if each.loses_in in _GATES else []
    said += [quality] if (quality := ability_text(each)) else []
    faster = each.speed_ratio >= 1 + _SPEED_WORTH_SAYING
    if not quality and faster and each.quality_points <= -_POINTS_WORTH_NAMING:
        said.append("slightly less able")
    if not 1 - _SPEED_WORTH_SAYING < each.speed_ratio < 1 + _SPEED_WORTH_SAYING:
        said.append(f"{each.speed_ratio:.1f}x the speed")
    if each.thinking_ratio >= _RATIO_WORTH_SAYING and (faster or each.quality_points > 0):
        said.append(f"thinks {each.thinking_ratio:.1f}x as long")
    if each.energy_ratio is not None and each.energy_ratio >= _RATIO_WORTH_SAYING:
        said.append(f"{each.energy_ratio:.1f}x the energy")
    if each.from_disk:
        said.append("reads experts from disk")
    if each.coarser_cache and each.loses_in != "fine_cache":
        said.append("coarser cache")
    if each.context_tokens and each.loses_in != "holds":
        said.append("longer context" if each.context_tokens > 0 else "shorter context")
    return ", ".join(said) or "much the same"


def against_text(each: Difference) -> str:
    """What speaks against an option that is as able as the chosen one, or seems better or faster, in a word or two."""
    if each.loses_in == "offered":
        return _AGAINST[each.loses_in]
    if each.quality_points <= -_POINTS_WORTH_SAYING:
        return ""
    if each.loses_in is not None and each.loses_in in _GATES:
        return _AGAINST[each.loses_in]
    if each.speed_ratio < 1 + _SPEED_WORTH_SAYING:
        better = each.quality_points >= _POINTS_WORTH_SAYING
        return _AGAINST[each.loses_in] if better and each.loses_in is not None else ""
    if each.coarser_cache:
        return "coarser cache"
    if each.thinking_ratio >= _RATIO_WORTH_SAYING:
        return "thinks longer"
    if each.energy_ratio is not None and each.energy_ratio >= _RATIO_WORTH_SAYING:
        return "more energy"
    return "a bit worse" if each.quality_points <= -_POINTS_WORTH_NAMING else ""


def ability_text(each: Difference) -> str:
    """Whether an option is more able than the chosen one, or as able and of a finer or coarser quant."""
    said = quality_text(each.quality_points)
    if said and each.quality_points > 0 and each.loses_in is not None:
        return "higher score"
    if said or abs(each.quality_points) >= _POINTS_WORTH_NAMING or not each.per_cent_lost:
        return said
    return "finer quant" if each.per_cent_lost < 0 else "coarser quant"


def quality_text(points: float) -> str:
    """Whether an option with so many points more than another is more able; nothing where they are much the same."""
    if abs(points) < _POINTS_WORTH_SAYING:
        return ""
    return "better" if points > 0 else "less able"


def improvement_text(better: Improvement) -> str:
    """What more room would buy."""
    said = []
    if better.instead is not None:
        said.append("{} instead of {}".format(*better.instead))
    if better.disk_bytes_fewer:
        said.append(f"{better.disk_bytes_fewer / GIB:.0f} GiB fewer to read from disk")
    if better.layers_on_gpu:
        said.append(f"{_more_layers(better.layers_on_gpu)} on the GPU")
    if better.expert_layers_on_gpu:
        said.append(f"experts of {_more_layers(better.expert_layers_on_gpu)} on the GPU")
    if better.plain_cache:
        said.append("a cache that is not quantised")
    if better.context is not None:
        said.append(f"{better.context:,} tokens of context")
    if better.context_max is not None:
        said.append("room for {:,} tokens instead of {:,}".format(*better.context_max))
    if better.tok_s is not None:
        said.append("{:.0f} tok/s instead of {:.0f}".format(*better.tok_s))
    return ", ".join(said)


def rate_text(speed: Range, unit: str = " tok/s", *, alone: bool = False) -> str:
    """A speed, `alone` or with the interval it is expected in."""
    digits = 0 if speed.mid >= 10 else 1 if speed.mid >= 0.3 else 2
    if alone:
        return f"{speed.mid:,.{digits}f}"
    return f"{speed.mid:,.{digits}f}{unit} ({speed.low:,.{digits}f}-{speed.high:,.{digits}f})"


def note_text(note: Note) -> str:
    """What is to be said of the machine's cards."""
    match note:
        case CardsBeyond():
            planned = f"the first {note.taken} of {note.cards:,} are planned for"
            return f"llama.cpp takes at most {note.taken} cards: {planned}."
        case UnequalCards():
            return f"Tensor parallelism wants equal cards: {', '.join(note.left_out)} left out."
        case LeastFreeCounts():
            least = f"{note.least_bytes / GIB:.1f} GiB free on gpu{note.least_gpu}"
            largest = f"{note.largest_bytes / GIB:.1f} on gpu{note.largest_gpu}"
            return f"The card with the least memory counts for all: {least}, {largest}."
        case MachinesAssumed():
            return machines_text(note)
        case CapabilityUnknown():
            return f"What {note.card} computes is not known: only FP16 and 4 bits are planned; --gpu NAME names a card."
        case NearlyOnCards():
            lacks = f"{note.option_id} lacks {note.lacking_bytes / MIB:,.0f} MiB to be whole on the GPU"
            known = f"what {note.backend or 'its driver'} takes there is known to {note.uncertain_bytes / MIB:,.0f} MiB"
            flags = f"--gpu-layers {note.gpu_layers} --ubatch-size {note.n_ubatch}"
            works = f"llama.cpp's {flags} may work, at about {note.tok_s:.0f} tok/s"
            return f"{lacks}, and {known}: {works}."
        case FitsHeadless():
            does = "runs whole on the GPU" if note.whole else "fits"
            held = f"the {note.desktop_bytes / GIB:.1f} GiB that a desktop is taken to hold"
            return f"Headless, with {held}, {note.option_id} {does}, at about {note.tok_s:.0f} tok/s."
        case _:
            assert_never(note)


def machine_notes(plan: Plan[OptionT_co]) -> tuple[str, ...]:
    """What was assumed of the machine, and which of its cards the engine cannot take."""
    from r1plan.render.assumptions import assumption_notes

    assumed = assumption_notes(plan.machine)
    return (*plan.machine.notes, *assumed, *(note_text(note) for note in plan.notes if isinstance(note, CardsBeyond)))


def plan_notes(plan: Plan[OptionT_co]) -> tuple[str, ...]:
    """What is to be said of how the cards work together."""
    return tuple(note_text(note) for note in plan.notes if not isinstance(note, CardsBeyond))


def _shortfall(each: Shortfall) -> str:
    """`needs 23.4 GiB on the GPU, 21.9 free`."""
    where = {
        "cards": "on the GPU" if each.cards == 1 else f"on {each.cards} GPUs",
        "gpu": f"of {each.device}",
        "host": "of RAM",
        "unified": "of unified memory",
        "disk": "of disk",
    }[each.kind]
    alone = each.context_bytes > each.room_bytes
    cache = f" (the context alone takes {each.context_bytes / GIB:,.1f})" if alone else ""
    if each.overhead_bytes > each.room_bytes:
        cache = f" ({each.overhead_bytes / MIB:,.0f} MiB of it whatever runs there)"
    free_bytes = each.room_bytes + (each.margin_bytes if each.margin_decides else 0)
    less = f" less a margin of {each.margin_bytes / MIB:,.0f} MiB" if each.margin_decides else ""
    needed, room = f"{each.needed_bytes / GIB:,.1f}", f"{each.room_bytes / GIB:,.1f}"
    if needed == room:
        return f"needs {each.needed_bytes / MIB:,.0f} MiB {where}, {free_bytes / MIB:,.0f} free{less}{cache}"
    return f"needs {needed} GiB {where}, {free_bytes / GIB:,.1f} free{less}{cache}"


def _on_each(gpus: int) -> str:
    return "on the GPU" if gpus == 1 else f"on each of {gpus} GPUs"


def _ranks_below(cause: RanksBelow) -> str:
    how = difference_text(cause.difference)
    if cause.tok_s is not None:
        how += f" ({rate(cause.tok_s)} tok/s)"
    if cause.not_on_gpu is None:
        return f"fits, but ranks below {cause.choice_id}: {how}"
    where = "with experts on disk" if cause.from_disk else "partly in RAM"
    return f"{cause_text(cause.not_on_gpu)}; {where} it ranks below {cause.choice_id}: {how}"


def _more_layers(number: int) -> str:
    return f"{number} more {'layer' if number == 1 else 'layers'}"
