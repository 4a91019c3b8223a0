"""The best layout of one model at one quant on a machine: every kind is tried."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from r1plan.hardware.machine import Machine
from r1plan.plan.llamacpp.fit.candidate import QuantCandidate
from r1plan.plan.llamacpp.fit.context import context_within
from r1plan.plan.llamacpp.fit.evaluator import Evaluator
from r1plan.plan.llamacpp.fit.incumbent import Incumbent
from r1plan.plan.llamacpp.fit.layouts import groups_of
from r1plan.plan.llamacpp.fit.merit import has_fine_cache
from r1plan.plan.llamacpp.fit.settings import tighter_settings, usual_settings
from r1plan.plan.llamacpp.fit.shortfall import needs_memory, spoken_of
from r1plan.plan.llamacpp.fit.walk import LayoutWalk
from r1plan.plan.llamacpp.memory.devices import Devices, without_gpus
from r1plan.plan.llamacpp.memory.parts import Device, DeviceMemory
from r1plan.plan.llamacpp.option import Option
from r1plan.plan.llamacpp.placement import DeviceLoads
from r1plan.plan.llamacpp.speed.learned import NOTHING_LEARNED, LearnedRates
from r1plan.plan.pins import Pins
from r1plan.plan.reasons import NeedsMemory
from r1plan.plan.workload import Workload


class NoRoom(NamedTuple):
    """No memory here holds the candidate: what is lacking, and the best layout that reads experts from disk.

    `nearest` is the layout that `lacking` speaks of first.
    """

    lacking: NeedsMemory
    nearest: DeviceLoads
    from_disk: Option | None


class Search:
    """Looks for layouts on one machine, for one workload; `learned` is what was measured of the machine."""

    def __init__(
        self,
        machine: Machine,
        devices: Devices,
        workload: Workload,
        pins: Pins,
        learned: LearnedRates = NOTHING_LEARNED,
    ) -> None:
        self.machine, self.devices, self.workload, self.pins = machine, devices, workload, pins
        self.evaluator = Evaluator(machine, devices, workload, pins, learned)
        self._room_bytes = sum(max(each.room_bytes, 0) for each in (*devices.gpus, devices.host) if each is not None)
        self._cards_room_bytes = sum(gpu.room_bytes for gpu in devices.gpus)
        self._usual, self._tighter = tuple(usual_settings(pins)), tuple(tighter_settings(pins))
        self._groups = groups_of(devices.gpus)
        speeds = [gpu.bandwidth_gb_s or 0.0 for gpu in devices.gpus]
        self._fastest = frozenset(card for card, speed in enumerate(speeds) if speed == max(speeds))

    def with_less_room(self, taken_bytes: Mapping[str, int]) -> Search:
        """A search that counts so many bytes more of each device, by its name, as taken."""

        def less(device: Device) -> Device:
            taken = device.fixed_overhead_bytes + taken_bytes.get(device.name, 0)
            return replace(device, fixed_overhead_bytes=taken)

        host = self.devices.host
        devices = Devices(tuple(map(less, self.devices.gpus)), None if host is None else less(host))
        return Search(self.machine, devices, self.workload, self.pins, self.evaluator.learned)

    def of(self, candidate: QuantCandidate) -> Option | NoRoom:
        """The best option for `candidate`, or why there is none."""
        best = self._searched(candidate)
        if best.where is None:
            return self._no_room(candidate, best.failed)
        option = self.evaluator.option(candidate, best.where, best.context, best.merit)
        mixed = bool(self.devices.gpus) and not self.devices.unified and not option.on_gpus_alone
        if mixed and best.failed:
            option = replace(option, not_on_gpu=needs_memory([self._at_least_context(candidate, best.failed[0])]))
        return option

    def _searched(self, candidate: QuantCandidate) -> Incumbent:
        """The best layout under the settings that are worth a try."""
        best = Incumbent()
        goal = self.evaluator.contexts(candidate).goal
        hopeless = candidate.weights.total_bytes > self._room_bytes
        for settings in self._usual:
            LayoutWalk(self.evaluator, self._groups, candidate, settings, best).run(mixed=True)
            if hopeless or (self._as_fast_as_any(best, goal) and len(best.cards) == 1 and best.merit.in_time):
                break
        # Several cards of the fastest kind are so little slower than one that only a cache of 8 bits is worth that.
        if not hopeless and not self._as_fast_as_any(best, goal):
            short = best.merit.holds < 1  # asked once: more memory is then never worse
            for settings in self._tighter if short or self._may_be_on_cards(candidate, best) else ():
                if short or has_fine_cache(settings):  # a coarse one is never better than what holds most answers
                    LayoutWalk(self.evaluator, self._groups, candidate, settings, best).run(mixed=short)
        return best

    def _may_be_on_cards(self, candidate: QuantCandidate, best: Incumbent) -> bool:
        """Whether a walk without mixed layouts may find any: the weights alone may be too much, which is known."""
        pinned = self.pins.gpu_layers is not None or self.pins.experts_on_cpu
        weights = candidate.weights
        on_cards = weights.trunk_bytes + weights.expert_bytes + weights.output_bytes
        return pinned or self.devices.unified or not best.failed or on_cards <= self._cards_room_bytes

    def _as_fast_as_any(self, best: Incumbent, context_goal: int) -> bool:
        """Whether nothing is slower than it must be: all on cards, none but the fastest, at the context goal."""
        if not best.on_cards_alone or best.context < context_goal:
            return False
        return all(card in self._fastest for card in best.cards)

    def _no_room(self, candidate: QuantCandidate, failed: list[DeviceLoads]) -> NoRoom:
        memory = [self._at_least_context(candidate, each) for each in failed]
        from_disk = self._reading_from_disk(candidate, failed)
        return NoRoom(needs_memory(memory), failed[spoken_of(memory)], from_disk)

    def _at_least_context(self, candidate: QuantCandidate, where: DeviceLoads) -> tuple[DeviceMemory, ...]:
        """What every device holds at the shortest context that is any use."""
        return where.memory_at(self.evaluator.contexts(candidate).least)

    def _reading_from_disk(self, candidate: QuantCandidate, failed: list[DeviceLoads]) -> Option | None:
        """The fastest layout that keeps what experts it can in memory and reads the others from disk, or None."""
        if not candidate.weights.expert_layers or not self.pins.mapped:
            return None
        devices, tried = self.devices, [each.placement for each in failed]
        if devices.unified:
            devices = without_gpus(self.machine)
            on_host = candidate.weights.expert_layers
            tried = [tried[0]._replace(layout="cpu", layers_on_gpu=(), expert_layers_on_host=on_host)]
        best, loading = Incumbent(), self.evaluator.loading(candidate, failed[0].settings, devices)
        for placement in dict.fromkeys(each for each in tried if each.expert_layers_on_host):
            where = loading.of(placement._replace(from_disk=True))
            context = context_within(self.evaluator.contexts(candidate), where.context_max)
            if context <= where.context_max:
                where = where.at_context(context)
                best.offer(where, self.evaluator.merit(candidate, where, context), context, 0)
        return None if best.where is None else self.evaluator.option(candidate, best.where, best.context, best.merit)
