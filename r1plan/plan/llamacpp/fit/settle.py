"""Options with what the engine really reserves, which the search only knows from above."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from r1plan.plan.llamacpp.fit.candidate import QuantCandidate
from r1plan.plan.llamacpp.fit.context import CONTEXT_SHOWN
from r1plan.plan.llamacpp.fit.evaluator import Evaluator
from r1plan.plan.llamacpp.fit.shortfall import needs_memory
from r1plan.plan.llamacpp.memory.devices import without_gpus
from r1plan.plan.llamacpp.memory.exact import exactly, longest
from r1plan.plan.llamacpp.option import Option
from r1plan.plan.plan import Rejection


class Settled:
    """Settles options, each once. `rejected` are those that then do not fit after all."""

    def __init__(self, evaluator: Evaluator, candidates: Iterable[QuantCandidate]) -> None:
        self._evaluator = evaluator
        self._candidates = {each.id: each for each in candidates}
        self._known: dict[str, Option] = {}
        self.rejected: list[Rejection] = []

    def of(self, option: Option) -> Option:
        """`option`, settled; it keeps why it stands where it does."""
        if option.id not in self._known:
            self._known[option.id] = settled(self._evaluator, self._candidates[option.id], option)
        return replace(self._known[option.id], why=option.why)

    def fits(self, option: Option) -> bool:
        """Whether it does; if not, it is rejected."""
        there = self.of(option)
        if not there.fits:
            self.rejected.append(Rejection(option.id, needs_memory([there.memory])))
        return there.fits


def settled(evaluator: Evaluator, candidate: QuantCandidate, option: Option) -> Option:
    """`option` with the buffers that the engine reserves.

    An asked context stays, fitting or not; another is made shorter where it has to be.
    """
    model, weights, devices = candidate.model, candidate.weights, evaluator.devices
    if devices.unified and option.placement.layout == "cpu":
        devices = without_gpus(evaluator.machine)
    where = evaluator.loads(candidate, option.placement, option.settings, devices)
    least = evaluator.least_context(where)
    most = longest(where, model, weights, min(least, option.context))
    context = option.context
    if evaluator.pins.context is None and most is not None:
        context = min(context, max(most // CONTEXT_SHOWN * CONTEXT_SHOWN, least))
    there = exactly(where, model, weights, context)
    at_most = there if most is None else exactly(where, model, weights, most)
    return replace(
        option,
        context=context,
        context_max=most or 0,
        full_at=at_most.full_at(),
        memory=there.at_context(context).memory_at(context),
    )
