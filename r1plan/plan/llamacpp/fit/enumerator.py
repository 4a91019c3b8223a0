"""Which layouts of a model there are to try under one setting of the engine, by kind, the most natural ones first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property, partial
from itertools import product
from typing import NamedTuple

from r1plan.plan.llamacpp.fit.candidate import QuantCandidate
from r1plan.plan.llamacpp.fit.context import Contexts
from r1plan.plan.llamacpp.fit.layer_split import LayerSplit, SplitTask
from r1plan.plan.llamacpp.fit.layouts import EVERY_COMBINATION, Layouts, experts_left_with, fixed_layout
from r1plan.plan.llamacpp.memory.devices import Devices
from r1plan.plan.llamacpp.memory.lines import BufferLines
from r1plan.plan.llamacpp.placement import Placement
from r1plan.plan.pins import Pins

_NEARLY = 4


class Descent(NamedTuple):
    """Layouts on the same cards with ever fewer layers in host memory.

    With `enough` there the context goal fits, with fewer than `fewest` no context that is any use. Of a mixture the
    first layers leave their experts, and only beyond all of those whole layers. `placement` is None where there is no
    such layout.
    """

    fewest: int
    enough: int
    placement: Callable[[int], Placement | None]


class LayoutEnumerator:
    """The layouts of one model under one setting. Each is made when it is asked for."""

    def __init__(
        self,
        devices: Devices,
        groups: tuple[tuple[int, ...], ...],
        pins: Pins,
        candidate: QuantCandidate,
        contexts: Contexts,
        lines: BufferLines,
    ) -> None:
        self._devices, self._groups, self._pins, self._lines = devices, groups, pins, lines
        self._shape, self._weights = candidate.model.shape, candidate.weights
        self._contexts = contexts

    @cached_property
    def _split(self) -> LayerSplit:
        return LayerSplit(self._devices, self._lines)

    @cached_property
    def _layouts(self) -> Layouts:
        return Layouts(self._devices, self._split, self._weights, self._groups, self._pins.mapped)

    @property
    def _mixed_groups(self) -> tuple[tuple[int, ...], ...]:
        """With something in host memory every card helps; fewer are tried where one is too small to take part."""
        return self._groups[::-1]

    def cpu(self) -> Placement:
        """Nothing on a card."""
        weights, none = self._weights, (0,) * len(self._devices.gpus)
        layers, experts = self._shape.layers, weights.expert_layers
        return Placement("cpu", layers, none, experts, weights.dense_layers, mapped=self._pins.mapped)

    def unified(self) -> Placement:
        """All layers on the one memory that processor and graphics share."""
        return self._layouts.unified()

    def on_cards(self) -> Iterator[Placement]:
        """All layers on cards alone, where that fits."""
        return self._shared_out(SplitTask())

    def usual(self) -> Placement:
        """All layers on all cards by their free memory, fitting or not."""
        return fixed_layout(self._devices, self._shape, self._weights, self._shape.layers + 1, False)

    def as_pinned(self) -> Placement:
        """What --gpu-layers and --experts-on-cpu ask for, by free memory, fitting or not."""
        pins, layers = self._pins, self._pins.gpu_layers
        gpu_layers = self._shape.layers + 1 if layers is None else layers
        plain = fixed_layout(self._devices, self._shape, self._weights, gpu_layers, pins.experts_on_cpu)
        return plain._replace(mapped=pins.mapped)

    def pinned_shares(self, plain: Placement) -> Iterator[Placement]:
        """As many layers on cards as `plain` has, shared out among them so that they fit."""
        return self._shared_out(self._pinned_task(plain))

    def pinned_with_more_experts_left(self, plain: Placement) -> Iterator[Placement]:
        """As many layers on cards as `plain` has, with the experts in host memory for which there is no room."""
        task, layouts = self._pinned_task(plain), self._layouts
        if self._weights.expert_layers <= task.experts_on_host:
            return
        for cards, context in product(self._mixed_groups, (self._contexts.goal, self._contexts.least)):
            experts = self._split.fewest_experts(cards, context, max(task.experts_on_host, 1), task.first)
            if experts is not None:
                left = SplitTask(task.first, experts)
                counts = layouts.counts(cards, left, context, context, context)
                if counts:
                    yield layouts.placement(layouts.layout_of(cards, left), cards, counts, experts)

    def descents(self) -> Iterator[Descent]:
        """With something in host memory: experts alone where that is enough, else whole layers too."""
        for cards in self._mixed_groups:
            fewest = self._least_on_host(cards, self._contexts.least)
            if fewest is None:
                continue
            most = self._weights.expert_layers + self._split.layers - len(cards)
            enough = self._least_on_host(cards, self._contexts.goal) or most
            yield Descent(fewest, enough, partial(self._with_on_host, cards))
            if len(self._devices.gpus) > EVERY_COMBINATION:
                return

    def in_little_ram(self) -> Iterator[Placement]:
        """Whole layers in host memory that holds fewer experts than must leave the cards."""
        weights, least, host = self._weights, self._contexts.least, self._devices.host
        if not weights.expert_layers or host is None:
            return
        for cards in self._mixed_groups if len(self._devices.gpus) <= EVERY_COMBINATION else self._mixed_groups[:1]:
            if sum(self._devices.gpus[card].room_bytes for card in cards) + host.room_bytes < weights.total_bytes:
                continue
            fewest = self._split.fewest_experts(cards, least) or weights.expert_layers
            # Either no experts at all go to host memory, or nearly as many as would do alone.
            few = range(min(weights.dense_layers, weights.expert_layers) + 1)
            for number in dict.fromkeys((*few, *range(max(fewest - _NEARLY, 0), fewest + 1))):
                if weights.experts_of(0, weights.dense_layers + number) > host.room_bytes:
                    continue
                first = self._split.lowest(cards, number, least)
                if not 0 < first < self._split.layers:
                    continue
                experts = max(number, experts_left_with(weights, first))
                counts = self._split.split(cards, SplitTask(first, experts), least)
                if counts is not None:
                    yield self._layouts.placement("partial", cards, counts, experts)

    def _shared_out(self, task: SplitTask) -> Iterator[Placement]:
        contexts = self._contexts
        return self._layouts.shared_out(task, contexts.least, contexts.goal, contexts.most)

    def _pinned_task(self, plain: Placement) -> SplitTask:
        weights = self._weights
        all_experts = self._pins.experts_on_cpu
        experts = weights.expert_layers if all_experts else experts_left_with(weights, plain.host_layers)
        return SplitTask(plain.host_layers, experts)

    def _least_on_host(self, cards: tuple[int, ...], context: int) -> int | None:
        """How little must leave the cards: experts of so many layers; beyond all of them, whole layers. None: all."""
        expert_layers = self._weights.expert_layers
        experts = self._split.fewest_experts(cards, context) if expert_layers else None
        if experts is not None:
            return experts
        first = max(self._split.lowest(cards, expert_layers, context), 1)
        return expert_layers + first if first < self._split.layers else None

    def _with_on_host(self, cards: tuple[int, ...], number: int) -> Placement | None:
        """The best share of the layers with that many of them in host memory, counted as `_least_on_host` does."""
        experts = min(number, self._weights.expert_layers)
        task = SplitTask(number - experts, experts)
        least, goal = self._contexts.least, self._contexts.goal
        counts = self._layouts.counts(cards, task, least, goal, goal)
        if counts is None:
            return None
        return self._layouts.placement(self._layouts.layout_of(cards, task), cards, counts, experts)
