"""The choice: every model, quant and layout that the machine could run, ranked by what the person wants."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from r1plan.catalog.model import Model
from r1plan.catalog.quality import QuantTable
from r1plan.errors import NotFound, UsageError
from r1plan.hardware.machine import Machine
from r1plan.models.weights import Weights
from r1plan.plan.arch.table import spec_of
from r1plan.plan.llamacpp.fit.incumbent import QuantCandidate
from r1plan.plan.llamacpp.fit.search import Search
from r1plan.plan.llamacpp.fit.shortfall import lack, shortfall
from r1plan.plan.llamacpp.kv_types import CUDA_FLASH_TYPES
from r1plan.plan.llamacpp.memory.devices import Devices, devices_of, left_out
from r1plan.plan.llamacpp.option import Option, Plan, Rejection, option_id
from r1plan.plan.llamacpp.rank import (
    behind,
    different,
    fast_enough,
    least_tok_s,
    ranked,
    reaches,
    reads_from_disk,
    too_slow_from_disk,
    why_chosen,
)
from r1plan.plan.llamacpp.weights.layers import weights_of
from r1plan.plan.quality import quality_of
from r1plan.plan.workload import Pins, Workload


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
    nothing fits. Options that read experts from disk stand behind all others, and are offered only where they are as
    fast as asked or nothing else fits. Raises NotFound for an unknown model or quant and UsageError for pins that
    cannot go together.
    """
    candidates = tuple(_candidates(models, quant_tables, pins, from_file))
    devices = devices_of(machine)
    if note := left_out(machine):
        machine = replace(machine, notes=(*machine.notes, note))
    _check(pins, candidates, devices)
    search = Search(machine, devices, workload, pins)
    options: list[Option] = []
    from_disk: list[Option] = []
    lacking: dict[str, Rejection] = {}
    rejected: list[Rejection] = []
    for candidate in candidates:
        id_ = option_id(candidate.model, candidate.quant)
        cannot = _cannot(candidate, pins)
        if cannot is not None:
            rejected.append(Rejection(id=id_, reason=cannot))
            continue
        found = search.of(candidate)
        if found.best is not None:
            mixed = bool(devices.gpus) and not devices.unified and not found.best.on_gpus_alone
            why_not = lack(found.failed[0])[1] if mixed and found.failed else None
            options.append(replace(found.best, not_on_gpu=why_not))
            continue
        reason, lacking_bytes, needed = shortfall(found.failed)
        lacking[id_] = Rejection(id=id_, reason=reason, shortfall_bytes=lacking_bytes, needed_bytes=needed)
        if found.from_disk is not None:
            from_disk.append(found.from_disk)
        if pins.one_option:
            asked = search.settled(candidate, found.asked) if found.asked is not None else None
            if asked is not None and asked.fits:
                options.append(asked)
            else:
                return _one(machine, workload, asked, found.from_disk, lacking[id_])
    by_id = {option_id(each.model, each.quant): each for each in candidates}
    if pins.one_option:
        chosen = None
        if options:
            asked = search.settled(by_id[options[0].id], options[0])
            reason = _as_asked(asked.model) if asked.fits else shortfall([asked.memory])[0]
            chosen = replace(asked, reason=reason)
        return Plan(machine=machine, workload=workload, choice=chosen, alternatives=(), rejected=tuple(rejected))
    options, slow = fast_enough(options, workload)
    rejected += slow
    best_first = ranked(options, workload)
    least = least_tok_s(workload)
    last_resort = ranked([option for option in from_disk if reaches(option, workload)], workload)
    if not (best_first or last_resort) and workload.min_tok_s is None:
        last_resort = sorted(from_disk, key=lambda option: -option.tok_s)
    kept = {option.id for option in last_resort}
    for option in from_disk:
        if option.id not in kept:
            lacking[option.id] = too_slow_from_disk(lacking[option.id], option, least)
    rejected += [each for id_, each in lacking.items() if id_ not in kept]
    best_first += [replace(option, not_on_gpu=lacking[option.id].reason) for option in last_resort]
    settled = _Settled(search, by_id)
    while best_first and not settled.fits(best_first[0]):
        best_first.pop(0)
    if not best_first:
        rejected += settled.rejected
        return Plan(machine=machine, workload=workload, choice=None, alternatives=(), rejected=_sorted(rejected))
    choice = replace(best_first[0], reason=why_chosen(workload, best_first[0]))
    beside = [option for option in different(choice, best_first[1:]) if settled.fits(option)]
    choice, *alternatives = (settled.of(option) for option in (choice, *beside))
    rejected += settled.rejected
    shown = {choice.id, *(option.id for option in alternatives)}
    shown |= {each.id for each in settled.rejected}
    rejected += [behind(option, choice) for option in best_first if option.id not in shown]
    return Plan(
        machine=machine,
        workload=workload,
        choice=choice,
        alternatives=tuple(alternatives),
        rejected=_sorted(rejected),
    )


