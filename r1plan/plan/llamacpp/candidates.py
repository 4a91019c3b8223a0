"""The models and quants that llama.cpp could run."""

from __future__ import annotations

from collections.abc import Iterator

from r1plan.errors import NotFound, UsageError
from r1plan.plan.arch.table import spec_of
from r1plan.plan.llamacpp.fit.candidate import QuantCandidate
from r1plan.plan.llamacpp.option import option_id
from r1plan.plan.llamacpp.weights.layers import weights_of
from r1plan.plan.model_set import ModelSet
from r1plan.plan.pins import Pins
from r1plan.plan.quality import published_scores, quality_at


def candidates_of(models: ModelSet, pins: Pins) -> Iterator[QuantCandidate]:
    """Each with its weights and quality.

    Raises NotFound for a model or quant that is not there, UsageError for one that another engine alone runs, and
    EngineError for an architecture whose buffers are not known.
    """
    asked = models.asked(pins.model)
    found = False
    for model in asked:
        spec_of(model.architecture, model.shape)  # of a file the bytes are known, but not the buffers beside them
        scores = published_scores(model)
        for quant in model.quants:
            if pins.quant is not None and quant.name.casefold() != pins.quant.casefold():
                continue
            if quant.engine != "llama.cpp":
                if pins.one_option:
                    raise UsageError(
                        f"{option_id(model, quant)} runs in {quant.engine} only.",
                        "choose a quant of llama.cpp's own, such as UD-Q4_K_XL or Q4_K_M",
                    )
                continue
            found = True
            weights = models.from_file or weights_of(model, quant)
            quality = quality_at(scores, model, quant, models.quant_tables)
            yield QuantCandidate(model, quant, weights, models.with_own_thinking(model, quality))
    if not found:
        known = dict.fromkeys(quant.name for model in asked for quant in model.quants)
        whose = f"{asked[0].id} has {', '.join(known)}" if pins.model else f"known are {', '.join(known)}"
        raise NotFound.among("quant", pins.quant or "", known, whose)
