"""The ways to do one month's work that nothing beats: better, faster or cheaper than each other one. Pure.

One way beats another that is in nothing better: neither in the published quality, nor in the time of a typical answer,
nor in the dollars of the month. No figure is weighed against another, so each that is left is the best for somebody.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Literal, NamedTuple

from r1plan.plan.basis import Basis

WayKind = Literal["electricity", "rented", "bought", "api"]
"""How the month is paid: what an owned machine draws, rented or bought cards, or by the token."""


class WayQuality(NamedTuple):
    """How good the answers are: `value`, by which options are chosen, and the `published` score that it comes from.

    They differ where the weights are coarse: `perplexity_ratio` is theirs over the unquantised ones', 1 for those;
    `loss_basis` says whether that was measured with this model or with the one nearest to it.
    """

    value: float
    published: float
    perplexity_ratio: float
    loss_basis: Basis
    source: str


class Way(NamedTuple):
    """One way to do the work: `id` is an option on the `cards` of each machine, or what `seller` calls the model.

    `cards` are named as the machine has them; none: its processor alone, or an API, where `machines` is 0, else as many
    as the work needs. `seconds` are those of a typical answer with nothing else to do; `usd_per_month` is for all of
    the machines.
    """

    id: str
    kind: WayKind
    model: str
    seller: str | None
    cards: tuple[str, ...]
    quality: WayQuality
    seconds: float
    usd_per_month: Decimal
    machines: int
    basis: Basis

    def beats(self, other: Way) -> bool:
        """Whether it is in nothing worse than `other`, and in something better."""
        return self.at_least(other) and not other.at_least(self)

    def at_least(self, other: Way) -> bool:
        """Whether it is in nothing worse than `other`."""
        return (
            self.quality.value >= other.quality.value
            and self.seconds <= other.seconds
            and self.usd_per_month <= other.usd_per_month
        )


class Beaten(NamedTuple):
    """A way that another, on the frontier, beats or equals."""

    way: Way
    by: Way


class Frontier(NamedTuple):
    """The ways that nothing beats, the best first, and all others, each with one that beats it."""

    ways: tuple[Way, ...]
    beaten: tuple[Beaten, ...]

    def shown(self, most: int, own: Way | None = None) -> tuple[Way, ...]:
        """At most `most` of the ways, from the best: the best, `own`, the cheapest and the fastest, then the next best.

        `own` is one that is to be among them, if there is one.
        """
        if len(self.ways) <= most:
            return self.ways
        first = [
            self.ways[0],
            *(way for way in self.ways if way == own),
            min(self.ways, key=lambda way: (way.usd_per_month, way.seconds)),
            min(self.ways, key=lambda way: (way.seconds, way.usd_per_month)),
        ]
        kept = [*dict.fromkeys(first), *(way for way in self.ways if way not in first)][:most]
        return tuple(way for way in self.ways if way in kept)


def frontier(ways: Iterable[Way]) -> Frontier:
    """`ways` sorted into those that nothing beats and those that one of them does; of equal ones the first is kept."""
    there = list(ways)
    kept = [
        way
        for place, way in enumerate(there)
        if not any(other.beats(way) for other in there) and not any(_same(each, way) for each in there[:place])
    ]
    kept.sort(key=lambda way: (-way.quality.value, way.usd_per_month, way.seconds))
    beaten = [Beaten(way, _better(kept, way)) for way in there if way not in kept]
    return Frontier(tuple(kept), tuple(beaten))


def _same(one: Way, other: Way) -> bool:
    return one.at_least(other) and other.at_least(one)


def _better(kept: Sequence[Way], way: Way) -> Way:
    """The best of `kept` that beats `way` or equals it: there is one, as whatever beats what beats it beats it too."""
    return next(each for each in kept if each.beats(way) or _same(each, way))
