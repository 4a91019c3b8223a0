"""Which cards a model is put on, and how its layers are shared out among them: the best of each kind of layout."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

from r1plan.catalog.model import Shape
from r1plan.models.weights import Weights
from r1plan.plan.llamacpp.fit.layer_split import LayerSplit, SplitTask
from r1plan.plan.llamacpp.memory.devices import Devices
from r1plan.plan.llamacpp.memory.parts import Device
from r1plan.plan.llamacpp.placement import Layout, Placement

# Shares are compared at contexts so far apart; what a share then really holds is solved for.
_STEP = 1024
# Of more cards than this that differ, the fastest and the roomiest are tried together and not every combination.
EVERY_COMBINATION = 4


def groups_of(gpus: Sequence[Device]) -> tuple[tuple[int, ...], ...]:
    """The sets of cards worth trying, the smallest first and the fastest of a size first. Equal cards are as good."""
    places = range(len(gpus))
    if len({(gpu.room_bytes, gpu.bandwidth_gb_s) for gpu in gpus}) <= 1:
        return tuple(tuple(range(size)) for size in range(1, len(gpus) + 1))
    if len(gpus) <= EVERY_COMBINATION:
        sets = {cards for size in range(1, len(gpus) + 1) for cards in combinations(places, size)}
    else:
        fastest = sorted(places, key=lambda i: (-_speed(gpus[i]), -gpus[i].room_bytes))
        roomiest = sorted(places, key=lambda i: (-gpus[i].room_bytes, -_speed(gpus[i])))
        sets = {tuple(sorted(order[:size])) for order in (fastest, roomiest) for size in range(1, len(gpus) + 1)}

    def rank(cards: tuple[int, ...]) -> tuple[int, float, int]:
        return len(cards), -sum(_speed(gpus[i]) for i in cards), -sum(gpus[i].room_bytes for i in cards)

    return tuple(sorted(sorted(sets), key=rank))


class Layouts:
    """Proposals for one model under one setting, each sharing out its layers in the best way.

    A share is the best when no other leaves room for a longer context; of cards that differ in speed, when the slower
    ones hold as little as they can at the context aimed at.
    """

    def __init__(
        self, devices: Devices, split: LayerSplit, weights: Weights, groups: tuple[tuple[int, ...], ...], mapped: bool
    ) -> None:
        self.devices, self.layer_split, self.weights, self.groups, self.mapped = devices, split, weights, groups, mapped
        self.layers = split.layers

    def placement(self, layout: Layout, cards: Sequence[int], counts: Sequence[int], experts_on_host: int) -> Placement:
        """The layout with `counts` layers on `cards`."""
        on_gpu = [0] * len(self.devices.gpus)
        for card, layers in zip(cards, counts, strict=True):
            on_gpu[card] = layers
        return Placement(
            layout, self.layers, tuple(on_gpu), experts_on_host, self.weights.dense_layers, mapped=self.mapped
        )

    def unified(self, layers: int | None = None) -> Placement:
        """All layers, or `layers` of them, on the one memory that processor and graphics share."""
        return self.placement("unified", (0,), (self.layers if layers is None else layers,), 0)

    def shared_out(self, task: SplitTask, least: int, goal: int, most: int) -> Iterator[Placement]:
        """`task` on each group of cards that holds it: at `goal` tokens where that fits, else at what does fit.

        More cards than a group of the fastest needs, or slower ones, would be no faster.
        `least` is the shortest context that is any use, and `most` the longest.
        """
        needs = self._least_bytes(task)
        fastest = max(map(_speed, self.devices.gpus), default=0.0)
        rooms = [gpu.room_bytes for gpu in self.devices.gpus]
        for cards in self.groups:
            if sum([rooms[card] for card in cards]) < needs:
                continue
            counts = self.counts(cards, task, least, goal, most)
            if counts is None:
                continue
            yield self.placement(self.layout_of(cards, task), cards, counts, task.experts_on_host)
            as_fast_as_any = min(_speed(self.devices.gpus[card]) for card in cards) == fastest
            if as_fast_as_any and self.layer_split.split(cards, task, goal) is not None:
                return

    def counts(self, cards: Sequence[int], task: SplitTask, least: int, goal: int, most: int) -> tuple[int, ...] | None:
        """The best share of `task` on `cards`; None when it does not fit there at `least` tokens."""
        layer_split = self.layer_split
        if len(cards) == 1:
            return layer_split.split(cards, task, least)
        equal = self._equal([self.devices.gpus[card] for card in cards])
        context = goal if layer_split.split(cards, task, goal) is not None else None
        if context is None:
            context = layer_split.longest(cards, task, least, goal, _STEP)
        elif equal:
            context = layer_split.longest(cards, task, goal, most, _STEP)
        if context is None:
            return None
        return layer_split.split(cards, task, context) if equal else self._fast_first(cards, task, context)

    def layout_of(self, cards: Sequence[int], task: SplitTask) -> Layout:
        """How a layout of this kind is called."""
        if task.first:
            return "partial"
        if task.experts_on_host:
            return "experts-in-ram"
        return "gpu" if len(cards) == 1 else "gpu-split"

    def _fast_first(self, cards: Sequence[int], task: SplitTask, context: int) -> tuple[int, ...] | None:
        counts = self.layer_split.split(cards, task, context)
        if counts is None:
            return None
        limits = [self.layers] * len(cards)
        slowest_first = sorted(range(len(cards)), key=lambda place: _speed(self.devices.gpus[cards[place]]))
        for place in slowest_first[:-1]:
            low, high = 1, counts[place]
            while low < high:
                limits[place] = middle = (low + high) // 2
                found = self.layer_split.split(cards, task, context, limits)
                if found is None:
                    low = middle + 1
                else:
                    counts, high = found, found[place]
            limits[place] = high
        return counts

    def _least_bytes(self, task: SplitTask) -> int:
        """The weights alone."""
        weights = self.weights
        cut = max(task.first, weights.dense_layers + task.experts_on_host if task.experts_on_host else 0)
        return weights.trunk_of(task.first, self.layers) + weights.experts_of(cut, self.layers) + weights.output_bytes

    def _equal(self, gpus: Sequence[Device]) -> bool:
        return len({gpu.bandwidth_gb_s for gpu in gpus}) <= 1


def fixed_layout(devices: Devices, shape: Shape, weights: Weights, gpu_layers: int, experts_on_cpu: bool) -> Placement:
    """The placement that `gpu_layers` (llama.cpp's, output head included) asks for, spread by free memory."""
    layers, dense, expert_layers = shape.layers, weights.dense_layers, weights.expert_layers
    if gpu_layers <= 0:
        return Placement("cpu", layers, (0,) * len(devices.gpus), expert_layers, dense)
    on_cards = min(gpu_layers - 1, layers)
    if devices.unified:
        return Placement("unified", layers, (on_cards,))
    shares = spread(on_cards, [device.free_bytes for device in devices.gpus])
    on_host = expert_layers if experts_on_cpu else experts_left_with(weights, layers - on_cards)
    layout: Layout = "gpu-split" if sum(map(bool, shares)) > 1 else "gpu"
    if on_cards < layers or on_host:
        layout = "partial" if on_cards < layers else "experts-in-ram"
    return Placement(layout, layers, shares, on_host, dense)


def experts_left_with(weights: Weights, host_layers: int) -> int:
    """How many expert layers the first `host_layers` layers are."""
    return min(max(host_layers - weights.dense_layers, 0), weights.expert_layers)


def spread(count: int, by: Sequence[int]) -> tuple[int, ...]:
    """`count` things spread in proportion to `by`, the largest remainders first."""
    total = sum(by)
    if not total:
        return (count, *[0] * (len(by) - 1))
    exact = [count * each / total for each in by]
    shares = [int(each) for each in exact]
    order = sorted(range(len(by)), key=lambda i: (shares[i] - exact[i], i))
    for i in order[: count - sum(shares)]:
        shares[i] += 1
    return tuple(shares)


def _speed(gpu: Device) -> float:
    return gpu.bandwidth_gb_s or 0.0
