"""How a plan for llama.cpp is shown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar

from r1plan.deploy.chat import chat_command, pull_command
from r1plan.deploy.llama_cpp import serve_command
from r1plan.errors import NothingFits
from r1plan.hardware.machine import Machine
from r1plan.models.downloads import download_of
from r1plan.plan.answer import answer_time
from r1plan.plan.llamacpp.memory.parts import DeviceMemory
from r1plan.plan.llamacpp.option import Option
from r1plan.plan.llamacpp.speed.decode_time import disk_bandwidth
from r1plan.plan.llamacpp.speed.rates import DISK_BANDWIDTH_GB_S
from r1plan.plan.plan import Plan, Rejection
from r1plan.plan.quality import BENCHMARK
from r1plan.plan.reasons import CauseKind, FitsHeadless, NeedsMemory, TooLate, TooSlow, kind_of
from r1plan.render.plan.choice_words import accepting, beginning
from r1plan.render.plan.engines.serving_words import idle_text, many_users_text
from r1plan.render.plan.model_lines import download_document, where_to_get
from r1plan.render.plan.view import HEADLINE_LINES, Line, TableColumn
from r1plan.render.plan.words import cause_text, plan_notes, rate_text, standing_text
from r1plan.render.text.screen import Screen
from r1plan.render.text.units import card_name, count, duration, gib
from r1plan.render.text.wrap import wrapped
from r1plan.units import GIB

if TYPE_CHECKING:
    from r1plan.plan.headroom import Headroom
    from r1plan.render.plan.bars import MemoryBar

_READ_AGAIN = (
    "What DeepSeek-V4 has in its cache it keeps whole or not at all: a conversation is read again at each turn whose "
    "history changed, as it does where thinking is left out."
)
_BEHIND = ("ranks lower", "rank lower")


class LlamaCppView:
    """Shows plans for llama.cpp."""

    tally: ClassVar[dict[CauseKind, tuple[str, str]]] = {
        "memory": ("lacks memory", "lack memory"),
        "slow": ("too slow", "too slow"),
        "refused": ("cannot do it", "cannot do it"),
        "behind": _BEHIND,
    }

    def opening(self, plan: Plan[Option], columns: int) -> Iterator[Line]:
        """The sentence to act on, and its command."""
        if plan.choice is not None:
            yield Line(headline(plan.choice, plan, columns))
            if plan.choice.fits and (command := chat_command(plan.choice, plan.pins) or serve_command(plan.choice)):
                yield Line(f"  {command}", verbatim=True)
            idle = idle_text(
                plan, plan.choice, plan.choice.gpu_indices, ": they take turns, so that more are no faster"
            )
            if idle:
                yield Line(idle)

    def shows_table(self, plan: Plan[Option]) -> bool:
        """When there is something to run."""
        return plan.choice is not None and plan.choice.fits

    def columns(self) -> tuple[TableColumn[Option], ...]:
        """Where it runs, how much it needs, how fast it is, and how good; a narrow terminal leaves the scores out."""
        return (
            TableColumn("where", where, True, short_where, shortens=3, leaves=10),
            TableColumn("context", _context, leaves=7),
            TableColumn("GiB", _needed, leaves=5),
            TableColumn("tok/s", _rate_with_range, short=_rate, shortens=2),
            TableColumn("GPQA", _gpqa, leaves=4),
        )

    def bars(self, plan: Plan[Option]) -> Iterator[MemoryBar]:
        """Each device that holds something of the model."""
        from r1plan.render.plan.engines.llamacpp_explained import memory_bars

        if plan.choice is not None and plan.choice.fits:
            yield from memory_bars(plan.choice)

    def nearest(self, plan: Plan[Option]) -> tuple[str, list[Rejection]]:
        """None: --explain says for each model what it lacks."""
        return "", []

    def setting_fields(self, option: Option) -> dict[str, Any]:
        """How the engine is set, where the layers go, and what each device then holds."""
        settings, placement = option.settings, option.placement
        return {
            "kv_type": settings.kv_type,
            "n_ubatch": settings.n_ubatch,
            "slots": settings.slots,
            "flash_attn": settings.flash_attn,
            "runtime": settings.runtime,
            "placement": {
                "layout": placement.layout,
                "gpu_layers": placement.gpu_layers,
                "expert_layers_on_cpu": placement.expert_layers_on_host,
                "tensor_split": list(placement.tensor_split),
                "n_cpu_moe": placement.n_cpu_moe,
                "mmap": placement.mapped,
            },
            "memory": [_memory_fields(device, dict(option.full_at)) for device in option.memory],
        }

    def download_fields(self, plan: Plan[Option], option: Option) -> dict[str, Any] | None:
        """The file's repository, and what fetches it; what runs it only of an option that fits."""
        held = download_of(option.model, option.quant)
        if not option.fits:
            return download_document(held, None, pull_command(option), None)
        return download_document(held, serve_command(option), pull_command(option), chat_command(option, plan.pins))

    def where_to_get(self, option: Option) -> str:
        """The file, or what to do where nobody is known to have it."""
        return where_to_get(option.model, option.quant)

    def own_fields(self, option: Option) -> dict[str, Any]:
        """None."""
        return {}

    def plan_fields(self, plan: Plan[Option], headroom: Headroom[Option] | None) -> dict[str, Any]:
        """What limits the plan, and what is to be said of it."""
        from r1plan.render.plan.document import headroom_fields

        room = headroom_fields(headroom) if headroom is not None else None
        return {"room": room, "notes": list(plan_notes(plan))}

    def explained(
        self, plan: Plan[Option], option: Option, headroom: Headroom[Option] | None, screen: Screen
    ) -> Iterator[str]:
        """Each device's memory in parts, what limits it, where the time of a token goes, and the scores."""
        from r1plan.render.plan.engines.llamacpp_explained import parts_of

        return parts_of(plan, option, headroom, screen)

    def failure(self, plan: Plan[Option]) -> NothingFits | None:
        """Names the nearest miss, or what the asked option lacks."""
        choice, miss = plan.choice, plan.nearest_miss
        headless = next((note for note in plan.notes if isinstance(note, FitsHeadless)), None)
        if choice is None:
            if miss is None:
                return NothingFits("nothing fits what was asked.", "--explain says why each option was rejected")
            why = "--explain says why for each option"
            if headless is not None:
                why = f"--vram-used 0 plans without a desktop, where {headless.option_id} fits; {why}"
            reason, slow = cause_text(miss.cause), kind_of(miss.cause) == "slow"
            does = f"the fastest, {miss.id}, makes {reason}" if slow else f"the smallest, {miss.id}, {reason}"
            if isinstance(miss.cause, TooLate):
                does = f"the nearest, {miss.id}, takes {reason}"
            return NothingFits(f"nothing fits: {does}.", why)
        if isinstance(choice.why, TooSlow):
            return NothingFits(
                f"{choice.id} is too slow: {standing_text(choice.why)}.", "leave out --quant to see what is fast enough"
            )
        if choice.fits:
            return None
        hint = "leave out --quant to see what does"
        if choice.context_max:
            hint = f"--context {choice.context_max} fits; or leave out --quant"
        if headless is not None:
            hint += "; --vram-used 0 plans without a desktop, where it fits"
        if isinstance(choice.why, NeedsMemory) and choice.why.from_disk is not None:
            hint += f"; {accepting(choice.why.from_disk)} accepts experts on disk"
        return NothingFits(f"{choice.id} does not fit: {standing_text(choice.why)}.", hint)

    def remarks(self, plan: Plan[Option]) -> Iterator[str]:
        """What is nearly so, how the machine was taken, and what is assumed of it."""
        from r1plan.render.assumptions import machine_remarks

        yield from plan_notes(plan)
        yield from machine_remarks(plan.machine)
        yield from many_users_text(plan)
        if plan.choice is not None and plan.choice.model.shape.windowed_attention is not None:
            yield _READ_AGAIN
        if plan.choice and plan.choice.disk_bytes and plan.machine.disk_bandwidth_gb_s is None:
            yield f"Assumed: {DISK_BANDWIDTH_GB_S:g} GB/s for the disk (--disk-bandwidth)."


