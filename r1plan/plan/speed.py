"""Tokens a second, with the range they are expected in: predictions are of today's llama.cpp builds.

The time of a token is plan/llamacpp/speed/decode_time.py's.
"""

from __future__ import annotations

from dataclasses import dataclass

from r1plan.catalog.model import Model, Quant
from r1plan.hardware.machine import Machine
from r1plan.models.weights import Weights
from r1plan.plan.llamacpp.memory.parts import Basis
from r1plan.plan.llamacpp.placement import DeviceLoads
from r1plan.plan.llamacpp.speed.decode_time import Bottleneck, DecodeTimeModel


@dataclass(frozen=True, slots=True)
class Range:
    """A figure with the interval it is expected in."""

    low: float
    mid: float
    high: float


@dataclass(frozen=True, slots=True)
class DecodeSpeed:
    """Tokens a second generated with `depth` tokens already in the cache."""

    depth: int
    tok_s: Range


@dataclass(frozen=True, slots=True)
class SpeedTerm:
    """One addend of the time a token takes."""

    what: Bottleneck
    seconds: float


@dataclass(frozen=True, slots=True)
class Speed:
    """Prediction for one request at a time. `terms` are those of the first depth, longest first."""

    prefill_tok_s: Range | None
    decode: tuple[DecodeSpeed, ...]
    bottleneck: Bottleneck
    basis: Basis
    terms: tuple[SpeedTerm, ...]
    source: str

    def at(self, depth: int) -> Range:
        """The decode speed at the predicted depth nearest to `depth`."""
        return min(self.decode, key=lambda each: abs(each.depth - depth)).tok_s


def speed_of(
    machine: Machine, model: Model, quant: Quant, weights: Weights, placed: DeviceLoads, depths: tuple[int, ...]
) -> Speed:
    """Predicted speed of `placed` on `machine` at each of `depths`."""
    return speed_from(DecodeTimeModel(machine, model, quant, weights, placed), depths)


def speed_from(time: DecodeTimeModel, depths: tuple[int, ...]) -> Speed:
    """The speed that follows from the time of a token, at each of `depths`."""
    spread = time.spread()
    low, high = 1 - spread, 1 + spread
    decode = []
    for depth in depths:
        mid = 1 / time.a_token(depth)
        decode.append(DecodeSpeed(depth, Range(mid * low, mid, mid * high)))
    prefill = time.prompt_tok_s()
    terms = sorted(time.seconds(depths[0]).items(), key=lambda term: -term[1])
    return Speed(
        prefill_tok_s=Range(prefill * (low - 0.1), prefill, prefill * (high + 0.1)) if prefill else None,
        decode=tuple(decode),
        bottleneck=terms[0][0],
        basis=time.basis(),
        terms=tuple(SpeedTerm(what, seconds) for what, seconds in terms),
        source=time.source(),
    )
