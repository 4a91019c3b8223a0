"""How long an answer will be: order statistics of earlier ones, those cut short counted as censored. Pure.

Sources: Kaplan and Meier, "Nonparametric Estimation from Incomplete Observations", JASA 53 (1958); Vovk, Gammerman and
Shafer, "Algorithmic Learning in a Random World" (2005), for the one-sided bound: of n earlier values and the next one,
each is as likely to be the largest, so the ceil((n + 1) * 0.9)-th smallest is exceeded one time in ten at most.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import exp, log
from operator import attrgetter
from statistics import NormalDist
from typing import Literal, NamedTuple

from r1plan.route.forecast.ground import Averages, LengthBasis, LengthGround

P90 = 0.9
_SLACK = 1e-9  # sums of weights that should be 0.9 may come out below it
_PRIOR_ATOMS = 20
_Z90 = NormalDist().inv_cdf(P90)
_Z = tuple(NormalDist().inv_cdf((number + 0.5) / _PRIOR_ATOMS) for number in range(_PRIOR_ATOMS))
# How many requests of one's own what is assumed is worth.
PRIOR_WORTH = 10


# Sample and Atom are tuples because a decision makes thousands of them.
class Sample(NamedTuple):
    """One earlier output in tokens. `is_cut` true: it would have been longer, nobody knows by how much."""

    thinking: float
    answer: float
    is_cut: bool = False

    @property
    def total(self) -> float:
        """All of the output."""
        return self.thinking + self.answer


class Atom(NamedTuple):
    """One length that the output may have, and how likely it is.

    `chance` is for the mean. `bounding` is the chance with which it counts towards p50 and p90: a little less, as one
    more value than was seen is drawn, which may be longer than all of them.
    """

    thinking: float
    answer: float
    chance: float
    bounding: float

    @property
    def total(self) -> float:
        """All of the output."""
        return self.thinking + self.answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Lengths:
    """The lengths that an output may have, the shortest first; their chances add up to 1.

    `beyond` is the chance that p50 and p90 give to an output as long as it may be at all. `rows` is how many earlier
    requests it rests on, `ground` which those are, or whose averages stand for them.
    """

    atoms: tuple[Atom, ...]
    beyond: float
    rows: int
    ground: LengthGround

    @property
    def basis(self) -> LengthBasis:
        """What kind of ground that is."""
        return self.ground.basis

    @property
    def thinking(self) -> float:
        """Tokens of thinking on average."""
        return sum(each.chance * each.thinking for each in self.atoms)

    @property
    def answer(self) -> float:
        """Tokens of answer on average."""
        return sum(each.chance * each.answer for each in self.atoms)

    def quantile(self, level: float, part: Literal["total", "thinking", "answer"] = "total") -> float | None:
        """What that share of outputs does not exceed; None: nothing seen is long enough to say."""
        atoms = self.atoms
        if part != "total":
            atoms = tuple(sorted(atoms, key=attrgetter(part)))
        below = 0.0
        for each in atoms:
            below += each.bounding
            if below >= level - _SLACK:
                return float(getattr(each, part))
        return None

    def capped(self, most: int | None) -> Lengths:
        """The same, but that no output is longer than `most` tokens: the thinking comes first."""
        if most is None or all(each.total <= most for each in self.atoms[-1:]):
            return self
        atoms = tuple(
            each
            if each.total <= most
            else Atom(min(each.thinking, most), most - min(each.thinking, most), each.chance, each.bounding)
            for each in self.atoms
        )
        return replace(self, atoms=atoms)


def from_samples(samples: Sequence[Sample], ground: LengthGround) -> Lengths:
    """The lengths that `samples`, at least one, make likely.

    What a cut sample had left goes to the longer ones. Where the longest was cut there is nobody to take it: the mean
    then counts it with twice that length, and the bounds with the longest that may be.
    """
    ordered = sorted(samples, key=lambda each: (each.total, each.is_cut))
    rows = len(ordered)
    seen = rows / (rows + 1)
    atoms: list[Atom] = []
    left = 1.0
    for number, each in enumerate(ordered):
        if not each.is_cut:
            # The chance left is shared by all that are at least as long.
            chance = left / (rows - number)
            left -= chance
            atoms.append(Atom(each.thinking, each.answer, chance, chance * seen))
    if left > _SLACK:
        longest = ordered[-1]
        atoms.append(Atom(2 * longest.thinking, 2 * longest.answer, left, 0.0))
    else:
        left = 0.0
    return Lengths(atoms=tuple(atoms), beyond=left * seen + 1 - seen, rows=rows, ground=ground)


def assumed(thinking: float, answer: float, p90_over_p50: float, ground: Averages) -> Lengths:
    """Lengths around published or assumed averages, as wide as `p90_over_p50` says: log-normal, in equal parts.

    Thinking and answer are long together.
    """
    spread = log(max(p90_over_p50, 1.0)) / _Z90
    shapes = [exp(spread * z) for z in _Z]
    mean = sum(shapes) / len(shapes)
    chance = 1 / len(shapes)
    atoms = tuple(Atom(thinking * shape / mean, answer * shape / mean, chance, chance) for shape in shapes)
    return Lengths(atoms=atoms, beyond=0.0, rows=0, ground=ground)


def blended(own: Sequence[Sample], prior: Lengths) -> Lengths:
    """`prior` with the few requests of one's own that there are; of the bounds the wider counts.

    A few rows bound nothing by themselves, so their chances count in full here.
    """
    if not own:
        return prior
    rows = from_samples(own, prior.ground)
    share = len(own) / (len(own) + PRIOR_WORTH)
    mixed: Iterable[Atom] = (
        *(Atom(each.thinking, each.answer, each.chance * share, each.chance * share) for each in rows.atoms),
        *(
            Atom(each.thinking, each.answer, each.chance * (1 - share), each.bounding * (1 - share))
            for each in prior.atoms
        ),
    )
    atoms = tuple(sorted(mixed, key=lambda each: each.total))
    return Lengths(atoms=atoms, beyond=0.0, rows=len(own), ground=prior.ground)
