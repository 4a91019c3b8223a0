"""What is assumed of how long a model thinks and answers. Pure."""

from __future__ import annotations

from r1plan.catalog.priors import LengthPrior, Priors
from r1plan.route.forecast.ground import Averages
from r1plan.route.forecast.lengths import Lengths, assumed


def length_prior(priors: Priors, model: str, kind: str) -> LengthPrior:
    """The row that says most of `model` and `kind`: of both, of the model, of the kind, of anything."""
    for wanted in ((model, kind), (model, "*"), ("*", kind), ("*", "*")):
        for each in priors.lengths:
            if (each.model, each.kind) == wanted:
                return each
    return _NOTHING_KNOWN


_NOTHING_KNOWN = LengthPrior(
    model="*",
    kind="*",
    thinking_tokens=3000,
    answer_tokens=690,
    p90_over_p50=10,
    basis="assumed",
    source="nothing known",
)


def prior_lengths(priors: Priors, model: str, kind: str) -> Lengths:
    """What is assumed of `model` for that kind of prompt."""
    row = length_prior(priors, model, kind)
    ground = Averages(row.basis, row.source)
    return assumed(row.thinking_tokens, row.answer_tokens, row.p90_over_p50, ground)
