"""The choice: every model, quant and layout that the machine could run, ranked by what the person wants."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from r1plan.catalog.model import Model, Quant
from r1plan.catalog.quality import QuantTable
from r1plan.errors import NotFound, UsageError
from r1plan.hardware.machine import Machine
from r1plan.plan.buffers import EngineSettings
from r1plan.plan.devices import Devices, devices_of
from r1plan.plan.layouts import fixed_layout, layouts
from r1plan.plan.memory import DeviceMemory
from r1plan.plan.option import Option, Plan, Rejection, option_id
from r1plan.plan.placement import Placed, Placement, placed
from r1plan.plan.quality import Quality, quality_of
from r1plan.plan.rank import behind, different, fast_enough, ranked, score_of, why_chosen
from r1plan.plan.running_cost import running_cost
from r1plan.plan.speed import speed_of
from r1plan.plan.weights import Weights, weights_of
from r1plan.plan.workload import (
    CONTEXT_ENOUGH,
    CONTEXT_GOAL,
    CONTEXT_LEAST,
    SERVER_SLOTS,
    KvType,
    Pins,
    Workload,
)
from r1plan.units import GIB


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A model at a quant, with what does not depend on the layout."""

    model: Model
    quant: Quant
    weights: Weights
    quality: Quality


def choose(
    machine: Machine,
    models: Mapping[str, Model],
    quant_tables: tuple[QuantTable, ...],
    workload: Workload,
    pins: Pins,
    from_file: Weights | None = None,
) -> Plan:
    """The best option for `workload` on `machine`, what else is worth a look, and what was rejected and why.

    `from_file` are the weights of the one model and quant that are pinned, when a file's own header tells them.
    With model and quant pinned the choice is exactly that option, fitting or not. Otherwise the choice is None when
    nothing fits. Raises NotFound for an unknown model or quant and UsageError for pins that cannot go together.
    """
    candidates = tuple(_candidates(models, quant_tables, pins, from_file))
    devices = devices_of(machine)
    _check(pins, candidates, devices)
    options: list[Option] = []
    rejected: list[Rejection] = []
    for candidate in candidates:
        option, rejection = _best_layout(machine, devices, candidate, workload, pins)
        if option is not None and (option.fits or pins.one_option):
            options.append(option)
        if rejection is not None:
            rejected.append(rejection)
    if pins.one_option:
        return Plan(machine=machine, workload=workload, choice=options[0], alternatives=(), rejected=tuple(rejected))
    options, slow = fast_enough(options, workload)
    rejected += slow
    best_first = ranked(options, workload)
    if not best_first:
        return Plan(machine=machine, workload=workload, choice=None, alternatives=(), rejected=_sorted(rejected))
    choice = replace(best_first[0], reason=why_chosen(workload))
    alternatives = tuple(different(choice, best_first[1:]))
    shown = {choice.id, *(option.id for option in alternatives)}
    rejected += [behind(option, choice) for option in best_first if option.id not in shown]
    return Plan(
        machine=machine, workload=workload, choice=choice, alternatives=alternatives, rejected=_sorted(rejected)
    )


def _candidates(
    models: Mapping[str, Model], tables: tuple[QuantTable, ...], pins: Pins, from_file: Weights | None
) -> Iterator[_Candidate]:
    by_folded = {each.casefold(): each for each in models}
    if pins.model is not None and pins.model.casefold() not in by_folded:
        raise NotFound.among("model", pins.model, models)
    wanted = [models[by_folded[pins.model.casefold()]]] if pins.model else [m for m in models.values() if m.recommended]
    found = False
    for model in wanted:
        for quant in model.quants:
            if pins.quant is not None and quant.name.casefold() != pins.quant.casefold():
                continue
            if quant.engine != "llama.cpp":
                if pins.one_option:
                    raise UsageError(
                        f"{option_id(model, quant)} runs in {quant.engine} only.",
                        "choose a quant of llama.cpp's own, such as UD-Q4_K_XL or Q4_K_M",
                    )
                continue
            found = True
            yield _Candidate(model, quant, from_file or weights_of(model, quant), quality_of(model, quant, tables))
    if not found:
        known = dict.fromkeys(quant.name for model in wanted for quant in model.quants)
        whose = f"{wanted[0].id} has {', '.join(known)}" if pins.model else "r1plan models list shows every quant"
        raise NotFound.among("quant", pins.quant or "", known, whose)


