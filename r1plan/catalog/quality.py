"""How good models are: published scores, how they think, and what quantisation costs (profiles/quant-quality.yaml)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from r1plan.catalog.reading.fields import Count, NotNegative

Confidence = Literal["high", "medium-high", "medium", "low"]
Thinks = Literal["always", "switched", "never"]

_FORBID_EXTRA = {"extra": "forbid"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """A published benchmark result. `independent` is true when the maker did not measure it.

    `effort` is how hard the model was told to think, in its maker's word; None where it has no such choice. Of several
    efforts the best stands first.
    """

    __pydantic_config__: ClassVar = _FORBID_EXTRA

    benchmark: str
    score: NotNegative
    source: str
    confidence: Confidence = "high"
    independent: bool = False
    effort: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ThinkingLength:
    """The mean tokens of an answer to one question of a task, thinking included."""

    __pydantic_config__: ClassVar = _FORBID_EXTRA

    task: str
    tokens: Count
    source: str
    confidence: Confidence = "high"
    independent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ThinkingRules:
    """How a model is told to think, and how long it then does.

    `efforts` are what its template or its maker's API takes, the least first. `by_default` is what its own template
    does where nobody says; llama-server asks for thinking by itself. `lengths` are published means; none: unknown.
    """

    __pydantic_config__: ClassVar = _FORBID_EXTRA

    thinks: Thinks
    source: str
    by_default: bool = True
    efforts: tuple[str, ...] = ()
    lengths: tuple[ThinkingLength, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantLoss:
    """One measured quant. `perplexity_ratio` is over the table's reference; 1 is no loss."""

    __pydantic_config__: ClassVar = _FORBID_EXTRA

    quant: str
    bits_per_weight: float
    perplexity_ratio: float
    kl_divergence: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantTable:
    """All measured quants of one model. `experts` is true for a mixture of experts.

    `models` are the ids of those that it is for and of no others; empty: any of its kind that has no table of its own.
    """

    __pydantic_config__: ClassVar = _FORBID_EXTRA

    id: str
    name: str
    params: int
    experts: bool
    reference: str
    source: str
    note: str | None = None
    models: tuple[str, ...] = ()
    rows: tuple[QuantLoss, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantTables:
    """The whole file."""

    __pydantic_config__: ClassVar = _FORBID_EXTRA

    tables: tuple[QuantTable, ...]


def load_quant_tables() -> tuple[QuantTable, ...]:
    """The measured tables; a user's file replaces the table of the same id.

    Raises CatalogError for a wrong file.
    """
    from r1plan.catalog.cache import cached
    from r1plan.catalog.reading.files import files_of

    files = files_of("profiles", stem="quant-quality")

    def build() -> dict[str, QuantTable]:
        from r1plan.catalog.reading.validate import load_file

        return {table.id: table for file in files for table in load_file(QuantTables, file).tables}

    return tuple(cached("quant-quality", dict[str, QuantTable], files, build).values())
