"""How GPUs share a model: layers split over all of them or in stages, attention repeated, experts spread, one cache."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from r1plan.catalog.model import Model


@dataclass(frozen=True, slots=True)
class Parallel:
    """How the GPUs share the work.

    `tensor` GPUs share every layer. `pipeline` such groups each hold some of the layers and pass on what they computed.
    `data` groups each serve requests of their own and repeat the attention, while the experts are spread over all GPUs.
    `context` of the `tensor` GPUs share one cache. `machines` each have as many of the GPUs.
    """

    tensor: int = 1
    data: int = 1
    context: int = 1
    pipeline: int = 1
    machines: int = 1

    @property
    def gpus(self) -> int:
        """Cards in use."""
        return self.tensor * self.data * self.pipeline

    @property
    def plain(self) -> bool:
        """Whether the layers are split and nothing else is."""
        return self.data == self.context == 1


class Hosts(NamedTuple):
    """So many machines, each with so many cards."""

    machines: int
    cards: int


def parallel_configs(hosts: Hosts, model: Model) -> Iterator[Parallel]:
    """Ways to share the cards, the plainest first.

    Of one machine 1, 2, 4 … in tensor parallel. Cards that are no power of two work in stages, and so do machines, each
    in tensor parallel for itself: what they send each other between two stages is much less than what the cards of one
    send each other in every layer. With latent attention, whose cache every card repeats, also a machine with one cache
    for all its cards, and all cards with the attention repeated and the experts spread; with DeepSeek-V4's windowed
    attention the latter.
    """
    most = 1 << (hosts.cards.bit_length() - 1)
    even = hosts.cards & -hosts.cards
    for power in range(most.bit_length()):
        yield Parallel(1 << power)
    if even < hosts.cards:
        yield Parallel(even, pipeline=hosts.cards // even)
    groups = sorted({1 << power for power in range(1, hosts.machines.bit_length())} | {hosts.machines} - {1})
    for machines in groups:
        yield Parallel(most, pipeline=machines, machines=machines)
        if even < most:
            yield Parallel(even, pipeline=hosts.cards // even * machines, machines=machines)
    latent = model.shape.latent_attention is not None
    if not latent and model.shape.windowed_attention is None:
        return
    if most > 1 and latent:
        yield Parallel(most, context=most)
    if most > 1:
        yield Parallel(1, data=most)
    for machines in groups:
        yield Parallel(1, data=most * machines, machines=machines)


def stages(layers: int, pipeline: int) -> tuple[range, ...]:
    """The layers of each of `pipeline` groups.

    As vLLM shares them out (distributed/utils.py, get_pp_indices): alike, and what is left over one by one from the
    last but one group on, because the last has the head too.
    """
    sizes = [layers // pipeline] * pipeline
    for behind in range(2, layers % pipeline + 2):
        sizes[-behind] += 1
    found = []
    first = 0
    for size in sizes:
        found.append(range(first, first + size))
        first += size
    return tuple(found)


def heads_each(kv_heads: int, ranks: int) -> int:
    """Of `kv_heads` those on one of `ranks` GPUs: a share, and one at least."""
    return max(kv_heads // ranks, 1)
