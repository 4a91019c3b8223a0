"""The compute buffer that llama.cpp reserves on each device: its own graph, planned by its own rules.

tests/oracle compares it with the engine's dry run, tests/plan/llamacpp/compute with readings on an H100.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate, pairwise
from typing import NamedTuple

from r1plan.catalog.model import Architecture, Shape
from r1plan.models.weights import Weights
from r1plan.plan.arch.table import spec_of
from r1plan.plan.llamacpp.compute.graph import HOST, Batch, Run
from r1plan.plan.llamacpp.compute.model_graph import graph_of
from r1plan.plan.llamacpp.compute.scheduler import peaks_of
from r1plan.plan.llamacpp.settings import EngineSettings
from r1plan.units import pad

# Layers of one kind in one place need what the first two of them need, since the second leaves the buffer as it found
# it. One more is needed where a device's last layers are, since what goes on from there differs, and where matrices are
# copied to a card. Layers of an architecture that is not steady are all computed.
_STEADY = 2


class PlacedRuns(NamedTuple):
    """Where a model lies: all its layers in order, over host memory and `cards`; the output head is on the last card.

    Without cards the head of `output_bytes` is in host memory too. `pipelined`: see `peaks_of`.
    """

    runs: tuple[Run, ...]
    cards: int
    output_bytes: int
    pipelined: bool = False

    @property
    def output_on(self) -> int:
        """The device of the output head."""
        return self.cards - 1 if self.cards else HOST


@lru_cache(maxsize=4096)
def compute_bytes(
    architecture: Architecture,
    shape: Shape,
    settings: EngineSettings,
    cells: int,
    placed: PlacedRuns,
    *,
    as_dry_run: bool = False,
    all_layers: bool = False,
) -> tuple[int, ...]:
    """Bytes in host memory and on each card, in this order, for `cells` in each cache.

    `as_dry_run`: as the engine's dry run says it, which forgets where norms are pinned and so copies one hidden state
    more from card to card than the engine does. `all_layers` leaves no layer out: the same, slowly. Raises EngineError
    for a shape that is none of the architecture's.
    """
    runs, cards, output_bytes, pipelined = placed
    asked = min(cells * settings.caches, settings.n_ubatch)
    batch = Batch(
        tokens=pad(asked, settings.slots),
        sequences=settings.slots,
        caches=settings.caches,
        cells=cells,
        outputs=min(asked, settings.outputs),
        kv_type=settings.kv_type,
        flash_attn=settings.flash_attn,
        norms_pinned=bool(cards) and not as_dry_run and all(run.device >= 0 for run in runs),
        n_ubatch=settings.n_ubatch,
    )
    if all_layers:
        graph = graph_of(architecture, shape, batch, runs, placed.output_on, output_bytes)
        return peaks_of(graph, cards, pipelined=pipelined)
    spec = spec_of(architecture, shape)
    few, stand_ins = without_like_cards(steady(runs) if spec.steady else runs, cards)
    output_on = stand_ins[-1] if stand_ins else HOST
    graph = graph_of(architecture, shape, batch, few, output_on, output_bytes)
    host, *each = peaks_of(graph, max(stand_ins, default=-1) + 1, pipelined=pipelined)
    return (host, *(each[card] for card in stand_ins))


def steady(runs: Sequence[Run]) -> tuple[Run, ...]:
    """`runs` with no more layers each than change a buffer."""
    after = (*(run.device for run in runs[1:]), None)
    return tuple(
        run._replace(layers=min(run.layers, _STEADY + (run.device != next_device or bool(run.matrices))))
        for run, next_device in zip(runs, after, strict=True)
    )


def without_like_cards(runs: Sequence[Run], cards: int) -> tuple[tuple[Run, ...], tuple[int, ...]]:
    """`runs` without those of cards that do what the card before does, and for each card the one that stands for it.

    Both number the cards that are left. The first card takes copies from host memory, and the last writes logits, so
    these two always stay; so do cards with runs of several kinds.
    """
    on: list[list[tuple[int, bool, bool]]] = [[] for _ in range(cards)]
    for run in runs:
        if run.device >= 0:
            on[run.device].append((run.layers, run.routed, run.experts_on == HOST))
    stand_ins: list[int] = []
    for card, kinds in enumerate(on):
        between = 2 <= card < cards - 1 and len(kinds) == 1
        if between and kinds == on[card - 1] and not kinds[0][2]:
            stand_ins.append(stand_ins[-1])
        else:
            stand_ins.append(stand_ins[-1] + 1 if stand_ins else 0)
    left, before = [], None
    for run in runs:
        if run.device >= 0:
            card = stand_ins[run.device]
            if before is not None and run.device != before and card == stand_ins[before]:
                continue
            before = run.device
            run = run._replace(device=card, experts_on=card if run.experts_on >= 0 else HOST)
        left.append(run)
    return tuple(left), tuple(stand_ins)


def runs_of(
    weights: Weights, host_layers: int, card_layers: Sequence[int], expert_layers_on_host: int
) -> tuple[Run, ...]:
    """The layers in order: `host_layers` in host memory, then those of each card used.

    The experts of the first `expert_layers_on_host` expert layers stay in host memory. Where a card is used, what is in
    host memory is copied to it for each micro-batch, so such runs know their matrices: those of their widest layer,
    which puts a card that copies whole layers off by one hidden state at most. Layers that hold other matrices than the
    one before are a run of their own.
    """
    experts_end = weights.dense_layers + expert_layers_on_host
    bounds = {0, weights.layers, min(weights.dense_layers, weights.layers), min(experts_end, weights.layers)}
    if card_layers and experts_end >= weights.layers > weights.dense_layers:
        bounds.add(weights.layers - 1)  # what it copies may be less, and it alone writes logits
    if card_layers and (host_layers or expert_layers_on_host):
        bounds |= _kinds_begin(weights)
    ends = list(accumulate(card_layers, initial=host_layers))
    cuts = sorted(bounds | set(ends))
    runs = []
    for first, end in pairwise(cuts):
        card = bisect_right(ends, first) - 1
        routed = first >= weights.dense_layers
        in_host = card < 0 or (routed and first < experts_end)
        runs.append(
            Run(
                end - first,
                routed,
                HOST if card < 0 else card,
                HOST if in_host else card,
                weights.widest_matrices_of(first, end) if in_host and card_layers else (),
            )
        )
    return tuple(runs)


@lru_cache(maxsize=64)
def _kinds_begin(weights: Weights) -> frozenset[int]:
    """The layers that hold other matrices than the one before."""
    names = [frozenset(name for name, _ in each) for each in weights.matrices]
    return frozenset(layer for layer in range(1, weights.layers) if names[layer] != names[layer - 1])
