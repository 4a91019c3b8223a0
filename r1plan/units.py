"""Units: sizes in bytes, energy and time. Rounding for display is in render/text/units.py."""

from __future__ import annotations

KIB = 1 << 10
MIB = 1 << 20
GIB = 1 << 30
GB = 1_000_000_000
MTOK = 1_000_000
J_A_KWH = 3_600_000
S_A_MINUTE = 60
S_A_HOUR = 3_600
DAYS_A_MONTH = 30.44


def gib_to_bytes(gib: float) -> int:
    """`gib` binary gigabytes as whole bytes."""
    return round(gib * GIB)


def pad(value: int, multiple: int) -> int:
    """`value` rounded up to a whole `multiple`."""
    return -(-value // multiple) * multiple
