"""The types of weights that the makers' checkpoints are served in, and what each costs in quality."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, get_args

from r1plan.catalog.model import Model, Quant
from r1plan.catalog.quality import QuantTable
from r1plan.plan.quality import Quality, QuantQuality, quality_of

Dtype = Literal["BF16", "FP8", "NVFP4"]
DTYPES: tuple[Dtype, ...] = get_args(Dtype)

_BITS: dict[Dtype, float] = {"BF16": 16.0, "FP8": 8.0, "NVFP4": 4.5}


def published_in(model: Model) -> tuple[Dtype, ...]:
    """The types that `model` is served in. Only the mixtures are published in NVFP4."""
    return tuple(each for each in DTYPES if each != "NVFP4" or model.shape.experts is not None)


def trained_in(model: Model) -> Dtype:
    """The type that the makers trained in and publish: FP8 for the mixture, BF16 for its distills."""
    return "FP8" if model.shape.experts is not None else "BF16"


def served_quality(model: Model, dtype: Dtype, tables: tuple[QuantTable, ...]) -> Quality:
    """As published for the type that the makers trained in, or a finer one; else with what the type loses."""
    bits = _BITS[dtype]
    quant = Quant(
        name=dtype, bits_per_weight=bits, tensor_bytes=max(round(model.params * bits / 8), 1), metadata_bytes=0
    )
    quality = quality_of(model, quant, tables)
    if bits >= _BITS[trained_in(model)]:
        points = quality.quant.points_lost
        own = QuantQuality(1.0, "exact", "the type that the scores were published for")
        return replace(quality, quant=own, index=quality.index + points)
    return quality
