"""Which layouts of a model are tried under one setting of the engine, the most natural ones first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import product

from r1plan.plan.llamacpp.fit.context import contexts_of
from r1plan.plan.llamacpp.fit.incumbent import Incumbent, QuantCandidate
from r1plan.plan.llamacpp.fit.layer_split import LayerSplit, SplitTask
from r1plan.plan.llamacpp.fit.layouts import EVERY_COMBINATION, Layouts, experts_left_with, fixed_layout
from r1plan.plan.llamacpp.memory.buffers import EngineSettings
from r1plan.plan.llamacpp.memory.devices import Devices
from r1plan.plan.llamacpp.placement import Placement
from r1plan.plan.llamacpp.rank import context_points
from r1plan.plan.workload import Pins

_NEARLY = 4


class LayoutEnumerator:
    """The layouts of one model under one setting. Each is given to `consider`, which keeps `best`.

    `consider` answers with the score and the context of a layout that fits, and with None for one that does not.
    """

    def __init__(
        self,
        devices: Devices,
        groups: tuple[tuple[int, ...], ...],
        pins: Pins,
        candidate: QuantCandidate,
        settings: EngineSettings,
        consider: Callable[[Placement], tuple[float, int] | None],
        best: Incumbent,
    ) -> None:
        self.devices, self.pins, self.consider, self.best = devices, pins, consider, best
        self.shape, self.weights = candidate.model.shape, candidate.weights
        self.contexts = contexts_of(pins, candidate.model.context_max)
        filling = LayerSplit(devices, self.shape, self.weights, settings)
        self.layouts = Layouts(devices, filling, self.weights, groups, pins.mapped)
        # With something in host memory every card helps; fewer are tried where one is too small to take part.
        self.mixed_groups = tuple(reversed(groups))

    def run(self, *, all_kinds: bool) -> None:
        """Try every layout; without `all_kinds`, only those on cards alone."""
        devices, layouts, best = self.devices, self.layouts, self.best
        if self.pins.gpu_layers is not None or (self.pins.experts_on_cpu and devices.gpus):
            self._as_pinned()
            return
        if devices.unified:
            self.consider(layouts.unified())
            return
        if devices.gpus:
            before = best.where
            for placement in layouts.shared_out(SplitTask(), *self.contexts):
                self.consider(placement)
            whole = best.where is not before
            if not whole and not best.failed:
                self.consider(fixed_layout(devices, self.shape, self.weights, self.shape.layers + 1, False))
            if all_kinds and not (whole and best.context >= self.contexts.wanted):
                self._mixed()
        if all_kinds and not best.on_cards_alone:
            self.consider(layouts.cpu())

    def _as_pinned(self) -> None:
        """The layout that --gpu-layers and --experts-on-cpu ask for."""
        layouts, weights, pins, shape = self.layouts, self.weights, self.pins, self.shape
        gpu_layers = shape.layers + 1 if pins.gpu_layers is None else pins.gpu_layers
        plain = replace(fixed_layout(self.devices, shape, weights, gpu_layers, pins.experts_on_cpu), mapped=pins.mapped)
        if plain.layout not in ("cpu", "unified") and any(plain.layers_on_gpu):
            least, wanted, most = self.contexts
            on_host = weights.expert_layers if pins.experts_on_cpu else experts_left_with(weights, plain.host_layers)
            task = SplitTask(plain.host_layers, on_host)
            shares = [self.consider(each) for each in layouts.shared_out(task, least, wanted, most)]
            if any(score is not None for score in shares):
                return
            if weights.expert_layers > on_host:
                self._with_experts_left(task)
        self.consider(plain)

    def _with_experts_left(self, task: SplitTask) -> None:
        """As many layers on cards as asked, with the experts in host memory for which there is no room."""
        layouts = self.layouts
        for cards, context in product(self.mixed_groups, (self.contexts.wanted, self.contexts.least)):
            at_least = max(task.experts_on_host, 1)
            experts = layouts.filling.fewest_experts(cards, context, at_least, task.first)
            if experts is not None:
                left = SplitTask(task.first, experts)
                counts = layouts.counts(cards, left, context, context, context)
                if counts and self.consider(layouts.placement(layouts.layout_of(cards, left), cards, counts, experts)):
                    return

    def _mixed(self) -> None:
        """Layouts with something in host memory: experts alone where that is enough, else whole layers."""
        layouts, filling, expert_layers = self.layouts, self.layouts.filling, self.weights.expert_layers
        least, wanted, _ = self.contexts
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
                task = SplitTask(number - experts, experts)
                counts = layouts.counts(cards, task, least, wanted, wanted)
                if counts is None:
                    return None
                return layouts.placement(layouts.layout_of(cards, task), cards, counts, experts)

            fewest = lightest(least)
            if fewest is not None:
                enough = lightest(wanted) or expert_layers + filling.layers - len(cards)
                self._descend(without, fewest, enough)
                if len(self.devices.gpus) > EVERY_COMBINATION:
                    break
        if expert_layers and self.best.where is None and self.devices.host is not None:
            self._with_little_ram()

    def _with_little_ram(self) -> None:
        """Whole layers in host memory that holds fewer experts than must leave the cards."""
        layouts, filling, weights, least = self.layouts, self.layouts.filling, self.weights, self.contexts.least
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
                counts = filling.split(cards, SplitTask(first, experts), least) if 0 < first < filling.layers else None
                if counts is not None:
                    self.consider(layouts.placement("partial", cards, counts, experts))

    def _descend(self, placement_with: Callable[[int], Placement | None], fewest: int, enough: int) -> None:
        """Consider the layouts with `enough` layers in host memory, where the wanted context fits, down to `fewest`.

        Fewer layers there are faster and leave less room for context. None in between is better than the speed of
        `fewest` with the context of the one tried last, so the search ends where that is no better than the best.
        """
        best, consider = self.best, self.consider
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
