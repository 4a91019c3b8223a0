"""What the rule of the choice says of an option, in figures: why it is the choice, or is beyond the patience."""

from __future__ import annotations

from typing import Literal, NamedTuple

from r1plan.plan.workload import Objective
from r1plan.units import S_A_MINUTE

# The fields of a Merit, the most important first.
MeritField = Literal[
    "offered",
    "holds",
    "fine_cache",
    "usable",
    "within",
    "quality",
    "as_model",
    "quick",
    "little_lost",
    "pace",
]


class BeyondPatience(NamedTuple):
    """A typical answer takes longer than the patience, or more watt-hours, `wh`, than it may where there is a price.

    `score` is the model's published one, and its quant loses `per_cent_lost` of perplexity.
    """

    tok_s: float
    seconds: float
    patience_min: float
    wh: float | None = None
    most_wh: float | None = None
    score: float | None = None
    per_cent_lost: int = 0

    @property
    def too_long(self) -> bool:
        """Whether time is what it takes too much of."""
        return self.seconds > self.patience_min * S_A_MINUTE


class BetterBeyond(NamedTuple):
    """The first that fits and is of a better published quality, were the patience longer."""

    id: str
    seconds: float
    wh: float | None = None


class Chosen(NamedTuple):
    """The best published quality whose typical answer comes `within` what it may take; else the fastest there is.

    `score` is the published one, None where there is none, and its quant loses `per_cent_lost` of perplexity, which
    counts as nothing `as_model`. `quick`: an answer takes so little of the patience that the finest of its quants was
    taken, and not the fastest. An answer takes `seconds` of `patience_min`, and `wh` of `most_wh` where there is a
    price; `least_tok_s` were asked for, and the first token within `most_ttft_s`. `usable` and `holds_most` are false
    where no option has a usable quant or room for most answers. `better` is None where no option that fits is better.
    """

    objective: Objective
    score: float | None
    per_cent_lost: int
    as_model: bool
    seconds: float
    patience_min: float
    within: bool = True
    wh: float | None = None
    most_wh: float | None = None
    least_tok_s: float | None = None
    most_ttft_s: float | None = None
    usable: bool = True
    holds_most: bool = True
    quick: bool = False
    better: BetterBeyond | None = None
