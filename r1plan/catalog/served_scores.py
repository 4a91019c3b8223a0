"""What is published of models that are sold and not planned for: profiles/served-scores.yaml."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import ClassVar

from r1plan.catalog.provider import model_key
from r1plan.catalog.quality import Confidence
from r1plan.catalog.reading.fields import NotNegative

_FORBID_EXTRA = {"extra": "forbid"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedScore:
    """One benchmark of a model by its `model_key`, in one `mode` of thinking; `source` is a short name of the file."""

    __pydantic_config__: ClassVar = _FORBID_EXTRA

    model: str
    benchmark: str
    score: NotNegative
    mode: str
    source: str
    confidence: Confidence


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedScores:
    """One file, or all of them together. `sources` spells out the short names that the rows use."""

    __pydantic_config__: ClassVar = _FORBID_EXTRA

    sources: dict[str, str] = field(default_factory=dict)
    scores: tuple[ServedScore, ...] = ()

    def of(self, serves: str, benchmark: str) -> ServedScore | None:
        """The score of what a seller serves; None: none is known."""
        key = model_key(serves)
        return next((each for each in self.scores if (each.model, each.benchmark) == (key, benchmark)), None)

    def source_of(self, score: ServedScore) -> str:
        """Where `score` comes from, and in which mode it was reached."""
        return f"{self.sources.get(score.source, score.source)} ({score.mode})"


def load_served_scores() -> ServedScores:
    """Our rows and the user's; a user's row of the same model and benchmark replaces. Raises CatalogError."""
    from r1plan.catalog.cache import cached
    from r1plan.catalog.reading.files import files_of

    files = files_of("profiles", stem="served-scores")

    def build() -> ServedScores:
        from r1plan.catalog.reading.validate import load_file

        return together(load_file(ServedScores, file) for file in files)

    return cached("served-scores", ServedScores, files, build)


def together(files: Iterable[ServedScores]) -> ServedScores:
    """All files as one; of rows of the same model and benchmark the last file's stays."""
    sources: dict[str, str] = {}
    scores: dict[tuple[str, str], ServedScore] = {}
    for file in files:
        sources |= file.sources
        scores |= {(each.model, each.benchmark): each for each in file.scores}
    return ServedScores(sources=sources, scores=tuple(scores.values()))
