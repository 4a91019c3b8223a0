"""What a figure rests on: every figure that a plan shows says so."""

from __future__ import annotations

from typing import Literal

Basis = Literal["exact", "measured", "measured here", "calibrated", "assumed"]
