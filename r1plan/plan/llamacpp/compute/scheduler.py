"""Which device computes each operation of a graph, what is copied between devices, and the buffer each of them needs.

llama.cpp's scheduler (ggml/src/ggml-backend.cpp, ggml_backend_sched_split_graph) and allocator (ggml/src/ggml-alloc.c,
ggml_gallocr_alloc_graph_impl) at build 0c1e57098, as far as the graphs of this family need them. An operation runs
where its weights are; with weights in host memory, a batch of 32 rows and more runs on the first card, to which they
are copied; what has no weights follows its neighbours. A split begins where the device changes, or where another
weight is copied.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from r1plan.plan.llamacpp.compute.allocator import Arena
from r1plan.plan.llamacpp.compute.graph import HOST, Graph, Op
from r1plan.plan.llamacpp.settings import PIPELINE_COPIES

OFFLOAD_ROWS = 32  # ggml_backend_cuda_device_offload_op
_HOST_ALIGNMENT, _CARD_ALIGNMENT = 32, 128


class _Step(NamedTuple):
    """`op` is computed on `device` from `reads`, which may be copies; without an `op` `reads` is copied there."""

    op: Op | None
    reads: tuple[int, ...]
    result: int
    device: int


class _Split(NamedTuple):
    """All steps in order; every tensor's size and place; and which tensors are copies."""

    steps: list[_Step]
    sizes: list[int]
    place: list[int]
    copies: list[int]


def peaks_of(graph: Graph, cards: int, *, pipelined: bool = False) -> tuple[int, ...]:
    """The bytes of the compute buffer in host memory and on each card, in this order.

    `pipelined`: several cards work on several micro-batches at once, and what goes to a card is there four times.
    """
    return _Buffers(graph, cards, _split(graph, _devices(graph, cards)), pipelined=pipelined).run()


def _devices(graph: Graph, cards: int) -> list[int]:
    """The device of each operation."""
    if not cards:
        return [HOST] * len(graph.ops)
    held, weights = graph.held, graph.weights
    found: list[int | None] = []
    for op in graph.ops:
        device = op.device
        if device is None and op.rows:
            for tensor in op.reads:
                if tensor in weights:
                    device = held[tensor]
                    break
            if device == HOST and cards and op.rows >= OFFLOAD_ROWS:
                device = 0
        found.append(device)
    numbers = range(len(found))
    for cards_only in (True, False):
        for order in (numbers, reversed(numbers)):
            if None in found:
                _spread(found, order, cards_only=cards_only)
    return [HOST if device is None else device for device in found]


def _spread(devices: list[int | None], order: Iterable[int], *, cards_only: bool) -> None:
    """Give operations without a device that of the one before them in `order`."""
    current: int | None = None
    for number in order:
        device = devices[number]
        if device is not None:
            current = None if cards_only and device == HOST else device
        elif current is not None:
            devices[number] = current


def _split(graph: Graph, devices: list[int]) -> _Split:
    """The operations with the copies before each split; without a card there are none."""
    if not any(device >= 0 for device in devices):
        alone = [_Step(op, op.reads, op.result, HOST) for op in graph.ops]
        return _Split(alone, graph.sizes, [HOST] * len(graph.sizes), [])
    sizes, weights = list(graph.sizes), graph.weights
    place = [HOST] * len(sizes)
    for tensor, device in graph.held.items():
        place[tensor] = device
    for op, device in zip(graph.ops, devices, strict=True):
        place[op.result] = device
    if graph.leaves:
        for op, device in zip(graph.ops, devices, strict=True):
            for read in graph.leaves.intersection(op.reads):
                place[read] = device
    steps: list[_Step] = []
    copied: dict[tuple[int, int], int] = {}
    made: list[int] = []
    begin = copies_here = 0  # where this split begins, and how many copies stand there
    current = devices[0]
    for op, device in zip(graph.ops, devices, strict=True):
        reads = op.reads
        if device != current:
            begin, copies_here, current = len(steps), 0, device
        for read in reads:
            if place[read] != current:
                break
        else:
            steps.append(_Step(op, reads, op.result, device))
            continue
        if copies_here and any(read in weights and place[read] != current for read in reads):
            begin, copies_here = len(steps), 0
        here = []
        for read in reads:
            if place[read] == current:
                here.append(read)
                continue
            copy = copied.get((read, current))
            if copy is None:
                copy = copied[read, current] = len(sizes)
                sizes.append(sizes[read])
                place.append(current)
                made.append(copy)
                steps.insert(begin + copies_here, _Step(None, (read,), copy, current))
                copies_here += 1
            here.append(copy)
        steps.append(_Step(op, tuple(here), op.result, device))
    return _Split(steps, sizes, place, made)


