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

from r1plan.catalog.model import Shape
from r1plan.models.weights import Weights
from r1plan.plan.llamacpp.memory.buffers import LinearBytes, cells_of, copied_line, gpu_peaks, kv_bytes_per_cell
from r1plan.plan.llamacpp.memory.devices import Devices
from r1plan.plan.llamacpp.memory.pools import pools_line
from r1plan.plan.llamacpp.settings import EngineSettings


class SplitTask(NamedTuple):
    """What the cards are to hold: layers from `first` on, less the experts of the first `experts_on_host` layers."""

    first: int = 0
    experts_on_host: int = 0


def copied_from_host(
    shape: Shape, weights: Weights, settings: EngineSettings, host_layers: int, experts_on_host: int
) -> LinearBytes | None:
    """What the first card copies from host memory for batches of 32 tokens and more; None when nothing lies there.

    It is always the first: the scheduler hands such an operation to the first backend that takes it
    (ggml_backend_sched_backend_id_from_cur).
    """
    experts = weights.widest_expert_tensor_of(0, weights.dense_layers + experts_on_host) if experts_on_host else 0
    if not (host_layers or experts):
        return None
    return copied_line(shape, settings, max(experts, weights.widest_matrix_of(0, host_layers)), cells=host_layers > 0)


class LayerSplit:
    """The cards of a machine, to be filled with one model's layers under one setting of the engine.

    A run of layers on a card costs their weights, their part of the cache, the card's compute buffer and pools; the
    last card holds the output head too.
    """

    def __init__(self, devices: Devices, shape: Shape, weights: Weights, settings: EngineSettings) -> None:
        self.gpus, self.shape, self.weights, self.settings = devices.gpus, shape, weights, settings
        self.layers = shape.layers
        self.kv_bytes = kv_bytes_per_cell(shape, settings.kv_type, 1)
        self.pools = pools_line(shape, settings, plain=weights.plain)
        self._peaks: dict[tuple[bool, bool, bool, LinearBytes | None], tuple[LinearBytes, ...]] = {}
        self._highest_at: dict[tuple[bool, bool, bool, LinearBytes | None, int], int] = {}
        self._copied: dict[SplitTask, LinearBytes | None] = {}
        self._layers_before: dict[tuple[int, int], list[int]] = {}
        self._cache_before: dict[int, list[int]] = {}
        self._held: dict[int, list[int]] = {}
        self._rooms = [gpu.room_bytes - self.pools.fixed_bytes for gpu in devices.gpus]

    def split(
        self, cards: Sequence[int], task: SplitTask, context: int, at_most: Sequence[int] | None = None
    ) -> tuple[int, ...] | None:
        """Layers of `task` a card of `cards`, each at least one, at `context` tokens; None when they do not all fit.

        `at_most` limits a card's layers.
        """
        cells = cells_of(context, self.settings.caches)
        before = self._before(task.experts_on_host, cells)
        alone = len(cards) == 1 and not task.first
        pipelined = len(cards) > 1 and not task.first and not task.experts_on_host
        copied = self._copied_from_host(task)
        pools = self.pools.bytes_per_cell * cells
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

    def _before(self, experts_on_host: int, cells: int) -> list[int]:
        """The bytes of the layers before each, weights and cache; the first `experts_on_host` leave their experts."""
        key = experts_on_host, cells
        found = self._layers_before.get(key)
        if found is None:
            cache = self._cache_before.get(cells)
            if cache is None:
                kv = self.kv_bytes * cells
                cache = self._cache_before[cells] = [kv * layer for layer in range(self.layers + 1)]
            found = self._layers_before[key] = list(map(add, self._weights_before(experts_on_host), cache))
        return found

    def _weights_before(self, experts_on_host: int) -> list[int]:
        found = self._held.get(experts_on_host)
        if found is None:
            experts = self.weights.experts_before
            cut = self.weights.dense_layers + experts_on_host if experts_on_host else 0
            held = (*repeat(experts[cut], cut), *experts[cut:])
            found = self._held[experts_on_host] = list(map(add, self.weights.trunk_before, held))
        return found

    def _copied_from_host(self, task: SplitTask) -> LinearBytes | None:
        if task not in self._copied:
            self._copied[task] = copied_from_host(
                self.shape, self.weights, self.settings, task.first, task.experts_on_host
            )
        return self._copied[task]

    def _highest(self, has_output: bool, alone: bool, pipelined: bool, copied: LinearBytes | None, cells: int) -> int:
        """The compute buffer at `cells`."""
        at = (has_output, alone, pipelined, copied, cells)
        known = self._highest_at.get(at)
        if known is not None:
            return known
        key = (has_output, alone, pipelined, copied)
        peaks = self._peaks.get(key)
        if peaks is None:
            peaks = self._peaks[key] = gpu_peaks(
                self.shape,
                self.settings,
                has_output=has_output,
                alone=alone,
                pipelined=pipelined,
                copied=copied,
            )
        highest = self._highest_at[at] = max([peak.fixed_bytes + peak.bytes_per_cell * cells for peak in peaks])
        return highest