class _Settled:
    """Options with what the engine really reserves. `rejected` are those that then do not fit after all."""

    def __init__(self, search: Search, candidates: Mapping[str, QuantCandidate]) -> None:
        self._search, self._candidates = search, candidates
        self._known: dict[str, Option] = {}
        self.rejected: list[Rejection] = []

    def of(self, option: Option) -> Option:
        """`option`, settled; it keeps its reason."""
        if option.id not in self._known:
            self._known[option.id] = self._search.settled(self._candidates[option.id], option)
        return replace(self._known[option.id], reason=option.reason)

    def fits(self, option: Option) -> bool:
        """Whether it does; if not, it is rejected."""
        settled = self.of(option)
        if not settled.fits:
            reason, lacking_bytes, needed = shortfall([settled.memory])
            self.rejected.append(
                Rejection(id=option.id, reason=reason, shortfall_bytes=lacking_bytes, needed_bytes=needed)
            )
        return settled.fits


def _one(
    machine: Machine, workload: Workload, asked: Option | None, from_disk: Option | None, lacking: Rejection
) -> Plan:
    """The answer about exactly one model and quant that no memory here holds."""
    if from_disk is not None and reaches(from_disk, workload):
        slow = replace(from_disk, not_on_gpu=lacking.reason, reason=reads_from_disk(from_disk))
        return Plan(machine=machine, workload=workload, choice=slow, alternatives=(), rejected=())
    if from_disk is not None:
        lacking = too_slow_from_disk(lacking, from_disk, least_tok_s(workload))
    choice = replace(asked, reason=lacking.reason) if asked is not None else None
    return Plan(machine=machine, workload=workload, choice=choice, alternatives=(), rejected=(lacking,))


def _candidates(
    models: Mapping[str, Model], tables: tuple[QuantTable, ...], pins: Pins, from_file: Weights | None
) -> Iterator[QuantCandidate]:
    by_folded = {each.casefold(): each for each in models}
    if pins.model is not None and pins.model.casefold() not in by_folded:
        raise NotFound.among("model", pins.model, models, f"known are {', '.join(models)}")
    wanted = [models[by_folded[pins.model.casefold()]]] if pins.model else [m for m in models.values() if m.recommended]
    found = False
    for model in wanted:
        spec_of(model.architecture, model.shape)  # of a file the bytes are known, but not the buffers beside them
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
            yield QuantCandidate(model, quant, from_file or weights_of(model, quant), quality_of(model, quant, tables))
    if not found:
        known = dict.fromkeys(quant.name for model in wanted for quant in model.quants)
        whose = f"{wanted[0].id} has {', '.join(known)}" if pins.model else f"known are {', '.join(known)}"
        raise NotFound.among("quant", pins.quant or "", known, whose)


def _check(pins: Pins, candidates: tuple[QuantCandidate, ...], devices: Devices) -> None:
    if not devices.gpus and (pins.gpu_layers or pins.experts_on_cpu):
        asked = f"--gpu-layers {pins.gpu_layers}" if pins.gpu_layers else "--experts-on-cpu"
        raise UsageError(
            f"{asked}: the machine has no GPU that can be used.", "leave it out, or describe a card: --gpu"
        )
    if devices.gpus and not devices.unified and pins.flash_attn and pins.kv_type not in (None, *CUDA_FLASH_TYPES):
        raise UsageError(
            f"--kv {pins.kv_type}: on a graphics card llama.cpp's flash attention is built for "
            f"{', '.join(CUDA_FLASH_TYPES)} alone.",
            "take --kv q8_0, or plan for the processor with --cpu-only",
        )
    if devices.unified and pins.experts_on_cpu:
        raise UsageError(
            "--experts-on-cpu: processor and graphics share one memory here, so it would free none.",
            "leave it out; --gpu-layers sets how many layers the graphics part computes",
        )
    if pins.context is not None:
        longest = max((each.model for each in candidates), key=lambda model: model.context_max)
        if pins.context > longest.context_max:
            whose = f"{longest.id} has" if pins.model else "every model has at most"
            raise UsageError(
                f"--context {pins.context}: {whose} {longest.context_max:,} tokens.",
                f"ask for at most --context {longest.context_max}",
            )
    if pins.experts_on_cpu and pins.model is not None and not candidates[0].weights.expert_layers:
        raise UsageError(
            f"--experts-on-cpu: {candidates[0].model.id} is dense and has no experts.",
            "leave it out, or use --gpu-layers to keep whole layers in RAM",
        )


def _cannot(candidate: QuantCandidate, pins: Pins) -> str | None:
    """Why a model cannot do what is asked whatever the machine, or None."""
    model = candidate.model
    if pins.context is not None and pins.context > model.context_max:
        return f"reads at most {model.context_max:,} tokens"
    if pins.experts_on_cpu and not candidate.weights.expert_layers:
        return "is dense: it has no experts to keep in RAM"
    return None


def _as_asked(model: Model) -> str:
    return "as asked" if model.recommended else f"as asked, though not recommended: {model.note}"


def _sorted(rejected: list[Rejection]) -> tuple[Rejection, ...]:
    """Those that failed for memory by how little was missing, then the others."""
    return tuple(sorted(rejected, key=lambda each: (each.shortfall_bytes is None, each.shortfall_bytes or 0)))
