"""The best layout of one model at one quant on a machine: every kind is tried, and scored by speed and context."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import product

from r1plan.catalog.model import Model, Quant
from r1plan.hardware.machine import Machine
from r1plan.plan.buffers import EngineSettings
from r1plan.plan.devices import Devices, without_gpus
from r1plan.plan.exact import exactly, longest
from r1plan.plan.filling import Filling, Task
from r1plan.plan.layouts import EVERY_COMBINATION, Layouts, experts_left_with, fixed_layout, groups_of
from r1plan.plan.memory import DeviceMemory
from r1plan.plan.option import Option
from r1plan.plan.placement import Placed, Placement, placed
from r1plan.plan.quality import Quality
from r1plan.plan.rank import context_points, score_at, score_of
from r1plan.plan.running_cost import running_cost
from r1plan.plan.shortfall import nearest
from r1plan.plan.speed import speed_from
from r1plan.plan.token_time import TokenTime
from r1plan.plan.weights import Weights
from r1plan.plan.workload import (
    CONTEXT_ENOUGH,
    CONTEXT_GOAL,
    CONTEXT_LEAST,
    SERVER_SLOTS,
    SMALLER_UBATCHES,
    USUAL_UBATCH,
    KvType,
    Pins,
    Workload,
)

_NEARLY = 4
_CONTEXT_SHOWN = 1024  # a context that nobody asked for is a whole multiple of this
_Consider = Callable[[Placement], tuple[float, int] | None]
_FULL = ("gpu", "gpu-split", "unified")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A model at a quant, with what does not depend on the layout."""

    model: Model
    quant: Quant
    weights: Weights
    quality: Quality


@dataclass(frozen=True, slots=True)
class Found:
    """The best option that fits in memory, and the best that reads experts from disk where none does.

    `failed` are layouts that do not fit, at the least context that is any use, the most natural one first; `asked` is
    the one that the reason speaks of, as an option, when exactly this model and quant were asked for.
    """

    best: Option | None
    from_disk: Option | None
    asked: Option | None
    failed: tuple[tuple[DeviceMemory, ...], ...]


@dataclass(slots=True)
class _Best:
    """The best layout so far, with its devices."""

    score: float = float("-inf")
    where: Placed | None = None
    context: int = 0
    most: int = 0
    failed: list[Placed] = field(default_factory=list)

    @property
    def on_cards_alone(self) -> bool:
        return self.where is not None and self.where.placement.layout in _FULL

    @property
    def cards(self) -> tuple[int, ...]:
        return self.where.placement.used_gpus if self.where is not None else ()


