"""Options with what the engine really reserves, which the search only knows from above."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from r1plan.plan.llamacpp.fit.candidate import QuantCandidate
from r1plan.plan.llamacpp.fit.context import CONTEXT_SHOWN
from r1plan.plan.llamacpp.fit.evaluator import Evaluator
from r1plan.plan.llamacpp.fit.nearly import whole_instead
from r1plan.plan.llamacpp.fit.search import Search
from r1plan.plan.llamacpp.fit.shortfall import needs_memory, shortfall_of
from r1plan.plan.llamacpp.memory.buffers import CONTEXT_STEP
from r1plan.plan.llamacpp.memory.devices import without_gpus
from r1plan.plan.llamacpp.memory.exact import exactly, longest
from r1plan.plan.llamacpp.memory.parts import DeviceMemory
from r1plan.plan.llamacpp.option import Option
from r1plan.plan.llamacpp.rank import ranked
from r1plan.plan.plan import Rejection
from r1plan.plan.reasons import NeedsMemory
from r1plan.plan.workload import Workload

_MOST_TRIES = 4


class Settled:
    """Settles options, each once. `rejected` are those that then do not fit after all."""

    def __init__(self, search: Search, candidates: Iterable[QuantCandidate]) -> None:
        self._search = search
        self._candidates = {each.id: each for each in candidates}
        self._known: dict[str, Option] = {}
        self.rejected: list[Rejection] = []

    def of(self, option: Option) -> Option:
        """`option`, settled and if need be laid out otherwise; it keeps why it stands where it does."""
        if option.id not in self._known:
            self._known[option.id] = fitted(self._search, self._candidates[option.id], option)
        return replace(self._known[option.id], why=option.why)

    def first_that_fits(self, best_first: Sequence[Option], workload: Workload) -> list[Option]:
        """`best_first` from its first option on that fits once it is settled.

        One that is then laid out otherwise is ranked again.
        """
        left = list(best_first)
        while left:
            if not self.fits(left[0]):
                left.pop(0)
                continue
            there = self.of(left[0])
            if there.placement == left[0].placement and there.merit.holds == left[0].merit.holds:
                break
            in_memory = [option for option in (there, *left[1:]) if not option.disk_bytes]
            left = [*ranked(in_memory, workload), *(option for option in left if option.disk_bytes)]
        return left

    def fits(self, option: Option) -> bool:
        """Whether it does; if not, it is rejected."""
        there = self.of(option)
        if not there.fits:
            self.rejected.append(Rejection(option.id, lack_of(there)))
        return there.fits


def settled_there(search: Search, candidate: QuantCandidate, option: Option) -> Option:
    """`option` with the buffers that the engine reserves at its own context, which is asked of no other context.

    `context_max` stays what the search knows from above. One that does not fit so is laid out by `fitted`.
    """
    where = search.evaluator.loads(candidate, option.placement, option.settings)
    there = exactly(where, candidate.model, candidate.weights, option.context)
    memory = there.at_context(option.context).memory_at(option.context)
    quick = replace(option, memory=memory)
    return quick if quick.fits else fitted(search, candidate, option)


def lack_of(option: Option, searched: NeedsMemory | None = None) -> NeedsMemory:
    """What a settled option that does not fit is short of; the figures of `searched` for another layout are kept."""
    lacking = needs_memory([option.memory])
    if searched is None or len(searched.shortfalls) == 1:
        return lacking
    return searched._replace(shortfalls=(shortfall_of(option.memory), *searched.shortfalls[1:]))


def fitted(search: Search, candidate: QuantCandidate, option: Option) -> Option:
    """`option`, settled; where it then does not fit or holds fewer answers, the best layout that is found instead.

    The search's lines stay above what the engine takes on cards alone, so that what is whole there may fit where they
    say no. With layers in host memory the engine's allocator sometimes takes some hundred MiB more, at some contexts
    and not at longer ones.
    """
    best = there = first = settled(search.evaluator, candidate, option)
    taken: dict[str, int] = {}
    for _ in range(_MOST_TRIES):
        if (there.fits and there.merit.holds >= option.merit.holds) or first.disk_bytes:
            break
        thought, real = option.memory, there.memory
        if there.fits:
            thought, real = _with_what_it_should_hold(search.evaluator, candidate, option)
        searched = {each.device.name: each for each in thought}
        for each in real:
            name = each.device.name
            if name in searched:
                more = each.buffers_bytes - searched[name].buffers_bytes
                lacks = taken.get(name, 0) + each.device.margin_bytes - each.spare_bytes
                taken[name] = max(more, lacks, taken.get(name, 0))
        found = search.with_less_room(taken).of(candidate)
        if not isinstance(found, Option):
            break
        option, there = found, settled(search.evaluator, candidate, found)
        if (there.fits, there.merit) > (best.fits, best.merit):
            best = there
    if not best.fits:
        return first
    for where in whole_instead(search, candidate, best):
        whole = settled(search.evaluator, candidate, search.evaluator.option(candidate, where, best.context))
        if whole.fits and whole.context >= best.context and whole.merit > best.merit:
            return whole
    return best


def _with_what_it_should_hold(
    evaluator: Evaluator, candidate: QuantCandidate, option: Option
) -> tuple[tuple[DeviceMemory, ...], tuple[DeviceMemory, ...]]:
    """What every device holds by the search's lines, and really, with the context that holds most answers."""
    context = min(option.context, option.wanted_context)
    where = evaluator.loads(candidate, option.placement, option.settings)
    real = exactly(where, candidate.model, candidate.weights, context)
    return where.memory_at(context), real.memory_at(context)


def settled(evaluator: Evaluator, candidate: QuantCandidate, option: Option) -> Option:
    """`option` with the buffers that the engine reserves.

    An asked context stays, fitting or not, and `context_max` is what would fit; another is made shorter where it has to
    be.
    """
    model, weights, devices = candidate.model, candidate.weights, evaluator.devices
    if devices.unified and option.placement.layout == "cpu":
        devices = without_gpus(evaluator.machine)
    where = evaluator.loads(candidate, option.placement, option.settings, devices)
    least = evaluator.contexts(candidate).least
    pinned = evaluator.pins.context is not None
    most = longest(where, model, weights, CONTEXT_STEP if pinned else min(least, option.context))
    context = option.context
    if not pinned and most is not None:
        context = min(context, max(most // CONTEXT_SHOWN * CONTEXT_SHOWN, least))
    there = exactly(where, model, weights, context)
    at_most = there if most is None else exactly(where, model, weights, most)
    settled_option = replace(
        option,
        context=context,
        context_max=most or 0,
        merit=option.merit._replace(holds=min(context / option.wanted_context, 1.0)),
        full_at=at_most.full_at(),
        memory=there.at_context(context).memory_at(context),
    )
    if settled_option.fits and context > settled_option.context_max:
        return replace(settled_option, context_max=context)  # buffers shrank again beyond what was found to be the most
    return settled_option
