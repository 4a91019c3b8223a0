"""Robust least squares with priors: the most likely parameters of a model that is not linear in them.

Levenberg and Marquardt's steps on Huber's loss (a residual beyond `_FAR` deviations counts by its size and not its
square), with each parameter normal before about a mean: what few rows say is drawn to what is usual.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_FAR = 1.5
_STEP = 1e-4
MOST_STEPS = 25

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Solution:
    """The parameters, the rows' residuals there, their derivatives, each row's weight, and the normal matrix."""

    parameters: Vector
    residuals: Vector
    derivatives: Vector
    weights: Vector
    normal: Vector

    @property
    def errors(self) -> Vector:
        """One deviation of each parameter, by the normal matrix."""
        errors: Vector = np.sqrt(np.diag(np.linalg.inv(self.normal)))
        return errors

    def without(self, rows: Sequence[int]) -> Vector:
        """The residuals of `rows` had the parameters been fitted on the others alone, to first order."""
        of = self.derivatives[rows]
        normal = self.normal - of.T @ (self.weights[rows][:, None] * of)
        pulled = np.linalg.solve(normal, of.T @ (self.weights[rows] * self.residuals[rows]))
        left: Vector = self.residuals[rows] + of @ pulled
        return left


def solve(
    residuals: Callable[[Vector], Vector],
    changed: Callable[[Vector, int, float], tuple[Sequence[int], Vector]],
    mean: Vector,
    deviation: Vector,
    noise: Vector,
    begin: Vector,
    steps: int = MOST_STEPS,
) -> Solution:
    """The most likely parameters, from `begin` on; `noise` is each row's deviation.

    `changed` gives the rows that a step of one parameter touches, and their residuals after it.
    """
    at, damping = begin.copy(), 1e-2
    now = residuals(at)
    cost = _cost(now, noise, at, mean, deviation)
    derivatives, weights, normal = _linear(now, changed, at, deviation, noise)
    for _ in range(steps):
        pull = -derivatives.T @ (weights * now) - (at - mean) / deviation**2
        for _ in range(8):
            there = at + np.linalg.solve(normal + damping * np.diag(np.diag(normal)), pull)
            found = residuals(there)
            lower = _cost(found, noise, there, mean, deviation)
            if lower < cost:
                break
            damping *= 5
        else:
            break
        still = cost - lower < 1e-4
        at, now, cost, damping = there, found, lower, damping / 5
        derivatives, weights, normal = _linear(now, changed, at, deviation, noise)
        if still:
            break
    return Solution(at, now, derivatives, weights, normal)


def _linear(
    now: Vector,
    changed: Callable[[Vector, int, float], tuple[Sequence[int], Vector]],
    at: Vector,
    deviation: Vector,
    noise: Vector,
) -> tuple[Vector, Vector, Vector]:
    derivatives = np.zeros((len(now), len(at)))
    for place in range(len(at)):
        rows, there = changed(at, place, _STEP)
        derivatives[rows, place] = (there - now[rows]) / _STEP
    weights = np.minimum(1.0, _FAR * noise / np.maximum(np.abs(now), 1e-12)) / noise**2
    return derivatives, weights, derivatives.T @ (weights[:, None] * derivatives) + np.diag(1 / deviation**2)


def _cost(residuals: Vector, noise: Vector, at: Vector, mean: Vector, deviation: Vector) -> float:
    size = np.abs(residuals) / noise
    loss = np.where(size < _FAR, size**2 / 2, _FAR * size - _FAR**2 / 2)
    return float(loss.sum() + (((at - mean) / deviation) ** 2).sum() / 2)