class Search:
    """Looks for layouts on one machine, for one workload."""

    def __init__(self, machine: Machine, devices: Devices, workload: Workload, pins: Pins) -> None:
        self.machine, self.devices, self.workload, self.pins = machine, devices, workload, pins
        self.room = sum(max(each.room_bytes, 0) for each in (*devices.gpus, devices.host) if each is not None)
        self.groups = groups_of(devices.gpus)
        speeds = [gpu.bandwidth_gb_s or 0.0 for gpu in devices.gpus]
        self.fastest = frozenset(card for card, speed in enumerate(speeds) if speed == max(speeds))
        self._timed: tuple[Placed, TokenTime] | None = None
        # With something in host memory every card helps; fewer are tried where one is too small to take part.
        self.mixed_groups = tuple(reversed(self.groups))

    def of(self, candidate: Candidate) -> Found:
        """What was found for `candidate`."""
        best = _Best()
        goal = self._goal(candidate)
        hopeless = candidate.weights.total_bytes > self.room
        for settings in self._usual_settings():
            self._try(candidate, settings, best, all_kinds=True)
            if hopeless or (self._fastest(best, goal) and len(best.cards) == 1):
                break
        # Several cards of the fastest kind are so little slower than one that only a cache of 8 bits is worth that.
        if not hopeless and not self._fastest(best, goal):
            for settings in self._tighter_settings():
                short = best.where is None or best.context < CONTEXT_ENOUGH
                self._try(candidate, settings, best, all_kinds=short)
        failed = tuple(each.memory_at(self._least(each)) for each in best.failed)
        if best.where is not None:
            return Found(self._option(candidate, best.where, best.context), None, None, failed)
        asked = None
        if self.pins.one_option:
            said = nearest(failed)
            asked = self._option(candidate, best.failed[said], self._least(best.failed[said]))
        return Found(None, self._from_disk(candidate, best.failed), asked, failed)

    def _fastest(self, best: _Best, goal: int) -> bool:
        """Whether nothing is slower than it must be: all on cards, none but the fastest, at the wanted context."""
        if not best.on_cards_alone or best.context < goal:
            return False
        return all(card in self.fastest for card in best.cards)

    def settings_tried(self) -> tuple[EngineSettings, ...]:
        """Every setting that may be tried, the usual ones first."""
        return (*self._usual_settings(), *self._tighter_settings())

    def _usual_settings(self) -> Iterator[EngineSettings]:
        kinds: tuple[KvType, ...] = ("f16", "q8_0") if self.pins.flash_attn else ("f16",)
        for kind in (self.pins.kv_type,) if self.pins.kv_type else kinds:
            yield self._settings(kind, self.pins.n_ubatch or USUAL_UBATCH)

    def _tighter_settings(self) -> Iterator[EngineSettings]:
        """What leaves more room at some cost, the cheapest first."""
        kinds: tuple[KvType, ...] = ("q8_0", "q4_0") if self.pins.flash_attn else ("f16",)
        for kind in (self.pins.kv_type,) if self.pins.kv_type else kinds:
            for n_ubatch in (USUAL_UBATCH, *SMALLER_UBATCHES) if self.pins.n_ubatch is None else (self.pins.n_ubatch,):
                if n_ubatch != USUAL_UBATCH or kind == "q4_0":
                    yield self._settings(kind, n_ubatch)

    def _settings(self, kv_type: KvType, n_ubatch: int) -> EngineSettings:
        pins = self.pins
        shared = pins.slots is None and pins.runtime == "llama-server"
        slots = pins.slots or (SERVER_SLOTS if shared else 1)
        return EngineSettings(kv_type, n_ubatch, slots, pins.flash_attn, pins.runtime, one_cache=shared)

    def _try(self, candidate: Candidate, settings: EngineSettings, best: _Best, *, all_kinds: bool) -> None:
        """Consider every layout under `settings`; without `all_kinds`, only those on cards alone."""
        filling = Filling(self.devices, candidate.model.shape, candidate.weights, settings)
        layouts = Layouts(self.devices, filling, candidate.weights, self.groups, self.pins.mapped)

        def consider(placement: Placement) -> tuple[float, int] | None:
            return self._consider(candidate, placement, settings, best)

        if self.pins.gpu_layers is not None or (self.pins.experts_on_cpu and self.devices.gpus):
            self._as_pinned(candidate, layouts, consider)
            return
        if self.devices.unified:
            consider(layouts.unified())
            return
        if self.devices.gpus:
            least, wanted, most = self._contexts(candidate)
            before = best.where
            for placement in layouts.shared_out(Task(), least, wanted, most):
                consider(placement)
            whole = best.where is not before
            if not whole and not best.failed:
                gpu_layers = filling.layers + 1
                consider(fixed_layout(self.devices, candidate.model.shape, candidate.weights, gpu_layers, False))
            if all_kinds and not (whole and best.context >= wanted):
                self._mixed(layouts, consider, least, wanted, best)
        if all_kinds and not best.on_cards_alone:
            consider(layouts.cpu())

    def _as_pinned(self, candidate: Candidate, layouts: Layouts, consider: _Consider) -> None:
        """The layout that --gpu-layers and --experts-on-cpu ask for."""
        shape, weights, pins = candidate.model.shape, candidate.weights, self.pins
        gpu_layers = shape.layers + 1 if pins.gpu_layers is None else pins.gpu_layers
        plain = replace(fixed_layout(self.devices, shape, weights, gpu_layers, pins.experts_on_cpu), mapped=pins.mapped)
        if plain.layout not in ("cpu", "unified") and any(plain.layers_on_gpu):
            least, wanted, most = self._contexts(candidate)
            on_host = weights.expert_layers if pins.experts_on_cpu else experts_left_with(weights, plain.host_layers)
            task = Task(plain.host_layers, on_host)
            shares = [consider(each) for each in layouts.shared_out(task, least, wanted, most)]
            if any(score is not None for score in shares):
                return
            if weights.expert_layers > on_host:
                self._with_experts_left(layouts, consider, task, least, wanted)
        consider(plain)

    def _with_experts_left(self, layouts: Layouts, consider: _Consider, task: Task, least: int, wanted: int) -> None:
        """As many layers on cards as asked, with the experts in host memory for which there is no room."""
        for cards, context in product(self.mixed_groups, (wanted, least)):
            at_least = max(task.experts_on_host, 1)
            experts = layouts.filling.fewest_experts(cards, context, at_least, task.first)
            if experts is not None:
                left = Task(task.first, experts)
                counts = layouts.counts(cards, left, context, context, context)
                if counts and consider(layouts.placement(layouts.layout_of(cards, left), cards, counts, experts)):
                    return

    def _mixed(self, layouts: Layouts, consider: _Consider, least: int, wanted: int, best: _Best) -> None:
        """Layouts with something in host memory: experts alone where that is enough, else whole layers."""
        filling, expert_layers = layouts.filling, layouts.weights.expert_layers
        for cards in self.mixed_groups:

            def lightest(context: int, cards: tuple[int, ...] = cards) -> int | None:
                """How little must leave the cards: experts of so many layers; beyond all of them, whole layers."""
                experts = filling.fewest_experts(cards, context) if expert_layers else None
                if experts is not None:
                    return experts
                first = max(filling.lowest(cards, expert_layers, context), 1)
                return expert_layers + first if first < filling.layers else None

            def without(number: int, cards: tuple[int, ...] = cards) -> Placement | None:
                experts = min(number, expert_layers)
                task = Task(number - experts, experts)
                counts = layouts.counts(cards, task, least, wanted, wanted)
                if counts is None:
                    return None
                return layouts.placement(layouts.layout_of(cards, task), cards, counts, experts)

            fewest = lightest(least)
            if fewest is not None:
                enough = lightest(wanted) or expert_layers + filling.layers - len(cards)
                _descend(without, consider, fewest, enough, best)
                if len(self.devices.gpus) > EVERY_COMBINATION:
                    break
        if expert_layers and best.where is None and self.devices.host is not None:
            self._with_little_ram(layouts, consider, least)

    def _with_little_ram(self, layouts: Layouts, consider: _Consider, least: int) -> None:
        """Whole layers in host memory that holds fewer experts than must leave the cards."""
        filling, weights = layouts.filling, layouts.weights
        room = self.devices.host.room_bytes if self.devices.host is not None else 0
        for cards in self.mixed_groups if len(self.devices.gpus) <= EVERY_COMBINATION else self.mixed_groups[:1]:
            if sum(self.devices.gpus[card].room_bytes for card in cards) + room < weights.total_bytes:
                continue
            fewest = filling.fewest_experts(cards, least) or weights.expert_layers
            # Either no experts at all go to host memory, or nearly as many as would do alone.
            few = range(min(weights.dense_layers, weights.expert_layers) + 1)
            for number in dict.fromkeys((*few, *range(max(fewest - _NEARLY, 0), fewest + 1))):
                if weights.experts_of(0, weights.dense_layers + number) > room:
                    continue
                first = filling.lowest(cards, number, least)
                experts = max(number, experts_left_with(weights, first))
                counts = filling.split(cards, Task(first, experts), least) if 0 < first < filling.layers else None
                if counts is not None:
                    consider(layouts.placement("partial", cards, counts, experts))

    def _contexts(self, candidate: Candidate) -> tuple[int, int, int]:
        """The shortest context that is any use, the wanted one, and the longest."""
        most = candidate.model.context_max
        if self.pins.context is not None:
            return self.pins.context, self.pins.context, max(most, self.pins.context)
        return min(CONTEXT_LEAST, most), self._goal(candidate), most

    def _goal(self, candidate: Candidate) -> int:
        return self.pins.context or min(CONTEXT_GOAL, candidate.model.context_max)

    def context_of(self, where: Placed) -> int:
        """The wanted context; else the largest up to the goal, in whole thousands, and never below the least."""
        return self._context_up_to(where.context_max, where)

    def _context_up_to(self, most: int, where: Placed) -> int:
        if self.pins.context is not None:
            return self.pins.context
        return max(min(most, CONTEXT_GOAL) // _CONTEXT_SHOWN * _CONTEXT_SHOWN, self._least(where))

    def _least(self, where: Placed) -> int:
        return self.pins.context or min(CONTEXT_LEAST, where.model_context)

    def _consider(
        self, candidate: Candidate, placement: Placement, settings: EngineSettings, best: _Best
    ) -> tuple[float, int] | None:
        """Score and context of a layout that fits, which may be the best so far; None when it does not fit."""
        model = candidate.model
        where = placed(placement, self.devices, model.shape, candidate.weights, settings, model.context_max)
        most = where.context_max
        context = self._context_up_to(most, where)
        if context > most:
            best.failed.append(where)
            return None
        score = self._score(candidate, where, context)
        if (score, most) > (best.score, best.most):
            best.score, best.where, best.context, best.most = score, where, context, most
        return score, context

    def _score(self, candidate: Candidate, where: Placed, context: int) -> float:
        depth = min(self.workload.typical_depth, context)
        time = self._time(candidate, where)
        return score_at(candidate.quality, 1 / time.a_token(depth), where.settings, context)

    def _time(self, candidate: Candidate, where: Placed) -> TokenTime:
        """The time of a token; the one asked for last is kept."""
        if self._timed is None or self._timed[0] is not where:
            self._timed = where, TokenTime(self.machine, candidate.model, candidate.quant, candidate.weights, where)
        return self._timed[1]

    def _from_disk(self, candidate: Candidate, failed: list[Placed]) -> Option | None:
        """The fastest layout that keeps what experts it can in memory and reads the others from disk, or None."""
        if not candidate.weights.expert_layers or not self.pins.mapped:
            return None
        devices, tried = self.devices, [each.placement for each in failed]
        if devices.unified:
            devices = without_gpus(self.machine)
            on_host = candidate.weights.expert_layers
            tried = [replace(tried[0], layout="cpu", layers_on_gpu=(), expert_layers_on_host=on_host)]
        model, settings = candidate.model, failed[0].settings
        best = _Best()
        for placement in dict.fromkeys(each for each in tried if each.expert_layers_on_host):
            where = placed(
                replace(placement, from_disk=True), devices, model.shape, candidate.weights, settings, model.context_max
            )
            most = where.context_max
            context = self._context_up_to(most, where)
            if context <= most:
                score = self._score(candidate, where.at_context(context), context)
                if score > best.score:
                    best.score, best.where, best.context = score, where, context
        return None if best.where is None else self._option(candidate, best.where, best.context)

    def settled(self, candidate: Candidate, option: Option) -> Option:
        """`option` with what the engine really reserves, which the search only knows from above.

        An asked context stays, fitting or not; another is made shorter where it has to be.
        """
        model, weights = candidate.model, candidate.weights
        devices = self.devices
        if devices.unified and option.placement.layout == "cpu":
            devices = without_gpus(self.machine)
        where = placed(option.placement, devices, model.shape, weights, option.settings, model.context_max)
        most = longest(where, model, weights, min(self._least(where), option.context))
        context = option.context
        if self.pins.context is None and most is not None:
            context = min(context, max(most // _CONTEXT_SHOWN * _CONTEXT_SHOWN, self._least(where)))
        there = exactly(where, model, weights, context)
        at_most = there if most is None else exactly(where, model, weights, most)
        return replace(
            option,
            context=context,
            context_max=most or 0,
            full_at=at_most.full_at(),
            memory=there.at_context(context).memory_at(context),
        )

    def _option(self, candidate: Candidate, where: Placed, context: int) -> Option:
        typical = min(self.workload.typical_depth, context)
        where = where.at_context(context)
        depths = tuple(dict.fromkeys((typical, 0, *self.workload.depths)))
        speed = speed_from(self._time(candidate, where), depths)
        return Option(
            model=candidate.model,
            quant=candidate.quant,
            settings=where.settings,
            placement=where.placement,
            context=context,
            context_max=where.context_max,
            full_at=where.full_at(),
            memory=where.memory_at(context),
            speed=speed,
            quality=candidate.quality,
            cost=running_cost(self.machine, where, speed, self.workload),
            score=score_of(candidate.quality, speed, where.settings, context),
        )


def _descend(
    placement_with: Callable[[int], Placement | None],
    consider: _Consider,
    fewest: int,
    enough: int,
    best: _Best,
) -> None:
    """Consider the layouts with `enough` layers in host memory, where the wanted context fits, down to `fewest`.

    Fewer layers there are faster and leave less room for context. None in between is better than the speed of `fewest`
    with the context of the one tried last, so the search ends where that is no better than the best.
    """
    placement = placement_with(fewest)
    fastest = consider(placement) if placement else None
    if fastest is None:
        return
    most = fastest[0] + context_points(fastest[1])
    if most <= best.score or fewest == enough:
        return
    placement = placement_with(enough)
    last = consider(placement) if placement else None
    for number in range(enough - 1, fewest, -1):
        if last is not None and most - context_points(last[1]) <= best.score:
            return
        placement = placement_with(number)
        last = (consider(placement) if placement else None) or last
