"""How GPUs share a model: layers split over all of them, or attention repeated and experts spread, or one cache."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from r1plan.catalog.model import Model


@dataclass(frozen=True, slots=True)
class Parallel:
    """How the GPUs share the work.

    `tensor` GPUs share every layer. `data` such groups each serve requests of their own and repeat the attention,
    while the experts are spread over all GPUs. `context` of the `tensor` GPUs share one cache.
    """

    tensor: int = 1
    data: int = 1
    context: int = 1

    @property
    def gpus(self) -> int:
        """Cards in use."""
        return self.tensor * self.data

    @property
    def plain(self) -> bool:
        """Whether the layers are split and nothing else is."""
        return self.data == self.context == 1


def parallel_configs(cards: int, model: Model) -> Iterator[Parallel]:
    """Ways to share the cards, the plainest first: 1, 2, 4 … of them in tensor parallel.

    With latent attention, whose cache every card repeats, also all cards with one cache together, and all with the
    attention repeated and the experts spread.
    """
    counts = [count for count in (1 << power for power in range(10)) if count <= cards]
    for count in counts:
        yield Parallel(count)
    if model.shape.latent_attention is not None and counts[-1] > 1:
        yield Parallel(counts[-1], context=counts[-1])
        yield Parallel(1, data=counts[-1])


def heads_each(kv_heads: int, ranks: int) -> int:
    """Of `kv_heads` those on one of `ranks` GPUs: a share, and one at least."""
    return max(kv_heads // ranks, 1)