def _check(pins: Pins, candidates: tuple[_Candidate, ...], devices: Devices) -> None:
    if not devices.gpus and (pins.gpu_layers or pins.experts_on_cpu):
        asked = f"--gpu-layers {pins.gpu_layers}" if pins.gpu_layers else "--experts-on-cpu"
        raise UsageError(
            f"{asked}: the machine has no GPU that can be used.", "leave it out, or describe a card: --gpu"
        )
    if pins.context is not None:
        longest = max((each.model for each in candidates), key=lambda model: model.context_max)
        if pins.context > longest.context_max:
            whose = f"{longest.id} has" if pins.model else "every model has at most"
            raise UsageError(
                f"--context {pins.context}: {whose} {longest.context_max:,} tokens.",
                f"ask for at most --context {longest.context_max}",
            )
    if pins.gpu_layers is not None and pins.model is not None:
        layers = candidates[0].model.shape.layers
        if pins.gpu_layers > layers + 1:
            raise UsageError(
                f"--gpu-layers {pins.gpu_layers}: {candidates[0].model.id} has {layers} layers.",
                f"{layers + 1} puts all of them and the output head on the GPU",
            )
    if pins.experts_on_cpu and pins.model is not None and not candidates[0].weights.expert_layers:
        raise UsageError(
            f"--experts-on-cpu: {candidates[0].model.id} is dense and has no experts.",
            "leave it out, or use --gpu-layers to keep whole layers in RAM",
        )


def _best_layout(
    machine: Machine, devices: Devices, candidate: _Candidate, workload: Workload, pins: Pins
) -> tuple[Option | None, Rejection | None]:
    """The best option over the layouts that fit; else the first proposal, with the reason why none fits."""
    best: Option | None = None
    first: Option | None = None
    model = candidate.model
    id_ = option_id(model, candidate.quant)
    if pins.context is not None and pins.context > model.context_max:
        return None, Rejection(id=id_, reason=f"reads at most {model.context_max:,} tokens")
    if pins.experts_on_cpu and not candidate.weights.expert_layers:
        return None, Rejection(id=id_, reason="is dense: it has no experts to keep in RAM")
    failed: list[tuple[DeviceMemory, ...]] = []
    for settings in _settings(pins):
        for placement in _proposals(devices, candidate, settings, pins):
            where = placed(placement, devices, model.shape, candidate.weights, settings, model.context_max)
            context = _context(where, pins)
            memory = where.memory_at(context)
            if not all(device.fits for device in memory):
                failed.append(memory)
                if first is None and pins.one_option:
                    first = _option(machine, candidate, where, context, memory, workload)
                continue
            option = _option(machine, candidate, where, context, memory, workload)
            if best is None or option.score > best.score:
                best = option
        if best is not None and best.context >= CONTEXT_GOAL:
            break
    if best is not None:
        mixed = bool(devices.gpus) and not devices.unified and best.placement.layout not in ("gpu", "gpu-split")
        return replace(
            best,
            not_on_gpu=_lack(failed[0])[1] if mixed and failed else None,
            reason=_as_asked(model) if pins.one_option else "",
        ), None
    reason, shortfall, needed = _missing(failed)
    rejection = Rejection(id=id_, reason=reason, shortfall_bytes=shortfall, needed_bytes=needed)
    return (replace(first, reason=rejection.reason) if first is not None else None), rejection


def _as_asked(model: Model) -> str:
    return "as asked" if model.recommended else f"as asked, though not recommended: {model.note}"


def _settings(pins: Pins) -> Iterator[EngineSettings]:
    kinds: tuple[KvType, ...] = (pins.kv_type,) if pins.kv_type else ("f16", "q8_0") if pins.flash_attn else ("f16",)
    for kind in kinds:
        shared = pins.slots is None and pins.runtime == "llama-server"
        slots = pins.slots or (SERVER_SLOTS if shared else 1)
        yield EngineSettings(kind, pins.n_ubatch, slots, pins.flash_attn, pins.runtime, one_cache=shared)


