"""What is in host memory for want of less than is known of the cards."""

from __future__ import annotations

from collections.abc import Sequence

from r1plan.plan.llamacpp.fit.candidate import QuantCandidate
from r1plan.plan.llamacpp.fit.layouts import fixed_layout
from r1plan.plan.llamacpp.fit.search import Search
from r1plan.plan.llamacpp.memory.backend import backend_of
from r1plan.plan.llamacpp.memory.exact import exactly
from r1plan.plan.llamacpp.option import Option
from r1plan.plan.reasons import NearlyOnCards


def nearly_on_cards(
    search: Search, candidates: Sequence[QuantCandidate], choice: Option | None
) -> NearlyOnCards | None:
    """That the choice would be whole on its cards if they lost a little less; None where that is not so or not open."""
    pins = search.pins
    if choice is None or not choice.fits or pins.gpu_layers is not None or pins.experts_on_cpu:
        return None
    if choice.placement.layout not in ("partial", "experts-in-ram"):
        return None
    candidate = next(each for each in candidates if each.id == choice.id)
    layers = candidate.model.shape.layers + 1
    whole = fixed_layout(search.devices, candidate.model.shape, candidate.weights, layers, False)
    where = search.evaluator.loads(candidate, whole, choice.settings)
    memory = exactly(where, candidate.model, candidate.weights, choice.context).memory_at(choice.context)
    cards = [each for each in memory if each.device.kind == "gpu"]
    lacking = sum(each.device.margin_bytes - each.spare_bytes for each in cards)
    uncertain = sum(each.device.uncertain_bytes for each in cards)
    if not 0 < lacking <= uncertain:
        return None
    backends = {backend_of(gpu) for gpu in search.machine.gpus}
    return NearlyOnCards(
        option_id=choice.id,
        lacking_bytes=lacking,
        uncertain_bytes=uncertain,
        backend=backends.pop() if len(backends) == 1 else None,
        gpu_layers=layers,
        tok_s=search.evaluator.option(candidate, where, choice.context).tok_s,
    )
