"""How many layers fit on which card, tensor by tensor: each card is filled from the model's last layer down.

Layers are in one row and each card takes a run of them, so filling the last card to the brim, then the one before, and
so on reaches the lowest layer that can be reached at all: whatever another split puts on the later cards, this one puts
at least as much there, and a card that starts lower in the row never needs more room for what is left.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import repeat
from operator import add
from typing import NamedTuple

from r1plan.plan.llamacpp.memory.buffers import cells_of
from r1plan.plan.llamacpp.memory.devices import Devices
from r1plan.plan.llamacpp.memory.linear import LinearBytes
from r1plan.plan.llamacpp.memory.lines import BufferLines


class SplitTask(NamedTuple):
    """What the cards are to hold: layers from `first` on, less the experts of the first `experts_on_host` layers."""

    first: int = 0
    experts_on_host: int = 0


class LayerSplit:
    """The cards of a machine, to be filled with one model's layers under one setting of the engine.

    A run of layers on a card costs their weights, their part of the cache, the card's compute buffer and pools; the
    last card holds the output head too.
    """

    def __init__(self, devices: Devices, lines: BufferLines) -> None:
        self.gpus, self.lines, self.weights = devices.gpus, lines, lines.weights
        self.layers = lines.shape.layers
        self._caches = lines.settings.caches
        self._highest_at: dict[tuple[bool, bool, bool, LinearBytes | None, int], int] = {}
        self._layers_before: dict[tuple[int, int], list[int]] = {}
        self._cache_before: dict[int, list[int]] = {}
        self._held: dict[int, list[int]] = {}
        self._rooms = [gpu.room_bytes - lines.pools.fixed_bytes for gpu in devices.gpus]

    def split(
        self, cards: Sequence[int], task: SplitTask, context: int, at_most: Sequence[int] | None = None
    ) -> tuple[int, ...] | None:
        """Layers of `task` a card of `cards`, each at least one, at `context` tokens; None when they do not all fit.

        `at_most` limits a card's layers.
        """
        cells = cells_of(context, self._caches)
        if len(cards) == 1 and at_most is None:
            return (self.layers - task.first,) if self._fits_alone(cards[0], task, cells) else None
        before = self._before(task.experts_on_host, cells)
        alone = len(cards) == 1 and not task.first
        pipelined = len(cards) > 1 and not task.first and not task.experts_on_host
        copied = self.lines.copied(task.first, task.experts_on_host)
        pools = self.lines.pools.bytes_per_cell * cells
        # Cards between the first and the last are alike.
        between = self._highest(False, alone, pipelined, None, cells) + pools if len(cards) > 2 else 0
        end, counts = self.layers, [0] * len(cards)
        for place in range(len(cards) - 1, -1, -1):
            last = place == len(cards) - 1
            room = self._rooms[cards[place]] - (self.weights.output_bytes if last else 0)
            if last or not place:
                room -= self._highest(last, alone, pipelined, None if place else copied, cells) + pools
            else:
                room -= between
            lowest = task.first + place  # one layer for each card before this
            if room <= 0 or lowest >= end:
                return None
            start = bisect_left(before, before[end] - room, lowest, end)
            if at_most is not None:
                start = max(start, end - at_most[place])
            if start >= end:
                return None
            counts[place] = end - start
            end = start
        return tuple(counts) if end == task.first else None

    def lowest(self, cards: Sequence[int], experts_on_host: int, context: int) -> int:
        """The lowest layer from which on all fit on `cards`; the number of layers when not even one a card does."""
        low, high = 0, self.layers - len(cards) + 1
        while low < high:
            middle = (low + high) // 2
            if self.split(cards, SplitTask(middle, experts_on_host), context) is None:
                low = middle + 1
            else:
                high = middle
        return low if low <= self.layers - len(cards) else self.layers

    def fewest_experts(self, cards: Sequence[int], context: int, at_least: int = 1, first: int = 0) -> int | None:
        """The fewest expert layers that must stay in host memory for layers from `first` on to fit on `cards`.

        None when even all of them leave too little room.
        """
        low, high = at_least, self.weights.expert_layers
        if self.split(cards, SplitTask(first, high), context) is None:
            return None
        while low < high:
            middle = (low + high) // 2
            if self.split(cards, SplitTask(first, middle), context) is None:
                low = middle + 1
            else:
                high = middle
        return low

    def longest(self, cards: Sequence[int], task: SplitTask, low: int, high: int, step: int) -> int | None:
        """The longest context between `low` and `high`, in whole `step`s above `low`, at which `task` fits, or None."""
        if self.split(cards, task, low) is None:
            return None
        if self.split(cards, task, high) is not None:
            return high
        fits, fails = 0, -(-(high - low) // step)
        while fails - fits > 1:
            middle = (fits + fails) // 2
            if self.split(cards, task, low + middle * step) is None:
                fails = middle
            else:
                fits = middle
        return low + fits * step

    def _fits_alone(self, card: int, task: SplitTask, cells: int) -> bool:
        """Whether one card holds all of `task`, and it is something: `split` without the row of layers."""
        first, end, lines, weights = task.first, self.layers, self.lines, self.weights
        cut = max(first, weights.dense_layers + task.experts_on_host if task.experts_on_host else 0)
        highest = self._highest(True, not first, False, lines.copied(first, task.experts_on_host), cells)
        room = self._rooms[card] - weights.output_bytes - highest - lines.pools.bytes_per_cell * cells
        cache = self._cache(cells)
        held = weights.trunk_of(first, end) + weights.experts_of(cut, end) + cache[end] - cache[first]
        return first < end and 0 < room >= held

    def _before(self, experts_on_host: int, cells: int) -> list[int]:
        """The bytes of the layers before each, weights and cache; the first `experts_on_host` leave their experts."""
        key = experts_on_host, cells
        found = self._layers_before.get(key)
        if found is None:
            both = map(add, self._weights_before(experts_on_host), self._cache(cells))
            found = self._layers_before[key] = list(both)
        return found

    def _cache(self, cells: int) -> list[int]:
        """The bytes of the caches of the layers before each."""
        found = self._cache_before.get(cells)
        if found is None:
            found = self._cache_before[cells] = self.lines.cache_before(cells)
        return found

    def _weights_before(self, experts_on_host: int) -> list[int]:
        found = self._held.get(experts_on_host)
        if found is None:
            experts = self.weights.experts_before
            cut = self.weights.dense_layers + experts_on_host if experts_on_host else 0
            held = (*repeat(experts[cut], cut), *experts[cut:])
            found = self._held[experts_on_host] = list(map(add, self.weights.trunk_before, held))
        return found

    def _highest(self, has_output: bool, alone: bool, pipelined: bool, copied: LinearBytes | None, cells: int) -> int:
        """The compute buffer at `cells`."""
        at = (has_output, alone, pipelined, copied, cells)
        known = self._highest_at.get(at)
        if known is not None:
            return known
        peaks = self.lines.peaks(has_output=has_output, alone=alone, pipelined=pipelined, copied=copied)
        highest = self._highest_at[at] = max([peak.fixed_bytes + peak.bytes_per_cell * cells for peak in peaks])
        return highest
