"""Tokens a second, with the range they are expected in: predictions are of today's engines."""

from __future__ import annotations

from typing import Literal, NamedTuple

from r1plan.plan.basis import Basis

Bottleneck = Literal[
    "gpu bandwidth",
    "gpu arithmetic",
    "gpu layers' fixed cost",
    "host bandwidth",
    "host layers' fixed cost",
    "processor cores",
    "reading the cache",
    "disk",
    "link between cards",
    "server's own work",
]


class Range(NamedTuple):
    """A figure with the interval it is expected in."""

    low: float
    mid: float
    high: float


class DecodeSpeed(NamedTuple):
    """Tokens a second generated with `depth` tokens already in the cache."""

    depth: int
    tok_s: Range


class PrefillSpeed(NamedTuple):
    """Tokens a second of a prompt that are read with `depth` tokens already in the cache."""

    depth: int
    tok_s: Range


class SpeedTerm(NamedTuple):
    """One addend of the time a token takes."""

    what: Bottleneck
    seconds: float


class Speed(NamedTuple):
    """Prediction for one request at a time. `terms` are those of the first depth, longest first.

    `prefill_tok_s` is that of a prompt with nothing before it, `prefill` that at each depth of `decode`, as far as it
    is known.
    """

    prefill_tok_s: Range | None
    decode: tuple[DecodeSpeed, ...]
    bottleneck: Bottleneck
    basis: Basis
    terms: tuple[SpeedTerm, ...]
    source: str
    prefill: tuple[PrefillSpeed, ...] = ()

    def at(self, depth: int) -> Range:
        """The decode speed at the predicted depth nearest to `depth`."""
        return min(self.decode, key=lambda each: abs(each.depth - depth)).tok_s

    def prefill_at(self, depth: int) -> Range | None:
        """The speed of a prompt at the predicted depth nearest to `depth`; at none where only that of depth 0 is."""
        nearest = min(self.prefill, key=lambda each: abs(each.depth - depth), default=None)
        return self.prefill_tok_s if nearest is None else nearest.tok_s
