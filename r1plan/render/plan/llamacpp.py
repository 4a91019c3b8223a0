"""How a plan for llama.cpp is shown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar

from r1plan.errors import NothingFits
from r1plan.hardware.machine import Machine
from r1plan.money import usd
from r1plan.plan.llamacpp.memory.parts import DeviceMemory
from r1plan.plan.llamacpp.option import Option
from r1plan.plan.llamacpp.speed.decode_time import DISK_BANDWIDTH_GB_S, disk_bandwidth
from r1plan.plan.plan import Plan, Rejection
from r1plan.plan.quality import BENCHMARK
from r1plan.plan.reasons import CauseKind, NeedsMemory, kind_of
from r1plan.plan.workload import Workload
from r1plan.render.plan.view import NARROW, Line, TableColumn
from r1plan.render.plan.words import cause_text, rate_text, standing_text
from r1plan.render.text.units import card_name, count, gib

if TYPE_CHECKING:
    from r1plan.plan.headroom import Headroom

_BEHIND = ("fits and ranks lower", "fit and rank lower")


class LlamaCppView:
    """Shows plans for llama.cpp."""

    tally: ClassVar[dict[CauseKind, tuple[str, str]]] = {
        "memory": ("needs more memory", "need more memory"),
        "slow": ("would be too slow", "would be too slow"),
        "refused": _BEHIND,
        "behind": _BEHIND,
    }

    def opening(self, plan: Plan[Option]) -> Iterator[Line]:
        """The sentence to act on, and what the electricity costs."""
        if plan.choice is not None:
            yield Line(headline(plan.choice, plan.machine))
            if running := _running(plan.choice, plan.workload):
                yield Line(running)

    def shows_table(self, plan: Plan[Option]) -> bool:
        """Whenever there is an option."""
        return bool(plan.options)

    def columns(self, width: int) -> tuple[TableColumn[Option], ...]:
        """A narrow terminal leaves the scores out."""
        narrow = width < NARROW
        columns = (
            TableColumn("where", where, left=True, may_wrap=narrow),
            TableColumn("context", _context),
            TableColumn("GiB", _needed),
            TableColumn("tok/s", _rate if narrow else _rate_with_range),
        )
        return columns if narrow else (*columns, TableColumn("GPQA", _gpqa))

    def nearest(self, plan: Plan[Option]) -> tuple[str, list[Rejection]]:
        """What lacks the least memory, and the first of the too slow."""
        by_kind = {
            kind: next((each for each in plan.rejected if kind_of(each.cause) == kind), None)
            for kind in ("memory", "slow")
        }
        return "Nearest misses", [each for each in by_kind.values() if each is not None]

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

    def own_fields(self, option: Option) -> dict[str, Any]:
        """None."""
        return {}

    def plan_fields(self, plan: Plan[Option], headroom: Headroom[Option] | None) -> dict[str, Any]:
        """What limits the plan."""
        from r1plan.render.plan.document import headroom_fields

        return {"room": headroom_fields(headroom) if headroom is not None else None}

    def explained(self, plan: Plan[Option], option: Option, headroom: Headroom[Option] | None) -> Iterator[str]:
        """Each device's memory in parts, what limits it, where the time of a token goes, and the scores."""
        from r1plan.render.plan.llamacpp_explained import parts_of

        return parts_of(option, headroom)

    def failure(self, plan: Plan[Option]) -> NothingFits | None:
        """Names the nearest miss, or what the asked option lacks."""
        choice, miss = plan.choice, plan.nearest_miss
        if choice is None:
            if miss is None:
                return NothingFits("nothing fits what was asked.", "--explain says why each option was rejected")
            reason, slow = cause_text(miss.cause), kind_of(miss.cause) == "slow"
            does = f"the fastest, {miss.id}, makes {reason}" if slow else f"the smallest, {miss.id}, {reason}"
            return NothingFits(f"nothing fits: {does}.", "--explain says why for each option")
        if choice.fits:
            return None
        hint = "leave out --quant to see what does"
        if isinstance(choice.why, NeedsMemory) and choice.why.from_disk is not None:
            hint += f"; --min-speed {choice.why.from_disk.tok_s * 0.99:.2g} accepts experts on disk"
        return NothingFits(f"{choice.id} does not fit: {standing_text(choice.why)}.", hint)

    def remarks(self, plan: Plan[Option]) -> Iterator[str]:
        """How the machine was taken, and what is assumed of it."""
        from r1plan.render.assumptions import machine_remarks

        yield from machine_remarks(plan.machine)
        if plan.choice and plan.choice.disk_bytes and plan.machine.disk_bandwidth_gb_s is None:
            yield f"Assumed: {DISK_BANDWIDTH_GB_S:g} GB/s for the disk (--disk-bandwidth)."


def headline(option: Option, machine: Machine) -> str:
    """The sentence to act on."""
    where = machine_name(option, machine)
    context = f"{count(option.context, 'token')} of context"
    if not option.fits:
        lacks = f"does not fit {where}: it {standing_text(option.why)}."
        return f"{option.model.id} at {option.quant_name} with {context} {lacks}"
    speed = f"about {rate_text(option.speed.decode[0].tok_s)}"
    if option.disk_bytes:
        spare = f"as {gib(option.disk_bytes)} GiB of experts find no room and are read from {disk_bandwidth(machine)}"
    else:
        tightest = min(option.memory, key=lambda each: each.spare_bytes)
        spare = f"{gib(tightest.spare_bytes)} GiB to spare"
    return f"Run {option.model.id} at {option.quant_name} with {context} on {where}: {speed}, {spare}."


def machine_name(option: Option, machine: Machine) -> str:
    """Where an option runs, as people say it: "your RTX 4090", "2 x RTX 3090 with the experts in RAM"."""
    your = machine.origin == "detected"
    used = {each.device.gpu_index for each in option.memory} - {None}
    names = [card_name(gpu.name) for gpu in machine.gpus if gpu.index in used]
    if not names:
        return "your processor" if your else "the processor"
    numbers = {name: names.count(name) for name in names}
    if your:
        said = "your " + " and ".join(f"{n} {name}" if n > 1 else name for name, n in numbers.items())
    else:
        said = " and ".join(f"{n} x {name}" for name, n in numbers.items())
    in_ram = {"experts-in-ram": " with experts in RAM", "partial": " with some layers in RAM"}
    return said + in_ram.get(option.placement.layout, "")


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


def _running(option: Option, workload: Workload) -> str | None:
    if option.cost.usd_per_mtok_output is None:
        return None
    month = f", {usd(option.cost.usd_per_month)} a month" if option.cost.usd_per_month is not None else ""
    return (
        f"Electricity at ${workload.power_usd_per_kwh:g} a kWh: {usd(option.cost.usd_per_mtok_output)} "
        f"a million tokens of output{month}, at the cards' power limit."
    )


def _context(option: Option) -> str:
    kept = "" if option.settings.kv_type == "f16" else f" {option.settings.kv_type}"
    return f"{option.context:,}{kept}"


def _needed(option: Option) -> str:
    return gib(option.needed_bytes)


def _rate(option: Option) -> str:
    return rate_text(option.speed.decode[0].tok_s, alone=True)


def _rate_with_range(option: Option) -> str:
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
