"""What would break a plan first, and what more room would buy: the plan made again for a roomier machine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace

from r1plan.catalog.model import Model
from r1plan.hardware.machine import GpuProcess, Machine
from r1plan.plan.choice.chosen import BeyondPatience
from r1plan.plan.headroom import Gain, Headroom, Improvement
from r1plan.plan.llamacpp.choose import choice_of
from r1plan.plan.llamacpp.memory.parts import Device
from r1plan.plan.llamacpp.option import Option, option_id
from r1plan.plan.llamacpp.speed.learned import NOTHING_LEARNED, LearnedRates
from r1plan.plan.model_set import ModelSet
from r1plan.plan.pins import Pins
from r1plan.plan.plan import Plan
from r1plan.plan.quality import quant_quality
from r1plan.units import GIB

_STEPS_GIB = (1, 2, 4, 8, 16)
_STEPS_GIB_OF_MANY_CARDS = (8,)  # among many cards one card's next GiB seldom buys anything
_MANY_CARDS = 4
_NEAREST_MISSES = 8
_BETTER_QUANTS = 3
_SLOW_QUANTS = 2
_MOST_SLOTS = 64
_FASTER = 1.05


def headroom_of(
    plan: Plan[Option], models: ModelSet, pins: Pins, learned: LearnedRates = NOTHING_LEARNED
) -> Headroom[Option] | None:
    """What limits the choice of `plan` and what would be gained by more room; None when nothing was chosen."""
    choice = plan.choice
    if choice is None or not choice.fits:
        return None
    again = _Again(plan, choice, models, pins, learned)
    first = choice.full_at[0] if choice.full_at else None
    return Headroom(
        full_first=first if first is not None and first[1] < choice.model.context_max else None,
        most_slots=again.most_slots(),
        gains=tuple(again.gains()),
    )


class _Again:
    """Makes a plan again, among the options that more room could bring up."""

    def __init__(self, plan: Plan[Option], choice: Option, models: ModelSet, pins: Pins, learned: LearnedRates) -> None:
        self.plan, self.choice, self.pins, self.learned = plan, choice, pins, learned
        some = models.models if pins.one_option else _shortlist(plan, choice, models)
        self.models = replace(models, models=some)

    def gains(self) -> Iterator[Gain[Option]]:
        """First what closing each process or the desktop would buy, then what each next GiB would."""
        held = [each for each in self.choice.memory if each.device.kind != "disk"]
        tightest = min(held, key=lambda each: each.spare_bytes - each.device.margin_bytes).device
        cards = {gpu.index: gpu for gpu in self.plan.machine.gpus}
        for memory in held:
            if memory.device.gpu_index is None:
                continue
            for process in cards[memory.device.gpu_index].processes:
                if process.used_bytes:
                    yield self._gain(memory.device, process.used_bytes, process)
            if desktop_bytes := cards[memory.device.gpu_index].desktop_bytes:
                yield replace(self._gain(memory.device, desktop_bytes, None), headless=True)
        said: tuple[object, ...] | None = None
        for gib in _STEPS_GIB if len(cards) <= _MANY_CARDS else _STEPS_GIB_OF_MANY_CARDS:
            gain = self._gain(tightest, gib * GIB, None)
            new = gain.option
            if new is None:
                continue
            kind = (new.id, new.settings.kv_type, new.placement.host_layers, new.placement.expert_layers_on_host)
            if kind != said:
                said = kind
                yield gain
        if said is None:
            yield gain

    def most_slots(self) -> int | None:
        """How many slots of the chosen context the same kind of layout holds."""
        if self.choice.settings.one_cache:
            return None
        low, high = self.choice.settings.slots, _MOST_SLOTS + 1
        while high - low > 1:
            middle = (low + high) // 2
            if self._holds(middle):
                low = middle
            else:
                high = middle
        return low

    def _holds(self, slots: int) -> bool:
        choice, settings = self.choice, self.choice.settings
        pins = replace(
            self.pins,
            model=choice.model.id,
            quant=choice.quant.name,
            context=choice.context,
            kv_type=settings.kv_type,
            n_ubatch=settings.n_ubatch,
            slots=slots,
        )
        only = {choice.model.id: replace(choice.model, quants=(choice.quant,))}
        models = replace(self.models, models=only)
        then = choice_of(self.plan.machine, models, self.plan.workload, pins, self.learned)
        return then is not None and then.fits and then.placement.layout == choice.placement.layout

    def _gain(self, device: Device, extra_bytes: int, process: GpuProcess | None) -> Gain[Option]:
        roomier = with_room(self.plan.machine, device, extra_bytes)
        then = choice_of(roomier, self.models, self.plan.workload, self.pins, self.learned)
        better = better_by(self.choice, then) if then is not None and then.fits else None
        return Gain(
            device=device.name,
            extra_bytes=extra_bytes,
            process=process,
            option=then if better is not None else None,
            better=better,
        )


def with_room(machine: Machine, device: Device, extra_bytes: int) -> Machine:
    """`machine` with `extra_bytes` more free on `device`, and as much more of it in all where that is too little."""
    gpus = tuple(
        replace(
            gpu,
            free_bytes=gpu.free_bytes + extra_bytes,
            total_bytes=max(gpu.total_bytes, gpu.free_bytes + extra_bytes),
        )
        if gpu.index == device.gpu_index
        else gpu
        for gpu in machine.gpus
    )
    memory = machine.memory
    if device.gpu_index is None or device.kind == "unified":
        available = memory.available_bytes + extra_bytes
        memory = replace(
            memory,
            available_bytes=available,
            total_bytes=max(memory.total_bytes, available),
            limit_bytes=None if memory.limit_bytes is None else max(memory.limit_bytes, available),
        )
    return replace(machine, gpus=gpus, memory=memory)


def better_by(now: Option, then: Option) -> Improvement | None:
    """How `then` is better than `now`; None when it is not."""
    same = then.id == now.id
    layers = now.placement.host_layers - then.placement.host_layers
    experts = now.placement.expert_layers_on_host - then.placement.expert_layers_on_host
    longer = then.context > now.context
    roomier = same and then.settings == now.settings and then.context_max > now.context_max
    better = Improvement(
        instead=None if same else _told_apart(then, now),
        disk_bytes_fewer=max(now.disk_bytes - then.disk_bytes, 0),
        layers_on_gpu=layers if same and layers > 0 else 0,
        expert_layers_on_gpu=experts if same and layers <= 0 < experts else 0,
        plain_cache=now.settings.kv_type != "f16" and then.settings.kv_type == "f16",
        context=then.context if longer else None,
        context_max=(then.context_max, now.context_max) if roomier and not longer else None,
    )
    if better == Improvement():
        return None
    return replace(better, tok_s=(then.tok_s, now.tok_s)) if then.tok_s > _FASTER * now.tok_s else better


def _told_apart(then: Option, now: Option) -> tuple[str, str]:
    """What both are called: by their quants alone where the model is the same."""
    return (then.quant.name, now.quant.name) if then.model.id == now.model.id else (then.id, now.id)


def _shortlist(plan: Plan[Option], choice: Option, models: ModelSet) -> Mapping[str, Model]:
    """The models with only those quants that more room could bring up.

    They are the choice, its alternatives, the nearest misses for memory, the chosen model's next larger quants and of
    each model that takes too long the soonest.
    """
    missed = [each for each in plan.rejected if each.shortfall_bytes is not None]
    near = [each.id for each in missed if (each.shortfall_bytes or 0) <= _STEPS_GIB[-1] * GIB][:_NEAREST_MISSES]
    larger = sorted(
        (quant for quant in choice.model.quants if quant.tensor_bytes > choice.quant.tensor_bytes),
        key=lambda quant: quant.tensor_bytes,
    )
    kept = {choice.id, *(option.id for option in plan.alternatives), *near}
    kept |= {option_id(choice.model, quant) for quant in larger[:_BETTER_QUANTS]}
    kept |= set(_soonest_of_the_slow(plan, models))
    some = {}
    for id_, model in models.models.items():
        quants = tuple(quant for quant in model.quants if option_id(model, quant) in kept)
        if quants:
            some[id_] = replace(model, quants=quants)
    return some


def _soonest_of_the_slow(plan: Plan[Option], models: ModelSet) -> Iterator[str]:
    """The options beyond the patience that more room may bring within it: of each model the soonest quants."""
    taken: Counter[str] = Counter()
    slow = [(each.cause.seconds, each.id) for each in plan.rejected if isinstance(each.cause, BeyondPatience)]
    for _, id_ in sorted(slow):
        model_id, _, name = id_.rpartition(":")
        model = models.models[model_id]
        quant = next(each for each in model.quants if each.name == name)
        if taken[model_id] < _SLOW_QUANTS and quant_quality(model, quant, models.quant_tables).counts_as_model:
            taken[model_id] += 1
            yield id_
