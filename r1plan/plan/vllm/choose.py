"""The choice among what vLLM could serve on a machine: each model, type of weights and way to share the GPUs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import get_args

from r1plan.catalog.model import Model
from r1plan.catalog.quality import QuantTable
from r1plan.errors import NotFound, UsageError
from r1plan.hardware.machine import GpuDevice, Machine
from r1plan.plan.vllm.layouts import equal_gpus, layouts, refused
from r1plan.plan.vllm.option import VllmOption, VllmPins, VllmPlan, VllmRejection
from r1plan.plan.vllm.rank import WHY, best_of_each, different, fast_enough, other_layouts, ranked, why_else
from r1plan.plan.vllm.weights import Dtype
from r1plan.plan.workload import Workload
from r1plan.units import GIB

_MOST_ALTERNATIVES = 5


def choose_vllm(
    machine: Machine,
    models: Mapping[str, Model],
    quant_tables: tuple[QuantTable, ...],
    workload: Workload,
    pins: VllmPins,
) -> VllmPlan:
    """The best that vLLM could serve on `machine`, what else is worth a look, and what was rejected and why.

    With model and type pinned the choice is exactly that option, fitting or not, but None where vLLM refuses it. Raises
    NotFound for an unknown model or type, and UsageError for pins that cannot be meant or a machine without cards.
    """
    cards, notes = equal_gpus(machine)
    wanted = _wanted(models, pins)
    options: list[VllmOption] = []
    rejected: list[VllmRejection] = []
    for model in wanted:
        for dtype in _types(model, pins):
            possible = list(layouts(cards, model, dtype, quant_tables, workload, pins))
            fitting = [option for option in possible if option.fits]
            options += fitting or (possible[:1] if pins.one_option else [])
            if not fitting or refused(dtype, cards):
                rejected.append(_rejection(model, dtype, cards, possible, pins))
    if not pins.one_option:
        options, slow = fast_enough(options, workload)
        rejected += slow
    best = ranked(best_of_each(options), workload)
    if not best:
        return _plan(machine, workload, None, (), rejected, notes)
    why = WHY[workload.objective] if not pins.one_option else rejected[0].reason if rejected else "as asked"
    choice = replace(best[0], reason=why)
    shown = [*other_layouts(best[0], options), *different(choice, best[1:])][:_MOST_ALTERNATIVES]
    named = {option.id for option in (choice, *shown)}
    rejected += [
        VllmRejection(
            id=option.id, why="behind", reason=f"fits, but ranks below {choice.id}: {why_else(option, choice)}"
        )
        for option in best[1:]
        if option.id not in named
    ]
    return _plan(machine, workload, choice, tuple(shown), rejected, notes)


def _plan(
    machine: Machine,
    workload: Workload,
    choice: VllmOption | None,
    alternatives: tuple[VllmOption, ...],
    rejected: list[VllmRejection],
    notes: tuple[str, ...],
) -> VllmPlan:
    by_shortfall = sorted(rejected, key=lambda each: (each.shortfall_bytes is None, each.shortfall_bytes or 0))
    return VllmPlan(
        machine=machine,
        workload=workload,
        choice=choice,
        alternatives=alternatives,
        rejected=tuple(by_shortfall),
        notes=notes,
    )


def _wanted(models: Mapping[str, Model], pins: VllmPins) -> list[Model]:
    by_folded = {each.casefold(): each for each in models}
    if pins.model is not None and pins.model.casefold() not in by_folded:
        raise NotFound.among("model", pins.model, models, f"known are {', '.join(models)}")
    wanted = [models[by_folded[pins.model.casefold()]]] if pins.model else [m for m in models.values() if m.recommended]
    longest = max(wanted, key=lambda model: model.context_max)
    if pins.context is not None and pins.context > longest.context_max:
        whose = f"{longest.id} has" if pins.model else "every model has at most"
        raise UsageError(
            f"--context {pins.context}: {whose} {longest.context_max:,} tokens.",
            f"ask for at most --context {longest.context_max}",
        )
    return wanted


def _types(model: Model, pins: VllmPins) -> list[Dtype]:
    """The types of weights that `model` is served in. Only the mixtures are published in NVFP4."""
    every: tuple[Dtype, ...] = get_args(Dtype)
    known = [each for each in every if each != "NVFP4" or model.shape.experts is not None]
    if pins.dtype is None:
        return known
    found = [each for each in known if each.casefold() == pins.dtype.casefold()]
    if not found and (pins.model is not None or pins.dtype.upper() not in every):
        serves = f"vLLM serves {model.id} in {', '.join(known)}" if pins.model else f"vLLM serves {', '.join(every)}"
        raise NotFound.among("quant", pins.dtype, known, serves)
    return found


def _rejection(
    model: Model, dtype: Dtype, cards: tuple[GpuDevice, ...], possible: list[VllmOption], pins: VllmPins
) -> VllmRejection:
    id_ = f"{model.id}:{dtype}"
    if why := refused(dtype, cards):
        return VllmRejection(id=id_, why="refused", reason=why)
    if (pins.context or 0) > model.context_max:
        return VllmRejection(id=id_, why="refused", reason=f"reads at most {model.context_max:,} tokens")
    plain = [option for option in possible if option.parallel.data == option.parallel.context == 1] or possible
    nearest = max(plain, key=lambda option: option.memory.allowed_bytes - option.memory.fixed_bytes)
    memory, gpus = nearest.memory, nearest.parallel.gpus
    where = "on the GPU" if gpus == 1 else f"on each of {gpus} GPUs"
    allowed = f"{memory.allowed_bytes / GIB:.1f}"
    if not memory.starts:
        reason = (
            f"wants {allowed} GiB {where} (--gpu-memory-utilization {nearest.settings.utilization:g}), "
            f"{memory.free_bytes / GIB:.1f} free"
        )
        missing = memory.allowed_bytes - memory.free_bytes
        return VllmRejection(id=id_, why="memory", reason=reason, shortfall_bytes=missing * gpus)
    context = nearest.context
    needed = memory.needed_bytes(context, pins.users)
    if memory.context_of(1) >= min(context, model.context_max) and pins.users > 1:
        most = max(possible, key=lambda option: option.users)
        reason = f"holds {most.users:,} users of {context:,} tokens, {pins.users:,} asked"
    else:
        for_whom = f"{context:,} tokens" if pins.users == 1 else f"{pins.users:,} users of {context:,} tokens"
        reason = f"needs {needed / GIB:.1f} GiB {where} for {for_whom}, vLLM may use {allowed}"
    return VllmRejection(id=id_, why="memory", reason=reason, shortfall_bytes=(needed - memory.allowed_bytes) * gpus)
