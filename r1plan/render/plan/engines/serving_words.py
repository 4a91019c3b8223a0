"""The sentences that only plans for servers have: what cards do not compute, in how many machines they stand."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from r1plan.plan.plan import Elsewhere, EngineName
from r1plan.plan.reasons import CardsBeyond, Cause, MachinesAssumed, NotComputed, OtherSharing
from r1plan.render.text.units import count, rate

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from r1plan.plan.plan import Plan
    from r1plan.plan.serving.option import ServingOption
    from r1plan.render.plan.view import OptionT

MANY_USERS = "--engine vllm plans these cards for many users."
DECODE_CONTEXT = "--decode-context-parallel-size"
# AMD's Instinct cards, MI200 to MI350.
_SERVERS_GFX = frozenset({"gfx90a", "gfx942", "gfx950"})


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
        case "no mxfp4":
            most = "needs Hopper or Blackwell cards, such as H200, or AMD's MI300 and MI350"
            return f"{most}: {cause.server} has none of its attention for others"
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
    what = f"{other.model} at {other.quant}, {other.context:,} tokens of context, about {rate(other.tok_s)} tok/s"
    if other.engine == engine:
        return f"leave out --quant: it could serve {what}"
    return f"{other.engine} could: {what}; {other.command} plans it"


def way_out(cause: Cause, other: Elsewhere | None, engine: EngineName) -> str:
    """What to do where nothing can be served."""
    if isinstance(cause, NotComputed) and cause.why == "no fp8 cache":
        return "leave out --kv q8_0: the cache has 16 bits then"
    return "--explain says why for each option" if other is None else elsewhere_text(other, engine)


def machines_text(note: MachinesAssumed) -> str:
    """In how many machines the cards stand."""
    left = f" ({note.left_over} left over)" if note.left_over else ""
    several = note.machines > 1
    where = f"{note.machines} {'machines' if several else 'machine'} of {note.each} cards{left}"
    assumed = f" {'are' if several else 'is'} assumed; --gpus-per-node sets how many stand in one"
    return f"{where}{assumed if note.assumed else ''}."


def sharing(option: ServingOption) -> str:
    """How the cards share the work, as what follows their number; nothing for one card."""
    parallel = option.parallel
    said = [f"{parallel.pipeline} stages of {count(parallel.tensor, 'card')}"] if parallel.pipeline > 1 else []
    if parallel.data > 1:
        said.append("attention repeated on every card, experts divided among them")
    if parallel.tensor > 1:
        said.append("every layer split over them" if parallel.pipeline == 1 else "each layer split over its stage")
    if parallel.context > 1:
        said.append("one cache for all")
    return ", ".join(said)


def sharing_standing(why: OtherSharing) -> str:
    """Another way to share the cards, with the flag that does it, and what is known of it."""
    ratio = f"{why.speed_ratio:.1f}x the speed"
    match why.how:
        case "one cache":
            return f"one cache for all cards: {DECODE_CONTEXT} {why.cards}, speed unproven"
        case "experts spread":
            return f"attention repeated on every card, experts divided among them: {ratio}, unproven"
        case "stages":
            return f"layers in stages, {ratio}"
        case _:
            return f"{why.how}, {ratio}"


def short_sharing(why: OtherSharing) -> str:
    """The same in a few words."""
    match why.how:
        case "one cache":
            return "one cache for all"
        case "experts spread":
            return "experts divided"
        case _:
            return why.how


def one_cache_text(plan: Plan[ServingOption]) -> str:
    """What one cache for all cards would do for the chosen model, where it is offered; else nothing."""
    choice = plan.choice
    if choice is None:
        return ""
    if not choice.fits:
        return ""
    if choice.parallel.context > 1:
        flag = f"{DECODE_CONTEXT} {choice.parallel.context}"
        return f"Room for so many users by one cache for all cards ({flag}): speed unproven."
    beside = next((each for each in plan.alternatives if each.id == choice.id and each.parallel.context > 1), None)
    if beside is None:
        return ""
    users = count(beside.users, "user")
    return f"Room for {users} by one cache for all cards ({DECODE_CONTEXT} {beside.parallel.context}): speed unproven."


def idle_text(plan: Plan[OptionT], choice: OptionT, used: Collection[int], why: str = "") -> str:
    """That some cards like those in use, by their indices, have nothing to do; nothing where none has.

    Nor where the engine takes no more cards, which is said elsewhere.
    """
    gpus = plan.machine.gpus
    names = {gpu.name for gpu in gpus if gpu.index in used}
    cards = sum(gpu.name in names for gpu in gpus)
    idle = cards - len(used)
    if not (choice.fits and used) or idle < 1 or any(isinstance(note, CardsBeyond) for note in plan.notes):
        return ""
    return f"{idle} of {cards} cards {'stays' if idle == 1 else 'stay'} free{why}."


def many_users_text(plan: Plan[OptionT]) -> Iterator[str]:
    """That several equal cards of a server, which vLLM runs on, would serve many users by it."""
    gpus = plan.machine.gpus
    if plan.choice is None or not plan.choice.fits or len(gpus) < 2 or len({gpu.name for gpu in gpus}) > 1:
        return
    if gpus[0].gpu_class != "nvidia-datacentre" and gpus[0].gfx not in _SERVERS_GFX:
        return
    from r1plan.plan.serving.capability import capability_of
    from r1plan.plan.vllm.rules import arithmetic_of

    if arithmetic_of(capability_of(gpus[0])).fp16 in ("native", "weight-only"):
        yield MANY_USERS
