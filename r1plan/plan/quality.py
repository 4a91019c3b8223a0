"""How good a model is at a quant: its published scores, and what quantisation was measured to cost.

Quality is GPQA-Diamond as the makers publish it: the one benchmark that all of R1's family has which asks for
knowledge, and not for maths or code alone. What a quant loses is the rise of its perplexity over the unquantised
model's, from the table that is nearest: nothing is added to the score, and nothing weighed against it.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log2
from typing import NamedTuple

from r1plan.catalog.model import Model, Quant
from r1plan.catalog.provider import model_key
from r1plan.catalog.quality import QuantLoss, QuantTable
from r1plan.plan.basis import Basis

BENCHMARK = "gpqa_diamond"

# Up to this ratio of perplexities a quant counts as the model itself: Q4_K_M, what most people run, is at 1.024 (8B)
# and 1.048 (70B), the types of three bits at 1.07 and more.
COUNTS_AS_MODEL = 1.05
# Up to this one it is taken for the model where no finer quant will do, and beyond only where nothing else fits.
# R1-0528 at UD-Q2_K_XL is at 1.098, three bits of an 8B between 1.07 and 1.22, two bits of any distill above 1.35.
COARSEST = 1.10

# The mixture's table is of mixes made for it. Of the same size, a stock mix loses about twice as much: Q4_0 2.4 % and
# IQ4_XS 1.5 % where UD-Q4_K_XL loses 1.1 %.
_STOCK_OVER_DYNAMIC = 2.0

# Tokens that a model thinks, over R1's. R1-0528 averages 23,000 where R1 averages 12,000 (model card of R1-0528; its
# distill learnt from those chains). Small distills think longer than the 32B does: 4,316, 3,199 and 2,945 against 2,849
# tokens on one maths suite (one unattributed README, low confidence). V4-Flash took 20,200 tokens a question of AIME
# 2025 (sgl-project/sglang PR 25052), of which R1 takes those 12,000; V3-0324 does not think. Of the other successors no
# length was found that somebody measured.
_THINKING_OVER_R1 = {
    "DeepSeek-R1-0528": 1.9,
    "R1-0528-Qwen3-8B": 1.9,
    "R1-Distill-Qwen-1.5B": 1.5,
    "R1-Distill-Qwen-7B": 1.12,
    "R1-Distill-Llama-8B": 1.12,
    "R1-Distill-Qwen-14B": 1.03,
    "DeepSeek-V3-0324": 0.0,
    "DeepSeek-V4-Flash": 1.68,
}
# Of these nobody measured it: V4-Flash's stands in, as the nearest of their kind.
_ASSUMED_OVER_R1 = dict.fromkeys(
    (
        "DeepSeek-V4-Flash-0731",
        "DeepSeek-V4-Pro",
        "DeepSeek-V4-Pro-0813",
        "DeepSeek-V4.1-Flash",
        "DeepSeek-V4.1-Flash-1017",
    ),
    1.68,
)


class QuantQuality(NamedTuple):
    """The perplexity of a quant over the unquantised model's, with where the figure comes from."""

    perplexity_ratio: float
    basis: Basis
    source: str

    @property
    def per_cent_lost(self) -> int:
        """What it loses of the model, in whole per cent of perplexity."""
        return round(100 * (self.perplexity_ratio - 1))

    @property
    def counts_as_model(self) -> bool:
        """Whether what it loses counts as nothing."""
        return self.perplexity_ratio <= COUNTS_AS_MODEL

    @property
    def usable(self) -> bool:
        """Whether it is offered where anything else fits."""
        return self.perplexity_ratio <= COARSEST


class PublishedScore(NamedTuple):
    """One benchmark of the unquantised model; `effort` is how hard it was told to think, where that can be said."""

    benchmark: str
    score: float
    source: str
    effort: str | None = None


@dataclass(frozen=True, slots=True)
class Quality:
    """What is known of a model at a quant.

    `index` is its score of BENCHMARK, as published; of quants that are not usable it is divided by their ratio of
    perplexities, so that they stand behind. It is 0 without that score.
    """

    scores: tuple[PublishedScore, ...]
    quant: QuantQuality
    index: float
    thinking_over_r1: float


def quality_of(model: Model, quant: Quant, tables: tuple[QuantTable, ...]) -> Quality:
    """The quality of `model` at `quant`."""
    return quality_at(published_scores(model), model, quant, tables)


def published_scores(model: Model) -> tuple[PublishedScore, ...]:
    """One score a benchmark. The maker's own go before others', and of several efforts the first in the catalogue."""
    scores: dict[str, PublishedScore] = {}
    for score in sorted(model.scores, key=lambda each: each.independent):
        scores.setdefault(score.benchmark, PublishedScore(score.benchmark, score.score, score.source, score.effort))
    return tuple(scores.values())