def _proposals(devices: Devices, candidate: _Candidate, settings: EngineSettings, pins: Pins) -> Iterator[Placement]:
    shape, weights = candidate.model.shape, candidate.weights
    if pins.gpu_layers is not None or (pins.experts_on_cpu and devices.gpus):
        wanted = shape.layers + 1 if pins.gpu_layers is None else pins.gpu_layers
        yield fixed_layout(devices, shape, weights, wanted, pins.experts_on_cpu)
        return
    seen = set()
    targets = (pins.context,) if pins.context else (CONTEXT_GOAL, CONTEXT_ENOUGH, CONTEXT_LEAST)
    for context in targets:
        for placement in layouts(devices, shape, weights, settings, min(context, candidate.model.context_max)):
            if placement not in seen:
                seen.add(placement)
                yield placement


def _context(where: Placed, pins: Pins) -> int:
    """The wanted context; else the largest up to the goal, in steps of 1,024, and never below the least."""
    if pins.context is not None:
        return pins.context
    return max(min(where.context_max, CONTEXT_GOAL) // 1024 * 1024, min(CONTEXT_LEAST, where.model_context))


def _option(
    machine: Machine,
    candidate: _Candidate,
    where: Placed,
    context: int,
    memory: tuple[DeviceMemory, ...],
    workload: Workload,
) -> Option:
    typical = min(workload.typical_depth, context)
    depths = tuple(dict.fromkeys((typical, 0, *workload.depths)))
    speed = speed_of(machine, candidate.model, candidate.quant, candidate.weights, where, depths)
    return Option(
        model=candidate.model,
        quant=candidate.quant,
        settings=where.settings,
        placement=where.placement,
        context=context,
        context_max=where.context_max,
        memory=memory,
        speed=speed,
        quality=candidate.quality,
        cost=running_cost(machine, where, speed, workload),
        score=score_of(candidate.quality, speed, where.settings.kv_type, context),
    )


def _missing(failed: list[tuple[DeviceMemory, ...]]) -> tuple[str, int, int]:
    """In words and numbers what the first and the least bad failed layout lack: reason, shortfall and need in bytes."""
    least = min(failed, key=_shortfall)
    said = [_lack(memory) for memory in (failed[0], least)]
    differ = said[0][0] != said[1][0]
    reason = "; or ".join(text for _, text in said) if differ else said[1][1]
    return reason, _shortfall(least), sum(device.total_bytes for device in least)


def _shortfall(memory: tuple[DeviceMemory, ...]) -> int:
    return sum(max(device.device.margin_bytes - device.spare_bytes, 0) for device in memory)


def _lack(memory: tuple[DeviceMemory, ...]) -> tuple[str, str]:
    """Where memory is short, and `needs 23.4 GiB on the GPU, 21.9 free`."""
    cards = [device for device in memory if device.device.kind == "gpu"]
    if any(not device.fits for device in cards):
        need, room = sum(card.total_bytes for card in cards), sum(_room(card) for card in cards)
        if need > room:
            where = "the GPU" if len(cards) == 1 else f"{len(cards)} GPUs"
            return where, f"needs {need / GIB:.1f} GiB on {where}, {room / GIB:.1f} free"
    short = max(memory, key=lambda device: device.total_bytes - _room(device))
    where = {"gpu": short.device.name, "host": "RAM", "unified": "unified memory"}[short.device.kind]
    return where, f"needs {short.total_bytes / GIB:.1f} GiB of {where}, {_room(short) / GIB:.1f} free"


def _room(memory: DeviceMemory) -> int:
    return max(memory.device.free_bytes - memory.device.margin_bytes, 0)


def _sorted(rejected: list[Rejection]) -> tuple[Rejection, ...]:
    """Those that failed for memory by how little was missing, then the others."""
    return tuple(sorted(rejected, key=lambda each: (each.shortfall_bytes is None, each.shortfall_bytes or 0)))
