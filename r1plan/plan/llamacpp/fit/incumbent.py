"""A model at a quant that layouts are looked for, and what was found of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from r1plan.catalog.model import Model, Quant
from r1plan.models.weights import Weights
from r1plan.plan.llamacpp.memory.parts import DeviceMemory
from r1plan.plan.llamacpp.option import Option
from r1plan.plan.llamacpp.placement import DeviceLoads
from r1plan.plan.quality import Quality

_FULL = ("gpu", "gpu-split", "unified")


@dataclass(frozen=True, slots=True)
class QuantCandidate:
    """A model at a quant, with what does not depend on the layout."""

    model: Model
    quant: Quant
    weights: Weights
    quality: Quality


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The best option that fits in memory, and the best that reads experts from disk where none does.

    `failed` are layouts that do not fit, at the least context that is any use, the most natural one first; `asked` is
    the one that the reason speaks of, as an option, when exactly this model and quant were asked for.
    """

    best: Option | None
    from_disk: Option | None
    asked: Option | None
    failed: tuple[tuple[DeviceMemory, ...], ...]


@dataclass(slots=True)
class Incumbent:
    """The best layout so far, with its context and the longest one; `failed` are those that did not fit."""

    score: float = float("-inf")
    where: DeviceLoads | None = None
    context: int = 0
    most: int = 0
    failed: list[DeviceLoads] = field(default_factory=list)

    @property
    def on_cards_alone(self) -> bool:
        """Whether no layer is in host memory."""
        return self.where is not None and self.where.placement.layout in _FULL

    @property
    def cards(self) -> tuple[int, ...]:
        """The cards that it uses."""
        return self.where.placement.used_gpus if self.where is not None else ()
