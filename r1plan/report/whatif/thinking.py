"""How many times as long one model thinks as another: by the log's own requests where it has enough, else published."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from r1plan.plan.quality import known_thinking_over_r1
from r1plan.report.whatif.answers import Answers, short_key
from r1plan.route.forecast.statistics import ENOUGH_ROWS

_RATIO_STEP = Decimal("0.0001")


class ModelRatio(NamedTuple):
    """So many times as long; by `requests` of the other model and at least as many as are enough of the first.

    0 requests: by published averages.
    """

    ratio: Decimal
    requests: int = 0


class _Thought(NamedTuple):
    number: int
    tokens: float


class ThinkingRatios:
    """The ratios of models, by what `rows` of what_if_thinking.sql say.

    Two models are compared by the projects that asked both, each of which counts as often as the first answered there.
    """

    def __init__(self, rows: Iterable[Mapping[str, Any]], answers: Answers) -> None:
        found: defaultdict[str, defaultdict[str | None, list[_Thought]]] = defaultdict(lambda: defaultdict(list))
        for each in rows:
            key = short_key(answers.served((each["provider"], each["model"]), each["price_id"]))
            found[key][each["project"]].append(_Thought(each["number"], each["thought"]))
        self._thought = {
            key: {project: _whole(thoughts) for project, thoughts in by_project.items()}
            for key, by_project in found.items()
        }

    def ratio(self, served: str, instead: str) -> ModelRatio | None:
        """How many times as long `instead` thinks as `served` did; None where neither the log nor anybody says it."""
        if short_key(served) == short_key(instead):
            return ModelRatio(Decimal(1))
        if (own := self._own(short_key(served), short_key(instead))) is not None:
            return own
        here, there = known_thinking_over_r1(served), known_thinking_over_r1(instead)
        return None if here is None or there is None else ModelRatio(Decimal(there / here).quantize(_RATIO_STEP))

    def _own(self, served: str, instead: str) -> ModelRatio | None:
        here, there = self._thought.get(served, {}), self._thought.get(instead, {})
        both = sorted(here.keys() & there.keys(), key=lambda project: (project is not None, project or ""))
        numbers = [sum(thought[project].number for project in both) for thought in (here, there)]
        if min(numbers) < ENOUGH_ROWS:
            return None
        thought = sum(here[project].tokens for project in both)
        would = sum(here[project].number * there[project].tokens / there[project].number for project in both)
        return ModelRatio(Decimal(would / thought).quantize(_RATIO_STEP), numbers[1]) if thought else None


def _whole(thoughts: Iterable[_Thought]) -> _Thought:
    listed = list(thoughts)
    return _Thought(sum(each.number for each in listed), sum(each.tokens for each in listed))
