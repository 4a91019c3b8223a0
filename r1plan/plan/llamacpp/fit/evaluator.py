"""What a layout is worth on one machine for one workload: what it loads, how fast it is, how it stands."""

from __future__ import annotations

from r1plan.hardware.machine import Machine
from r1plan.plan.answer import typical_length
from r1plan.plan.choice.patience import patience_min
from r1plan.plan.cost.option_draw import power_drawn
from r1plan.plan.cost.power import DrawReading, PowerDraw
from r1plan.plan.llamacpp.fit.candidate import QuantCandidate
from r1plan.plan.llamacpp.fit.context import Contexts, contexts_of
from r1plan.plan.llamacpp.fit.merit import LayoutMerit, layout_merit
from r1plan.plan.llamacpp.memory.devices import Devices
from r1plan.plan.llamacpp.memory.lines import BufferLines
from r1plan.plan.llamacpp.option import Option
from r1plan.plan.llamacpp.placement import DeviceLoads, Loading, Placement
from r1plan.plan.llamacpp.settings import EngineSettings
from r1plan.plan.llamacpp.speed.decode_time import DecodeTimeModel, ModelRates, predicted_speed
from r1plan.plan.llamacpp.speed.learned import NOTHING_LEARNED, LearnedRates
from r1plan.plan.llamacpp.speed.rates import MachineRates
from r1plan.plan.pins import Pins
from r1plan.plan.speed import Bottleneck
from r1plan.plan.workload import Workload
from r1plan.units import S_A_MINUTE


class Evaluator:
    """Judges layouts on `devices` of a machine, of which `learned` was measured."""

    def __init__(
        self,
        machine: Machine,
        devices: Devices,
        workload: Workload,
        pins: Pins,
        learned: LearnedRates = NOTHING_LEARNED,
    ) -> None:
        self.machine, self.devices, self.workload, self.pins = machine, devices, workload, pins
        self.learned = learned
        self._machine_rates = MachineRates(machine, learned.factors)
        self._typical = typical_length(workload)
        self._patience_s = patience_min(workload) * S_A_MINUTE
        self._contexts: tuple[QuantCandidate, Contexts] | None = None
        self._rates: tuple[QuantCandidate, ModelRates] | None = None
        self._timed: tuple[DeviceLoads, DecodeTimeModel] | None = None
        self._draws: dict[tuple[frozenset[int | None], Bottleneck, DrawReading | None], PowerDraw | None] = {}

    def loading(self, candidate: QuantCandidate, settings: EngineSettings, devices: Devices | None = None) -> Loading:
        """What says how layouts of `candidate` load the devices; other `devices` of the same machine, if given."""
        model = candidate.model
        lines = BufferLines(model.shape, candidate.weights, settings)
        return Loading(devices or self.devices, lines, model.context_max)

    def loads(
        self, candidate: QuantCandidate, placement: Placement, settings: EngineSettings, devices: Devices | None = None
    ) -> DeviceLoads:
        """What `placement` puts on each device; on other `devices` of the same machine, if given."""
        return self.loading(candidate, settings, devices).of(placement)

    def contexts(self, candidate: QuantCandidate) -> Contexts:
        """How long its context may be, and should be; that of the one asked for last is kept."""
        if self._contexts is not None and self._contexts[0] is candidate:
            return self._contexts[1]
        longer = candidate.quality.thinking_over_r1
        found = contexts_of(self.pins, self.workload, longer, candidate.model.context_max)
        self._contexts = candidate, found
        return found

    def merit(self, candidate: QuantCandidate, where: DeviceLoads, context: int) -> LayoutMerit:
        """How the layout stands among the others of `candidate`."""
        seconds, goal = self._answer_seconds(candidate, where), self.contexts(candidate).goal
        return layout_merit(where.settings, seconds, self._patience_s, context, goal)

    def option(
        self, candidate: QuantCandidate, where: DeviceLoads, context: int, merit: LayoutMerit | None = None
    ) -> Option:
        """The layout with `context` tokens a slot, with all that is said of it; `merit` is its own, if known."""
        workload = self.workload
        where = where.at_context(context)
        depths = tuple(dict.fromkeys((min(workload.typical_depth, context), 0, *workload.depths)))
        time = self._time(candidate, where)
        speed = predicted_speed(time, depths)
        measured = self.learned.run_of(time.rates.file, time.work)
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
            draw=self._draw(where, speed.bottleneck, measured.drawn if measured is not None else None),
            merit=merit or self.merit(candidate, where, context),
            wanted_context=self.contexts(candidate).goal,
        )

    def at_least_context(self, candidate: QuantCandidate, where: DeviceLoads) -> Option:
        """The layout with the shortest context that is any use."""
        return self.option(candidate, where, self.contexts(candidate).least)

    def _draw(self, where: DeviceLoads, bottleneck: Bottleneck, reading: DrawReading | None) -> PowerDraw | None:
        """What the machine draws with the layout's cards at work: the same for all layouts on the same cards."""
        key = frozenset(load.device.gpu_index for load in where.loads), bottleneck, reading
        if key not in self._draws:
            cards = [gpu for gpu in self.machine.gpus if gpu.index in key[0]]
            self._draws[key] = power_drawn(cards, bottleneck, reading, in_turn=True)  # llama.cpp splits by layers
        return self._draws[key]

    def _answer_seconds(self, candidate: QuantCandidate, where: DeviceLoads) -> float:
        """Those of a typical answer, as `answer_seconds` has them of an option."""
        time, length = self._time(candidate, where), self._typical
        output = self.workload.thinking_of(candidate.quality.thinking_over_r1) + length.answer_tokens
        seconds = output * time.a_token(length.input_tokens + output // 2)
        parts = time.prompt_parts() if length.prompt_tokens else None
        return seconds if parts is None else seconds + length.prompt_tokens * sum([each.seconds for each in parts])

    def _time(self, candidate: QuantCandidate, where: DeviceLoads) -> DecodeTimeModel:
        """The time of a token; the one asked for last is kept."""
        if self._timed is None or self._timed[0] is not where:
            model, quant, weights = candidate.model, candidate.quant, candidate.weights
            if self._rates is None or self._rates[0] is not candidate:
                self._rates = candidate, ModelRates(self._machine_rates, model, quant, weights, self.learned)
            self._timed = where, DecodeTimeModel(self.machine, model, quant, weights, where, self._rates[1])
        return self._timed[1]
