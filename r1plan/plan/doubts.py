"""What speaks against a measurement of this machine, or for trusting it less."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, NamedTuple

Doubt = Literal[
    "another-card",
    "another-power-limit",
    "another-processor",
    "few-threads",
    "too-small",
    "implausible",
    "another-driver",
    "another-engine",
    "another-ram",
    "disturbed",
]
"""What is other than it was, or than can be. With one of the first six a measurement is not used."""


class DoubtedMeasurement(NamedTuple):
    """A measurement that is not used, or is trusted less; `was` then and is `now`, in the words of whoever said it."""

    option_id: str
    measured_at: datetime
    doubt: Doubt
    is_used: bool
    was: str = ""
    now: str = ""


class DamagedMeasurement(NamedTuple):
    """A file among the measurements that holds none, and why."""

    name: str
    why: str


MeasurementDoubt = DoubtedMeasurement | DamagedMeasurement
