"""A graph of operations as llama.cpp's scheduler sees it: the size of each result, and where what it reads lies.

What may be written over its input is as ggml_op_can_inplace has it (ggml/src/ggml-alloc.c at build 0c1e57098). A view
of a result stands for the result itself, but is never written over: ggml-alloc does not own it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from r1plan.plan.pins import KvType

HOST = -1  # the processor's memory; graphics cards are numbered from 0


class Op(NamedTuple):
    """One operation. Tensors are numbers in the graph's table.

    `over`: inputs it may be written over, in order, when nothing else needs them. `rows`: the rows of the batch when it
    runs where its weights are, 0 when weights do not decide. `device`: where it must run, None when that follows.
    `f16_bytes`: what a card needs behind the result for keys and values as f16. `kept`: what a card, which computes
    the operations before this one in a single kernel, keeps until here.
    """

    result: int
    reads: tuple[int, ...]
    over: tuple[int, ...] = ()
    rows: int = 0
    device: int | None = None
    f16_bytes: int = 0
    kept: tuple[int, ...] = ()


class Run(NamedTuple):
    """Consecutive layers of one kind in one place.

    `experts_on`: where routed experts lie. `matrices`: the bytes of one layer's matrices by name, needed where they may
    be copied to a card.
    """

    layers: int
    routed: bool
    device: int
    experts_on: int
    matrices: tuple[tuple[str, int], ...] = ()


class Batch(NamedTuple):
    """What is computed at once: `tokens` of `sequences`, each seeing `cells` of one of `caches` caches.

    `outputs`: rows of logits. `norms_pinned`: each layer's norms are computed where the layer is, as the engine has it
    when all layers are on cards. `n_ubatch` is what was asked for, of which `tokens` may be more or less.
    """

    tokens: int
    sequences: int
    caches: int
    cells: int
    outputs: int
    kv_type: KvType
    flash_attn: bool
    norms_pinned: bool
    n_ubatch: int = 0


@dataclass(slots=True)
class Graph:
    """The operations and their tensors: `sizes` in bytes; `held` says where those are that have buffers of their own.

    Of these `weights` decide where an operation runs; the cells of the cache do not. `inputs` are there before the
    first operation; `leaves` of them lie where the operation runs that reads them.
    """

    sizes: list[int] = field(default_factory=list)
    held: dict[int, int] = field(default_factory=dict)
    weights: set[int] = field(default_factory=set)
    inputs: list[int] = field(default_factory=list)
    leaves: set[int] = field(default_factory=set)
    ops: list[Op] = field(default_factory=list)
    outputs: set[int] = field(default_factory=set)

    def tensor(self, size: int) -> int:
        """A new tensor's number."""
        self.sizes.append(size)
        return len(self.sizes) - 1

    def input(self, size: int) -> int:
        """A tensor that is filled before each batch, in host memory."""
        number = self.tensor(size)
        self.inputs.append(number)
        return number

    def leaf(self, size: int) -> int:
        """A tensor that no operation makes and nobody fills: ggml-alloc reserves it with the inputs."""
        number = self.input(size)
        self.leaves.add(number)
        return number

    def cells(self, size: int, device: int) -> int:
        """A part of the cache on `device`."""
        number = len(self.sizes)
        self.sizes.append(size)
        self.held[number] = device
        return number

    def weight(self, size: int, device: int) -> int:
        """A tensor of the model on `device`."""
        number = len(self.sizes)
        self.sizes.append(size)
        self.held[number] = device
        self.weights.add(number)
        return number

    def op(
        self,
        size: int,
        *reads: int,
        over: tuple[int, ...] = (),
        rows: int = 0,
        device: int | None = None,
        f16_bytes: int = 0,
    ) -> int:
        """An operation whose result has `size` bytes; that result's number."""
        result = len(self.sizes)
        self.sizes.append(size)
        self.ops.append(Op(result, reads, over, rows, device, f16_bytes))
        return result

    def keep(self, *tensors: int) -> None:
        """Keep `tensors` until the last operation is done, where a card computes it."""
        self.ops[-1] = self.ops[-1]._replace(kept=tensors)
