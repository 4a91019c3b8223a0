"""The models and quants that llama.cpp could run."""

from __future__ import annotations

from collections.abc import Iterator

from r1plan.catalog.model import Model, Quant
from r1plan.errors import NotFound, UsageError
from r1plan.plan.arch.table import spec_of
from r1plan.plan.llamacpp.fit.candidate import QuantCandidate
from r1plan.plan.llamacpp.option import option_id
from r1plan.plan.llamacpp.weights.layers import stock_weights, weights_of
from r1plan.plan.model_set import ModelSet
from r1plan.plan.pins import Pins
from r1plan.plan.quality import published_scores, quality_at


def candidates_of(models: ModelSet, pins: Pins) -> Iterator[QuantCandidate]:
    """Each with its weights and quality; of those that cost room for nothing only the one that `pins` name.

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
            if pins.quant is None and _is_larger_for_nothing(model, quant):
                continue
            weights = models.from_file or weights_of(model, quant)
            quality = quality_at(scores, model, quant, models.quant_tables)
            yield QuantCandidate(model, quant, weights, models.with_own_thinking(model, quality))
    if not found:
        known = dict.fromkeys(quant.name for model in asked for quant in model.quants)
        whose = f"{asked[0].id} has {', '.join(known)}" if pins.model else f"known are {', '.join(known)}"
        raise NotFound.among("quant", pins.quant or "", known, whose)


def _is_larger_for_nothing(model: Model, quant: Quant) -> bool:
    """Whether `quant` takes more room than one that keeps the experts of `model` as they were trained, and loses too.

    So of DeepSeek-V4, whose experts are MXFP4 from the start: Q4_K_M re-quantises them and is larger than UD-Q4_K_XL.
    """
    keep = spec_of(model.architecture, model.shape).published
    if not keep or quant.name in keep:
        return False
    least = min(stock_weights(model.architecture, model.shape, name).total_bytes for name in keep)
    return quant.tensor_bytes > least and any(each.tensor_bytes <= least for each in model.quants)
