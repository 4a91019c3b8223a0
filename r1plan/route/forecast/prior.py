"""What is assumed of how long a model thinks and answers. Pure."""

from __future__ import annotations

from r1plan.catalog.priors import Priors, length_prior
from r1plan.route.forecast.ground import Averages
from r1plan.route.forecast.lengths import Lengths, assumed


def prior_lengths(priors: Priors, model: str, kind: str) -> Lengths:
    """What is assumed of `model` for that kind of prompt."""
    row = length_prior(priors, model, kind)
    ground = Averages(row.basis, row.source)
    return assumed(row.thinking_tokens, row.answer_tokens, row.p90_over_p50, ground)