def quality_at(
    scores: tuple[PublishedScore, ...], model: Model, quant: Quant, tables: tuple[QuantTable, ...]
) -> Quality:
    """The quality of `model`, of which `scores` are published, at `quant`."""
    loss = quant_quality(model, quant, tables)
    longer = _ASSUMED_OVER_R1.get(model.id) or thinking_over_r1(model.id)
    return Quality(scores, loss, index_of(scores, loss), longer)


def published_score(scores: tuple[PublishedScore, ...]) -> float | None:
    """That of BENCHMARK; None where there is none."""
    return next((each.score for each in scores if each.benchmark == BENCHMARK), None)


def index_of(scores: tuple[PublishedScore, ...], loss: QuantQuality) -> float:
    """The published score; of a quant that is not usable, divided by its ratio of perplexities."""
    published = published_score(scores) or 0.0
    return published if loss.usable else published / loss.perplexity_ratio


def thinking_over_r1(model_id: str) -> float:
    """How many times as many tokens that model thinks as R1; 1 where nothing is known of it."""
    return _THINKING_OVER_R1.get(model_id, 1.0)


def known_thinking_over_r1(model: str) -> float | None:
    """The same of a model by its id or what a seller calls it, whatever its case; None where nobody measured it."""
    key = model_key(model)
    if key == "deepseek-r1":
        return 1.0
    return next((ratio for id_, ratio in _THINKING_OVER_R1.items() if model_key(id_) in (key, _distill_key(key))), None)


def _distill_key(key: str) -> str:
    """The catalogue's name of what sellers call "deepseek-r1-distill-…" or "deepseek-r1-0528-qwen3-8b"."""
    return key.removeprefix("deepseek-") if key.startswith(("deepseek-r1-distill", "deepseek-r1-0528-qwen")) else key


def quant_quality(model: Model, quant: Quant, tables: tuple[QuantTable, ...]) -> QuantQuality:
    """The loss of `quant` from the table nearest to `model` in kind and size.

    Measured when the table is of this very model, else assumed to carry over; a quant that the table lacks is
    interpolated over bits a weight.
    """
    mixture = model.shape.experts is not None
    open_to_all = [table for table in tables if not table.models]
    alike = [table for table in tables if model.id in table.models]
    alike = alike or [table for table in open_to_all if table.experts == mixture] or open_to_all
    if not alike:
        return QuantQuality(1.0, "assumed", "no table of quantisation losses")
    table = min(alike, key=lambda each: abs(log2(each.params / model.params)))
    for row in table.rows:
        if row.quant == quant.name:
            basis: Basis = "measured" if table.name == model.id else "assumed"
            return QuantQuality(row.perplexity_ratio, basis, f"{table.name}: {table.source}")
    # A mix that is no stock type was made to lose the least for its bits: it is held against the best types alone.
    rows = table.rows if quant.stock else _undominated(table.rows)
    ratio = _between(rows, quant.bits_per_weight)
    if mixture and quant.stock:
        ratio = 1 + _STOCK_OVER_DYNAMIC * (ratio - 1)
    # A type that another size was measured at is no better here: Q4_1 loses more than its bits say.
    ratio = max([ratio, *(row.perplexity_ratio for other in alike for row in other.rows if row.quant == quant.name)])
    return QuantQuality(ratio, "assumed", f"{table.name}, between its quants: {table.source}")


def _undominated(rows: tuple[QuantLoss, ...]) -> tuple[QuantLoss, ...]:
    """The rows of which no other has fewer bits and loses less."""
    return tuple(
        row
        for row in rows
        if not any(
            other.bits_per_weight <= row.bits_per_weight and other.perplexity_ratio < row.perplexity_ratio
            for other in rows
        )
    )


def _between(rows: tuple[QuantLoss, ...], bits: float) -> float:
    """The ratio at `bits` a weight, linear between the two rows around it; the outermost row's beyond them."""
    ordered = sorted(rows, key=lambda row: row.bits_per_weight)
    below = [row for row in ordered if row.bits_per_weight <= bits]
    above = [row for row in ordered if row.bits_per_weight > bits]
    if not below:
        return above[0].perplexity_ratio
    if not above:
        return below[-1].perplexity_ratio
    low, high = below[-1], above[0]
    share = (bits - low.bits_per_weight) / (high.bits_per_weight - low.bits_per_weight)
    return low.perplexity_ratio + share * (high.perplexity_ratio - low.perplexity_ratio)
