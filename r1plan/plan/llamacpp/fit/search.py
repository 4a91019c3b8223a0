"""The best layout of one model at one quant on a machine: every kind is tried, and scored by speed and context."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from r1plan.hardware.machine import Machine
from r1plan.plan.energy import running_cost
from r1plan.plan.llamacpp.fit.context import CONTEXT_SHOWN, context_within, contexts_of
from r1plan.plan.llamacpp.fit.enumerator import LayoutEnumerator
from r1plan.plan.llamacpp.fit.incumbent import Incumbent, QuantCandidate, SearchResult
from r1plan.plan.llamacpp.fit.layouts import groups_of
from r1plan.plan.llamacpp.fit.shortfall import nearest
from r1plan.plan.llamacpp.memory.buffers import EngineSettings
from r1plan.plan.llamacpp.memory.devices import Devices, without_gpus
from r1plan.plan.llamacpp.memory.exact import exactly, longest
from r1plan.plan.llamacpp.option import Option
from r1plan.plan.llamacpp.placement import DeviceLoads, Placement, device_loads
from r1plan.plan.llamacpp.rank import score_at, score_of
from r1plan.plan.llamacpp.speed.decode_time import DecodeTimeModel
from r1plan.plan.speed import speed_from
from r1plan.plan.workload import (
    CONTEXT_ENOUGH,
    SERVER_SLOTS,
    SMALLER_UBATCHES,
    USUAL_UBATCH,
    KvType,
    Pins,
    Workload,
)


class Search:
    """Looks for layouts on one machine, for one workload."""

    def __init__(self, machine: Machine, devices: Devices, workload: Workload, pins: Pins) -> None:
        self.machine, self.devices, self.workload, self.pins = machine, devices, workload, pins
        self.room = sum(max(each.room_bytes, 0) for each in (*devices.gpus, devices.host) if each is not None)
        self.groups = groups_of(devices.gpus)
        speeds = [gpu.bandwidth_gb_s or 0.0 for gpu in devices.gpus]
        self.fastest = frozenset(card for card, speed in enumerate(speeds) if speed == max(speeds))
        self._timed: tuple[DeviceLoads, DecodeTimeModel] | None = None

    def of(self, candidate: QuantCandidate) -> SearchResult:
        """What was found for `candidate`."""
        best = Incumbent()
        goal = contexts_of(self.pins, candidate.model.context_max).wanted
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
            return SearchResult(self._option(candidate, best.where, best.context), None, None, failed)
        asked = None
        if self.pins.one_option:
            said = nearest(failed)
            asked = self._option(candidate, best.failed[said], self._least(best.failed[said]))
        return SearchResult(None, self._from_disk(candidate, best.failed), asked, failed)

    def _fastest(self, best: Incumbent, goal: int) -> bool:
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

    def _try(self, candidate: QuantCandidate, settings: EngineSettings, best: Incumbent, *, all_kinds: bool) -> None:
        """Consider every layout under `settings`; without `all_kinds`, only those on cards alone."""

        def consider(placement: Placement) -> tuple[float, int] | None:
            return self._consider(candidate, placement, settings, best)

        LayoutEnumerator(self.devices, self.groups, self.pins, candidate, settings, consider, best).run(
            all_kinds=all_kinds
        )

    def context_of(self, where: DeviceLoads) -> int:
        """The wanted context; else the largest up to the goal, in whole thousands, and never below the least."""
        return context_within(self.pins, where.context_max, where.model_context)

    def _least(self, where: DeviceLoads) -> int:
        return contexts_of(self.pins, where.model_context).least

    def _consider(
        self, candidate: QuantCandidate, placement: Placement, settings: EngineSettings, best: Incumbent
    ) -> tuple[float, int] | None:
        """Score and context of a layout that fits, which may be the best so far; None when it does not fit."""
        model = candidate.model
        where = device_loads(placement, self.devices, model.shape, candidate.weights, settings, model.context_max)
        most = where.context_max
        context = context_within(self.pins, most, where.model_context)
        if context > most:
            best.failed.append(where)
            return None
        score = self._score(candidate, where, context)
        if (score, most) > (best.score, best.most):
            best.score, best.where, best.context, best.most = score, where, context, most
        return score, context

    def _score(self, candidate: QuantCandidate, where: DeviceLoads, context: int) -> float:
        depth = min(self.workload.typical_depth, context)
        time = self._time(candidate, where)
        return score_at(candidate.quality, 1 / time.a_token(depth), where.settings, context)

    def _time(self, candidate: QuantCandidate, where: DeviceLoads) -> DecodeTimeModel:
        """The time of a token; the one asked for last is kept."""
        if self._timed is None or self._timed[0] is not where:
            self._timed = (
                where,
                DecodeTimeModel(self.machine, candidate.model, candidate.quant, candidate.weights, where),
            )
        return self._timed[1]

    def _from_disk(self, candidate: QuantCandidate, failed: list[DeviceLoads]) -> Option | None:
        """The fastest layout that keeps what experts it can in memory and reads the others from disk, or None."""
        if not candidate.weights.expert_layers or not self.pins.mapped:
            return None
        devices, tried = self.devices, [each.placement for each in failed]
        if devices.unified:
            devices = without_gpus(self.machine)
            on_host = candidate.weights.expert_layers
            tried = [replace(tried[0], layout="cpu", layers_on_gpu=(), expert_layers_on_host=on_host)]
        model, settings = candidate.model, failed[0].settings
        best = Incumbent()
        for placement in dict.fromkeys(each for each in tried if each.expert_layers_on_host):
            where = device_loads(
                replace(placement, from_disk=True), devices, model.shape, candidate.weights, settings, model.context_max
            )
            most = where.context_max
            context = context_within(self.pins, most, where.model_context)
            if context <= most:
                score = self._score(candidate, where.at_context(context), context)
                if score > best.score:
                    best.score, best.where, best.context = score, where, context
        return None if best.where is None else self._option(candidate, best.where, best.context)

    def settled(self, candidate: QuantCandidate, option: Option) -> Option:
        """`option` with what the engine really reserves, which the search only knows from above.

        An asked context stays, fitting or not; another is made shorter where it has to be.
        """
        model, weights = candidate.model, candidate.weights
        devices = self.devices
        if devices.unified and option.placement.layout == "cpu":
            devices = without_gpus(self.machine)
        where = device_loads(option.placement, devices, model.shape, weights, option.settings, model.context_max)
        most = longest(where, model, weights, min(self._least(where), option.context))
        context = option.context
        if self.pins.context is None and most is not None:
            context = min(context, max(most // CONTEXT_SHOWN * CONTEXT_SHOWN, self._least(where)))
        there = exactly(where, model, weights, context)
        at_most = there if most is None else exactly(where, model, weights, most)
        return replace(
            option,
            context=context,
            context_max=most or 0,
            full_at=at_most.full_at(),
            memory=there.at_context(context).memory_at(context),
        )

    def _option(self, candidate: QuantCandidate, where: DeviceLoads, context: int) -> Option:
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
