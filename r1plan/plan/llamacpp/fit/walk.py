"""The walk over the layouts of one model under one setting of the engine, which leaves out what cannot be best."""

from __future__ import annotations

from r1plan.plan.llamacpp.fit.candidate import QuantCandidate
from r1plan.plan.llamacpp.fit.context import context_within
from r1plan.plan.llamacpp.fit.enumerator import Descent, LayoutEnumerator
from r1plan.plan.llamacpp.fit.evaluator import Evaluator
from r1plan.plan.llamacpp.fit.incumbent import Incumbent
from r1plan.plan.llamacpp.fit.merit import LayoutMerit
from r1plan.plan.llamacpp.placement import Placement
from r1plan.plan.llamacpp.settings import EngineSettings


class LayoutWalk:
    """Considers layouts, and keeps the best of them in `best`, which other walks may have filled before."""

    def __init__(
        self,
        evaluator: Evaluator,
        groups: tuple[tuple[int, ...], ...],
        candidate: QuantCandidate,
        settings: EngineSettings,
        best: Incumbent,
    ) -> None:
        self._evaluator, self._candidate, self._best = evaluator, candidate, best
        self._devices, pins = evaluator.devices, evaluator.pins
        self._pinned = pins.gpu_layers is not None or (pins.experts_on_cpu and bool(self._devices.gpus))
        self._contexts = evaluator.contexts(candidate)
        self._loading = evaluator.loading(candidate, settings)
        self._layouts = LayoutEnumerator(self._devices, groups, pins, candidate, self._contexts, self._loading.lines)

    def run(self, *, mixed: bool) -> None:
        """Consider every kind of layout; without `mixed`, only those on cards alone."""
        if not (mixed or self._pinned or self._devices.gpus):
            return
        if self._pinned:
            self._as_pinned()
        elif self._devices.unified:
            self._consider(self._layouts.unified())
        else:
            if self._devices.gpus:
                self._with_cards(mixed)
            if mixed and not self._best.on_cards_alone:
                self._consider(self._layouts.cpu())

    def _as_pinned(self) -> None:
        plain = self._layouts.as_pinned()
        if plain.layout not in ("cpu", "unified") and any(plain.layers_on_gpu):
            fits = [self._consider(placement) for placement in self._layouts.pinned_shares(plain)]
            if any(fit is not None for fit in fits):
                return
            for placement in self._layouts.pinned_with_more_experts_left(plain):
                if self._consider(placement) is not None:
                    break
        self._consider(plain)

    def _with_cards(self, mixed: bool) -> None:
        best, before = self._best, self._best.where
        for placement in self._layouts.on_cards():
            self._consider(placement)
        better = best.where is not before
        if not better and not best.failed:
            self._consider(self._layouts.usual())  # so that there is something to say of what is lacking
        if mixed and not (better and best.context >= self._contexts.goal):
            for descent in self._layouts.descents():
                self._descend(descent)
            if best.where is None:
                for placement in self._layouts.in_little_ram():
                    self._consider(placement)

    def _descend(self, descent: Descent) -> None:
        """Consider the layouts of `descent` from `enough` layers in host memory down.

        Fewer layers there are faster and leave less room for context, which counts first: so it ends with the first
        that holds most answers, and else where a context is shorter than one before.
        """
        if self._consider(descent.placement(descent.fewest)) is None:
            return
        most = -1.0
        for number in range(descent.enough, descent.fewest, -1):
            merit = self._consider(descent.placement(number))
            if merit is None:
                continue
            if merit.holds >= 1 or merit.holds < most:
                return
            most = merit.holds

    def _consider(self, placement: Placement | None) -> LayoutMerit | None:
        """How a layout stands, which may then be the best so far; None when it does not fit or there is none."""
        if placement is None:
            return None
        where = self._loading.of(placement)
        context_max = where.context_max
        context = context_within(self._contexts, context_max)
        if context > context_max:
            self._best.failed.append(where)
            return None
        merit = self._evaluator.merit(self._candidate, where, context)
        self._best.offer(where, merit, context, context_max)
        return merit
