"""The best layout so far."""

from __future__ import annotations

from dataclasses import dataclass, field

from r1plan.plan.llamacpp.fit.merit import NO_LAYOUT, LayoutMerit
from r1plan.plan.llamacpp.placement import DeviceLoads

_ON_CARDS_ALONE = ("gpu", "gpu-split", "unified")


@dataclass(slots=True)
class Incumbent:
    """The best layout so far, with its context and the longest one; `failed` are those that did not fit."""

    merit: LayoutMerit = NO_LAYOUT
    where: DeviceLoads | None = None
    context: int = 0
    context_max: int = 0
    failed: list[DeviceLoads] = field(default_factory=list)

    def offer(self, where: DeviceLoads, merit: LayoutMerit, context: int, context_max: int) -> None:
        """Take the layout instead, if it is better; of equal ones the one with room for a longer context."""
        if (merit, context_max) > (self.merit, self.context_max):
            self.merit, self.where, self.context, self.context_max = merit, where, context, context_max

    @property
    def on_cards_alone(self) -> bool:
        """Whether no layer is in host memory."""
        return self.where is not None and self.where.placement.layout in _ON_CARDS_ALONE

    @property
    def cards(self) -> tuple[int, ...]:
        """The cards that it uses."""
        return self.where.placement.used_gpus if self.where is not None else ()
