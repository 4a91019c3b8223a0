"""The normal distribution, without the library's module, whose import takes longer than all that is asked of it."""

from __future__ import annotations

from math import erfc, sqrt

_HALVINGS = 60
_MOST = 10.0


def below(z: float) -> float:
    """The share that lies below `z` standard deviations above the mean."""
    return 0.5 * erfc(-z / sqrt(2))


def at(share: float) -> float:
    """How many standard deviations above the mean that `share`, above 0 and below 1, lies below."""
    low, high = -_MOST, _MOST
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if below(middle) < share else (low, middle)
    return (low + high) / 2
