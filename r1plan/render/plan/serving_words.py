"""The sentences that only plans for servers have: what cards do not compute, in how many machines they stand."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from r1plan.plan.plan import Elsewhere, EngineName
from r1plan.plan.reasons import MachinesAssumed, NotComputed

if TYPE_CHECKING:
    from r1plan.plan.serving.option import ServingOption


def not_computed_text(cause: NotComputed) -> str:
    """Why cards do not compute a type, as what follows the option's name."""
    card = f"{cause.card} ({cause.capability})" if cause.capability else cause.card
    match cause.why:
        case "no kernels":
            return f"is not run by {cause.server} on {card}: its packages begin at compute capability 7.5"
        case "no bf16":
            return f"needs BF16, which {card} lacks, as all below compute capability 8.0; FP16 works there"
        case "no fp8":
            return f"needs FP8 arithmetic, which {card} lacks"
        case "no nvfp4":
            return "needs Blackwell cards, such as B200, to compute with it"
        case "target":
            return f"is not run by {cause.server} on {card}, which its ROCm builds do not support"
        case "overflows":
            return f"overflows in FP16, and {card} lacks BF16"
        case "unknown":
            return f"is not known to run on {cause.card}; --gpu NAME names a card"
        case "other build":
            return f"needs another build of {cause.server} on {card}, which is not planned for"
        case "no fp8 cache":
            return f"has no FP8 cache on {card}: that needs compute capability 8.9, gfx942, gfx950 or gfx12xx"
        case _:
            assert_never(cause.why)


def elsewhere_text(other: Elsewhere, engine: EngineName) -> str:
    """What `engine` could of another type, or another engine here, and how to ask for its plan."""
    rate = f"{other.tok_s:.{0 if other.tok_s >= 10 else 1}f} tok/s"
    what = f"{other.model} at {other.quant}, {other.context:,} tokens of context, about {rate}"
    if other.engine == engine:
        return f"leave out --quant: it could serve {what}"
    return f"{other.engine} could: {what}; r1plan recommend --engine {other.engine} plans it"


def machines_text(note: MachinesAssumed) -> str:
    """In how many machines the cards stand."""
    left = f" ({note.left_over} left over)" if note.left_over else ""
    several = note.machines > 1
    where = f"{note.machines} {'machines' if several else 'machine'} of {note.each} cards{left}"
    assumed = f" {'are' if several else 'is'} assumed; --gpus-per-node sets how many stand in one"
    return f"{where}{assumed if note.assumed else ''}."


def sharing(option: ServingOption) -> str:
    """How the cards share the work, in two words: "8, TP 8"."""
    parallel = option.parallel
    if parallel.pipeline > 1:
        return f"{parallel.gpus}, TP {parallel.tensor} PP {parallel.pipeline}"
    if parallel.data > 1:
        return f"{parallel.gpus}, DP {parallel.data}"
    if parallel.context > 1:
        return f"{parallel.gpus}, DCP {parallel.context}"
    return f"{parallel.gpus}, TP {parallel.tensor}" if parallel.gpus > 1 else "1"
