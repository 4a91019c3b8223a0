"""What is published of the models that sellers serve."""

from __future__ import annotations

from r1plan.catalog.load import load_models
from r1plan.catalog.provider import model_key
from r1plan.catalog.served_scores import load_served_scores
from r1plan.plan.outlook.frontier import WayQuality
from r1plan.plan.quality import BENCHMARK, published_scores


def sold_quality(serves: str) -> WayQuality | None:
    """The published score of what a seller serves, as its maker serves it; None: none is known.

    Of a successor an API has an effort by itself, which need not be its best: what is written of that comes first.
    """
    scores = load_served_scores()
    if (score := scores.of(serves, BENCHMARK)) is not None:
        return WayQuality(score.score, score.score, 1.0, "exact", scores.source_of(score))
    for model in load_models().values():
        if model_key(model.id) == model_key(serves):
            found = next((each for each in published_scores(model) if each.benchmark == BENCHMARK), None)
            return None if found is None else WayQuality(found.score, found.score, 1.0, "exact", found.source)
    return None
