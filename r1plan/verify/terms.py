"""A measurement as the figures that a person compares, each planned and measured. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from r1plan.measurements.measurement import BufferReading, Measurement, SpeedReading

VerifyWhat = Literal[
    "weights", "kv_cache", "compute", "output", "overhead", "total", "prefill", "decode", "load", "power"
]
VerifyUnit = Literal["bytes", "tok/s", "s", "W"]
Verdict = Literal["as planned", "faster", "slower", "larger", "slower and larger"]
"""How a model runs against its plan, memory and speed together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyTerm:
    """One figure. It is expected from `low` to `high`; None: there is none, or nobody says.

    `device` is the plan's name of one, `depth` the tokens in the cache.
    """

    what: VerifyWhat
    unit: VerifyUnit
    device: str | None = None
    depth: int | None = None
    planned: float | None = None
    measured: float | None = None
    low: float | None = None
    high: float | None = None
    basis: str = ""

    @property
    def is_below(self) -> bool:
        """Whether less was measured than was expected."""
        return self.measured is not None and self.low is not None and self.measured < self.low

    @property
    def is_above(self) -> bool:
        """Whether more was measured than was expected."""
        return self.measured is not None and self.high is not None and self.measured > self.high

    @property
    def off_share(self) -> float | None:
        """By how large a share of the plan the reading is off; None where there is no plan, or no reading."""
        if self.measured is None or not self.planned:
            return None
        return self.measured / self.planned - 1


def terms_of(measurement: Measurement) -> tuple[VerifyTerm, ...]:
    """All figures: memory by device, each device's sum, then speeds by depth, loading and power."""
    return tuple(_terms(measurement))


def verdict_of(terms: tuple[VerifyTerm, ...]) -> Verdict:
    """What they come to. A device that takes less than planned is as planned; its sum counts, not its parts."""
    larger = any(each.is_above for each in terms if each.what == "total")
    speeds = [each for each in terms if each.what in ("prefill", "decode")]
    slower = any(each.is_below for each in speeds)
    if slower or larger:
        return "slower and larger" if slower and larger else "slower" if slower else "larger"
    return "faster" if any(each.is_above for each in speeds) else "as planned"


def whole_bytes(terms: tuple[VerifyTerm, ...]) -> tuple[float, float]:
    """Bytes of all devices together, planned and measured, of what is known of both."""
    sums = [each for each in terms if each.what == "total"]
    return sum(each.planned or 0 for each in sums), sum(each.measured or 0 for each in sums)


def _terms(measurement: Measurement) -> Iterator[VerifyTerm]:
    for device in dict.fromkeys(each.device for each in measurement.buffers):
        here = [each for each in measurement.buffers if each.device == device]
        yield from map(_buffer, here)
        yield _total(device, here)
    for each in measurement.prefill:
        yield speed_term("prefill", each)
    for each in measurement.decode:
        yield speed_term("decode", each)
    yield VerifyTerm(what="load", unit="s", measured=measurement.load_s)
    if measurement.power is not None:
        yield VerifyTerm(what="power", unit="W", measured=measurement.power.watts, basis=measurement.power.source)


def _buffer(each: BufferReading) -> VerifyTerm:
    planned = each.planned_bytes
    return VerifyTerm(
        what=each.term,
        unit="bytes",
        device=each.device,
        planned=planned,
        measured=each.measured_bytes,
        low=None if planned is None else planned - each.tolerance_bytes,
        high=None if planned is None else planned + each.tolerance_bytes,
        basis=each.basis,
    )


def _total(device: str, buffers: list[BufferReading]) -> VerifyTerm:
    """What is known of both. What was allocated and not planned, such as outputs, counts as measured."""
    both = [each for each in buffers if each.planned_bytes is not None and each.measured_bytes is not None]
    planned = sum(each.planned_bytes or 0 for each in both)
    extra = sum(each.measured_bytes or 0 for each in buffers if each.planned_bytes is None)
    tolerance = sum(each.tolerance_bytes for each in both)
    return VerifyTerm(
        what="total",
        unit="bytes",
        device=device,
        planned=planned,
        measured=sum(each.measured_bytes or 0 for each in both) + extra,
        low=planned - tolerance,
        high=planned + tolerance,
    )


def speed_term(what: Literal["prefill", "decode"], each: SpeedReading) -> VerifyTerm:
    """A reading of a speed, in tokens a second, beside what was planned at its depth."""
    planned = each.planned
    return VerifyTerm(
        what=what,
        unit="tok/s",
        depth=each.depth,
        planned=None if planned is None else planned.mid,
        measured=each.tok_s,
        low=None if planned is None else planned.low,
        high=None if planned is None else planned.high,
    )