class _Buffers:
    """The allocator: inputs first, then each result, over one of its inputs where that is allowed.

    With a pipeline all inputs and copies lie four times at the buffers' beginnings, and stay; leaves lie behind them,
    once, and go when they were read.
    """

    def __init__(self, graph: Graph, cards: int, split: _Split, *, pipelined: bool) -> None:
        self.graph, self.pipelined = graph, pipelined
        self.steps, self.sizes, self.place, self.copies = split
        self.arenas = {
            device: Arena(_HOST_ALIGNMENT if device == HOST else _CARD_ALIGNMENT) for device in (HOST, *range(cards))
        }
        self.left = [0] * len(self.sizes)  # how often each tensor is still read; once more for what stays
        self.offsets: dict[int, int] = {}  # of what can be written over or freed
        self.whole: dict[int, int] = {}  # sizes with what a card needs behind a result

    def run(self) -> tuple[int, ...]:
        self._count()
        self._inputs()
        sizes, left, offsets = self.sizes, self.left, self.offsets
        for step in self.steps:
            op, reads, result, device = step
            if op is None:
                if not self.pipelined:
                    offsets[result] = self.arenas[device].take(sizes[result])
            elif sizes[result]:
                self._place(step, op)
            if op is not None and op.kept and device != HOST:
                reads += op.kept
            for tensor in reads:
                left[tensor] -= 1
                if not left[tensor] and tensor in offsets:
                    size = self.whole.get(tensor, sizes[tensor])
                    self.arenas[self.place[tensor]].give_back(offsets.pop(tensor), size)
        return tuple(arena.peak for arena in self.arenas.values())

    def _count(self) -> None:
        left = self.left
        for op, reads, _, device in self.steps:
            for read in reads:
                left[read] += 1
            if op is not None and op.kept and device != HOST:
                for kept in op.kept:
                    left[kept] += 1
        for output in self.graph.outputs:
            left[output] += 1

    def _inputs(self) -> None:
        leaves = self.graph.leaves
        if self.pipelined:
            for tensor in (*self.graph.inputs, *self.copies):
                if tensor not in leaves:
                    for _ in range(PIPELINE_COPIES):
                        self.arenas[self.place[tensor]].take(self.sizes[tensor])
        for tensor in self.graph.inputs:
            if tensor in leaves or not self.pipelined:
                self.offsets[tensor] = self.arenas[self.place[tensor]].take(self.sizes[tensor])

    def _place(self, step: _Step, op: Op) -> None:
        arena, offsets = self.arenas[step.device], self.offsets
        size = self.sizes[op.result]
        if op.f16_bytes and step.device != HOST:
            size = arena.padded(size) + op.f16_bytes
            self.whole[op.result] = size
        for wanted in op.over:
            source = step.reads[op.reads.index(wanted)]
            if self.left[source] == 1 and source in offsets:
                offset = offsets[op.result] = offsets.pop(source)
                spare = arena.padded(self.whole.get(source, self.sizes[source])) - arena.padded(size)
                if spare:
                    arena.give_back(offset + arena.padded(size), spare)
                return
        offsets[op.result] = arena.take(size)
