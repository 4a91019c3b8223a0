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

from r1plan.plan.arena import Arena
from r1plan.plan.buffers import PIPELINE_COPIES
from r1plan.plan.graph import HOST, Graph, Op

OFFLOAD_ROWS = 32  # ggml_backend_cuda_device_offload_op
_HOST_ALIGNMENT, _CARD_ALIGNMENT = 32, 128


class _Copy(NamedTuple):
    """`source` is copied to another device as `result`."""

    source: int
    result: int


class _Step(NamedTuple):
    """`op` is computed, on inputs that may be copies."""

    op: Op
    reads: tuple[int, ...]
    device: int


def peaks_of(graph: Graph, cards: int, *, pipelined: bool = False) -> tuple[int, ...]:
    """The bytes of the compute buffer in host memory and on each card, in this order.

    `pipelined`: several cards work on several micro-batches at once, and what goes to a card is there four times.
    """
    steps, sizes, place, copies = _steps(graph, _devices(graph, cards))
    if pipelined:
        return _Pipelined(graph, cards, sizes, place, copies).run(steps)
    return _Buffers(graph, cards, sizes, place).run(steps)


def _devices(graph: Graph, cards: int) -> list[int]:
    """The device of each operation."""
    found: list[int | None] = []
    for op in graph.ops:
        device = op.device
        if device is None and op.rows:
            device = next(graph.held[tensor] for tensor in op.reads if tensor in graph.weights)
            if device == HOST and cards and op.rows >= OFFLOAD_ROWS:
                device = 0
        found.append(device)
    numbers = range(len(found))
    for order in (numbers, reversed(numbers)):
        _spread(found, order, cards_only=True)
    for order in (numbers, reversed(numbers)):
        _spread(found, order, cards_only=False)
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


def _steps(graph: Graph, devices: list[int]) -> tuple[list[_Copy | _Step], list[int], dict[int, int], list[int]]:
    """The operations with the copies before each split; all tensors' sizes and places; and which tensors are copies."""
    sizes = list(graph.sizes)
    place = dict(graph.held)
    place.update(dict.fromkeys(graph.inputs, HOST))
    place.update((op.result, device) for op, device in zip(graph.ops, devices, strict=True))
    steps: list[_Copy | _Step] = []
    copied: dict[tuple[int, int], int] = {}
    made: list[int] = []
    split: list[_Copy | _Step] = []
    copies_here = 0
    current = devices[0]
    for op, device in zip(graph.ops, devices, strict=True):
        another = copies_here and any(read in graph.weights and place[read] != current for read in op.reads)
        if device != current or another:
            steps += split
            split, copies_here, current = [], 0, device
        for read in op.reads:
            if place[read] != current:
                break
        else:
            split.append(_Step(op, op.reads, device))
            continue
        reads = []
        for read in op.reads:
            if place[read] == current:
                reads.append(read)
                continue
            key = read, current
            if key not in copied:
                sizes.append(sizes[read])
                copied[key] = len(sizes) - 1
                place[copied[key]] = current
                made.append(copied[key])
                split.insert(copies_here, _Copy(read, copied[key]))
                copies_here += 1
            reads.append(copied[key])
        split.append(_Step(op, tuple(reads), device))
    return steps + split, sizes, place, made


class _Buffers:
    """The allocator: inputs first, then each result, over one of its inputs where that is allowed."""

    def __init__(self, graph: Graph, cards: int, sizes: list[int], place: dict[int, int]) -> None:
        self.graph, self.sizes, self.place = graph, sizes, place
        self.arenas = {
            device: Arena(_HOST_ALIGNMENT if device == HOST else _CARD_ALIGNMENT) for device in (HOST, *range(cards))
        }
        self.left = [0] * len(sizes)  # how often each tensor is still read
        self.offsets: dict[int, int] = {}  # of what can be written over or freed
        self.whole: dict[int, int] = {}  # sizes with what a card needs behind a result

    def run(self, steps: list[_Copy | _Step]) -> tuple[int, ...]:
        self._count(steps)
        self._inputs()
        for step in steps:
            if isinstance(step, _Copy):
                self._copy(step)
            else:
                self._compute(step)
        return tuple(arena.peak for arena in self.arenas.values())

    def _count(self, steps: list[_Copy | _Step]) -> None:
        left = self.left
        for step in steps:
            if isinstance(step, _Copy):
                left[step.source] += 1
            else:
                for read in step.reads:
                    left[read] += 1
                if step.device != HOST:
                    for kept in step.op.kept:
                        left[kept] += 1

    def _inputs(self) -> None:
        for tensor in self.graph.inputs:
            self.offsets[tensor] = self.arenas[HOST].take(self.sizes[tensor])

    def _copy(self, copy: _Copy) -> None:
        self.offsets[copy.result] = self.arenas[self.place[copy.result]].take(self.sizes[copy.result])
        self._done_with((copy.source,))

    def _compute(self, step: _Step) -> None:
        op = step.op
        if self.sizes[op.result]:
            self._place(step)
        self._done_with(step.reads)
        if op.kept and step.device != HOST:
            self._done_with(op.kept)

    def _place(self, step: _Step) -> None:
        op, arena, offsets = step.op, self.arenas[step.device], self.offsets
        size = self.sizes[op.result]
        if op.f16_bytes and step.device != HOST:
            size = arena.padded(size) + op.f16_bytes
            self.whole[op.result] = size
        for wanted in op.over:
            source = step.reads[op.reads.index(wanted)]
            if self.left[source] == 1 and source in offsets and source not in self.graph.outputs:
                offset = offsets[op.result] = offsets.pop(source)
                spare = arena.padded(self.whole.get(source, self.sizes[source])) - arena.padded(size)
                if spare:
                    arena.give_back(offset + arena.padded(size), spare)
                return
        offsets[op.result] = arena.take(size)

    def _done_with(self, tensors: tuple[int, ...]) -> None:
        left, offsets = self.left, self.offsets
        for tensor in tensors:
            left[tensor] -= 1
            if not left[tensor] and tensor in offsets and tensor not in self.graph.outputs:
                size = self.whole.get(tensor, self.sizes[tensor])
                self.arenas[self.place[tensor]].give_back(offsets.pop(tensor), size)


class _Pipelined(_Buffers):
    """With a pipeline all inputs and copies lie four times at the buffers' beginnings, and stay."""

    def __init__(self, graph: Graph, cards: int, sizes: list[int], place: dict[int, int], copies: list[int]) -> None:
        super().__init__(graph, cards, sizes, place)
        self.copies = copies

    def _inputs(self) -> None:
        for tensor in (*self.graph.inputs, *self.copies):
            for _ in range(PIPELINE_COPIES):
                self.arenas[self.place[tensor]].take(self.sizes[tensor])

    def _copy(self, copy: _Copy) -> None:
        self._done_with((copy.source,))
