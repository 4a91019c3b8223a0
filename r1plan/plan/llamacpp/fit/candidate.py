"""A model at a quant that layouts are looked for, with what does not depend on the layout."""

from __future__ import annotations

from typing import NamedTuple

from r1plan.catalog.model import Model, Quant
from r1plan.models.weights import Weights
from r1plan.plan.llamacpp.option import option_id
from r1plan.plan.quality import Quality


class QuantCandidate(NamedTuple):
    """One model at one quant."""

    model: Model
    quant: Quant
    weights: Weights
    quality: Quality

    @property
    def id(self) -> str:
        """What an option of it is called."""
        return option_id(self.model, self.quant)