def headline(option: Option, plan: Plan[Option], columns: int) -> str:
    """The sentence to act on: what runs where, how fast, and how long an answer takes.

    What the table and the bars say too is left out where the rest takes two lines of `columns`.
    """
    what, where = f"{option.model.id} at {option.quant_name}", machine_name(option, plan.machine)
    context = f" with {count(option.context, 'token')} of context"
    time = answer_time(option, plan.workload)
    if time is None:
        return f"{what}{context} does not fit {where}: it {standing_text(option.why)}."
    if isinstance(option.why, TooSlow):
        return f"{what}{context} is too slow on {where}: {standing_text(option.why)}."
    speed = f"about {rate_text(option.speed.decode[0].tok_s)}, {duration(time.typical_s)} an answer"
    cards, spare = machine_name(option, plan.machine, layout=False), ""
    if option.disk_bytes:
        speed += f", as {gib(option.disk_bytes)} GiB of experts are read from {disk_bandwidth(plan.machine)}"
    else:
        spare = f", {gib(min(each.spare_bytes for each in option.memory))} GiB to spare"
    run = beginning(plan, "Run")
    whole, places = f"{run}{what}{context} on {where}: {speed}", (f" on {where}", f" on {cards}", "")
    sentences = [f"{whole}{spare}.", f"{whole}.", *(f"{run}{what}{on}: {speed}." for on in places)]
    return next((said for said in sentences if len(wrapped(said, columns)) <= HEADLINE_LINES), sentences[-1])


