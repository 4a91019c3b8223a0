"""What is in host memory for want of little: the layouts whole on cards that the search gave up by its lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from r1plan.plan.llamacpp.fit.candidate import QuantCandidate
from r1plan.plan.llamacpp.fit.layouts import fixed_layout
from r1plan.plan.llamacpp.fit.search import Search
from r1plan.plan.llamacpp.memory.backend import backend_of
from r1plan.plan.llamacpp.memory.exact import exactly
from r1plan.plan.llamacpp.memory.parts import DeviceMemory
from r1plan.plan.llamacpp.option import Option
from r1plan.plan.llamacpp.placement import DeviceLoads
from r1plan.plan.llamacpp.settings import SMALLER_UBATCHES
from r1plan.plan.reasons import NearlyOnCards


def whole_instead(search: Search, candidate: QuantCandidate, option: Option) -> Iterator[DeviceLoads]:
    """All of a mixed `option` on its cards, in layers by their free memory, with ever smaller micro-batches.

    None where the person set how much is there.
    """
    pins = search.pins
    mixed = option.placement.layout in ("partial", "experts-in-ram") and not option.disk_bytes
    if not mixed or pins.gpu_layers is not None or pins.experts_on_cpu:
        return
    shape = candidate.model.shape
    whole = fixed_layout(search.devices, shape, candidate.weights, shape.layers + 1, False)._replace(mapped=pins.mapped)
    smaller = [each for each in SMALLER_UBATCHES if each < option.settings.n_ubatch] if pins.n_ubatch is None else []
    for n_ubatch in (option.settings.n_ubatch, *smaller):
        yield search.evaluator.loads(candidate, whole, replace(option.settings, n_ubatch=n_ubatch))


def nearly_on_cards(
    search: Search, candidates: Sequence[QuantCandidate], choice: Option | None
) -> NearlyOnCards | None:
    """That the choice would be whole on its cards if they lost a little less; None where that is not so or not open."""
    if choice is None or not choice.fits:
        return None
    candidate = next(each for each in candidates if each.id == choice.id)
    tried = []
    for where in whole_instead(search, candidate, choice):
        memory = exactly(where, candidate.model, candidate.weights, choice.context).memory_at(choice.context)
        tried.append((_lacking_bytes(memory), where))
    if not tried:
        return None
    lacking, where = min(tried, key=lambda each: each[0])
    uncertain = sum(load.device.uncertain_bytes for load in where.loads)
    if not 0 < lacking <= uncertain:
        return None
    backends = {backend_of(gpu) for gpu in search.machine.gpus}
    return NearlyOnCards(
        option_id=choice.id,
        lacking_bytes=lacking,
        uncertain_bytes=uncertain,
        backend=backends.pop() if len(backends) == 1 else None,
        gpu_layers=where.placement.gpu_layers,
        n_ubatch=where.settings.n_ubatch,
        tok_s=search.evaluator.option(candidate, where, choice.context).tok_s,
    )


def _lacking_bytes(memory: tuple[DeviceMemory, ...]) -> int:
    return sum(each.device.margin_bytes - each.spare_bytes for each in memory if each.device.kind == "gpu")
