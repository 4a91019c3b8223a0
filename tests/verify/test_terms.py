"""The figures of a measurement, and what they come to."""

from __future__ import annotations

from dataclasses import replace

import pytest

from r1plan.measurements.measurement import BufferReading, Measurement, PlannedRange, SpeedReading
from r1plan.units import GIB, MIB
from r1plan.verify.terms import terms_of, verdict_of, whole_bytes
from tests.measurements.example import EXAMPLE


def measurement(decode_s: float = 1 / 41, memory: int = 20 * GIB) -> Measurement:
    buffers = (
        BufferReading(
            device="gpu0",
            card=0,
            term="weights",
            planned_bytes=18 * GIB,
            measured_bytes=memory - 2 * GIB,
            basis="exact",
            tolerance_bytes=64 << 10,
        ),
        BufferReading(
            device="gpu0",
            card=0,
            term="overhead",
            planned_bytes=2 * GIB,
            measured_bytes=2 * GIB,
            basis="assumed",
            tolerance_bytes=100 * MIB,
        ),
        BufferReading(device="gpu0", card=0, term="output", planned_bytes=None, measured_bytes=MIB),
        BufferReading(device="gpu0", card=0, term="compute", planned_bytes=GIB, measured_bytes=None),
    )
    decode = SpeedReading(
        depth=33,
        tokens=64,
        repeats=3,
        seconds_a_token=decode_s,
        spread=0.0,
        planned=PlannedRange(low=30.0, mid=38.0, high=46.0),
    )
    return replace(EXAMPLE, buffers=buffers, prefill=(), decode=(decode,))


@pytest.mark.parametrize(
    ("tok_s", "memory", "verdict"),
    [
        (30.0, 20 * GIB, "as planned"),
        (29.9, 20 * GIB, "slower"),
        (46.0, 20 * GIB, "as planned"),
        (46.1, 20 * GIB, "faster"),
        (41.0, 20 * GIB + 100 * MIB, "larger"),
        (41.0, 19 * GIB, "as planned"),
        (20.0, 21 * GIB, "slower and larger"),
        (60.0, 21 * GIB, "larger"),
    ],
)
def test_the_verdict_follows_from_speed_and_memory(tok_s: float, memory: int, verdict: str) -> None:
    assert verdict_of(terms_of(measurement(1 / tok_s, memory))) == verdict


def test_a_sum_holds_what_is_known_of_both_and_what_was_not_planned() -> None:
    terms = terms_of(measurement())
    assert whole_bytes(terms) == (20 * GIB, 20 * GIB + MIB)


def test_shares_are_of_the_plan_and_unknown_where_one_is() -> None:
    terms = {each.what: each for each in terms_of(measurement(1 / 41))}
    assert terms["decode"].off_share == pytest.approx(41 / 38 - 1)
    assert terms["compute"].off_share is None
    assert not terms["compute"].is_below
    assert terms["output"].off_share is None
    assert [each.what for each in terms_of(measurement())] == [
        *("weights", "overhead", "output", "compute", "total", "decode", "load", "power"),
    ]