def machine_name(option: Option, machine: Machine, *, layout: bool = True) -> str:
    """Where an option runs, as people say it: "your RTX 4090", "2 x RTX 3090 with experts in RAM"."""
    your = machine.origin == "detected"
    names = [card_name(gpu.name) for gpu in machine.gpus if gpu.index in option.gpu_indices]
    if not names:
        return "your processor" if your else "the processor"
    numbers = {name: names.count(name) for name in names}
    if your:
        said = "your " + " and ".join(f"{n} {name}" if n > 1 else name for name, n in numbers.items())
    else:
        said = " and ".join(f"{n} x {name}" for name, n in numbers.items())
    in_ram = {"experts-in-ram": " with experts in RAM", "partial": " with some layers in RAM"}
    return said + in_ram.get(option.placement.layout, "") if layout else said


def where(option: Option) -> str:
    """The layout in two or three words."""
    placement = option.placement
    cards = len(placement.used_gpus)
    on = "GPU" if cards == 1 else f"{cards} GPUs"
    match placement.layout:
        case "gpu":
            return "GPU"
        case "gpu-split":
            return on
        case "experts-in-ram":
            beside = "RAM and on disk" if option.disk_bytes else "RAM"
            return f"{on} + experts in {beside}"
        case "partial":
            beside = "RAM, experts on disk" if option.disk_bytes else "RAM"
            return f"{on}, {placement.host_layers} of {placement.layers} layers in {beside}"
        case "cpu":
            return "CPU + experts on disk" if option.disk_bytes else "CPU"
        case "unified":
            return "GPU"


def short_where(option: Option) -> str:
    """The devices alone: "GPU", "2 GPUs+RAM"."""
    cards = len(option.placement.used_gpus)
    places = [] if not cards else ["GPU"] if cards == 1 else [f"{cards} GPUs"]
    match option.placement.layout:
        case "experts-in-ram" | "partial":
            places.append("RAM")
        case "cpu":
            places = ["CPU"]
        case "unified":
            places = ["GPU"]
    return "+".join([*places, "disk"] if option.disk_bytes else places)


def _context(option: Option) -> str:
    return f"{option.context:,}"


def _needed(option: Option) -> str:
    size = option.needed_bytes
    return f"{size / GIB:,.0f}" if size >= 100 * GIB else gib(size)


def _rate(option: Option) -> str:
    if not option.fits:
        return "-"
    return rate_text(option.speed.decode[0].tok_s, alone=True)


def _rate_with_range(option: Option) -> str:
    if not option.fits:
        return "-"
    return rate_text(option.speed.decode[0].tok_s, unit="")


def _gpqa(option: Option) -> str:
    found = next((score.score for score in option.quality.scores if score.benchmark == BENCHMARK), None)
    return "-" if found is None else f"{found:.1f}"


def _memory_fields(memory: DeviceMemory, full_at: dict[str, int]) -> dict[str, Any]:
    device = memory.device
    return {
        "device": device.name,
        "kind": device.kind,
        "capacity_bytes": device.capacity_bytes,
        "free_bytes": device.free_bytes,
        "margin_bytes": device.margin_bytes,
        **{f"{part.term}_bytes": part.size_bytes for part in memory.parts},
        "total_bytes": memory.total_bytes,
        "full_at_context": full_at.get(device.name),
        "basis": {part.term: part.basis for part in memory.parts},
    }
