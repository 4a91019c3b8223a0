"""The most likely constants: robust least squares on the logarithms of times, each constant drawn to what is usual."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp, log

import numpy as np
from numpy.typing import NDArray

from r1plan.plan.serving.fit.design import Made, names_of
from r1plan.plan.serving.speed.era import Era, ServerName
from r1plan.plan.serving.speed.rates import factor_among

# What a constant is before any row: its middle, and the deviation of its logarithm. Nothing is faster than the sheet
# says, as a rule; times a layer, a step and a user are those of kernels and of a scheduler.
_PRIORS: dict[str, tuple[float, float]] = {
    "weights": (1.3, 0.15),
    "experts": (1.5, 0.3),
    "arithmetic": (2.0, 0.4),
    "cache": (1.5, 0.5),
    "latent_cache": (2.0, 0.6),
    "exchanges": (4e-6, 0.7),
    "exchanged": (2.0, 0.4),
    "rows": (10.0, 1.0),
    "prompt arithmetic": (1.8, 0.4),
    "prompt attention": (3.0, 0.7),
    "prompt exchanged": (2.0, 0.4),
    "prompt rows": (10.0, 1.0),
    "layers": (25e-6, 0.8),
    "steps": (1e-3, 0.8),
    "users": (15e-6, 0.8),
}
_MIXTURE_LAYER = (40e-6, 0.8)
# Of a version's factor, which all of its rows have. vLLM's versions have none: what is said of it is what was measured,
# and the constants that all servers share are as they are with it.
_ERA_SD = 0.25
_WITHOUT_ERAS: ServerName = "vllm"
_NOISE = 0.12  # of a row
_FAR = 2.0  # deviations beyond which a row counts by its size and not its square
_MOST_STEPS = 60
_ENOUGH = 1e-6

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ServerFit:
    """The constants with the deviation of their logarithms, and by how much longer each era took."""

    constants: Mapping[str, float]
    errors: Mapping[str, float]
    eras: Mapping[Era, float]

    def token_s(self, made: Made) -> float:
        """What a row's token takes by the constants."""
        return self._of(made, made.causes)

    def prompt_s(self, made: Made) -> float:
        """What a row's prompt takes by them."""
        return self._of(made, made.prompt)

    def _of(self, made: Made, causes: Mapping[str, float]) -> float:
        usual = sum(size * self.constants.get(name, prior_of(name)[0]) for name, size in causes.items())
        return usual * factor_among(made.row.era, self.eras)


def prior_of(name: str) -> tuple[float, float]:
    """What a constant is before any row."""
    if name in _PRIORS:
        return _PRIORS[name]
    what = name.split(" ")[0]
    return _MIXTURE_LAYER if what == "layers" and name.endswith("mixture") else _PRIORS[what]


def fitted(made: Sequence[Made]) -> ServerFit:
    """The most likely constants for rows of which at least one is there."""
    names = names_of(made)
    eras = sorted({each.row.era for each in made if each.row.era.server != _WITHOUT_ERAS})
    sizes, of_era = np.zeros((len(made), len(names))), np.zeros((len(made), len(eras)))
    for line, each in enumerate(made):
        for name, size in each.causes.items():
            sizes[line, names.index(name)] = size
        if each.row.era in eras:
            of_era[line, eras.index(each.row.era)] = 1.0
    measured = np.log([each.row.token_s for each in made])
    priors = [prior_of(name) for name in names]
    mean = np.array([log(middle) for middle, _ in priors] + [0.0] * len(eras))
    deviation = np.array([sd for _, sd in priors] + [_ERA_SD] * len(eras))
    at, normal = _solved(sizes, of_era, measured, mean, deviation)
    errors = np.sqrt(np.diag(np.linalg.inv(normal)))
    return ServerFit(
        constants={name: exp(value) for name, value in zip(names, at[: len(names)], strict=True)},
        errors={name: float(error) for name, error in zip(names, errors, strict=False)},
        eras={**_without_eras(made), **{era: exp(value) for era, value in zip(eras, at[len(names) :], strict=True)}},
    )


def _without_eras(made: Sequence[Made]) -> dict[Era, float]:
    kinds = {each.row.era.kind for each in made if each.row.era.server == _WITHOUT_ERAS}
    return {Era(_WITHOUT_ERAS, kind): 1.0 for kind in kinds}


def _solved(sizes: Array, of_era: Array, measured: Array, mean: Array, deviation: Array) -> tuple[Array, Array]:
    """The parameters and the normal matrix there, by Levenberg's and Marquardt's steps on a pseudo-Huber loss."""
    count = sizes.shape[1]

    def off(at: Array) -> tuple[Array, Array]:
        times = sizes * np.exp(at[:count])
        total = times.sum(axis=1)
        return np.log(total) + of_era @ at[count:] - measured, np.hstack([times / total[:, None], of_era])

    def cost(residuals: Array, at: Array) -> float:
        far = np.sqrt(1 + (residuals / _NOISE / _FAR) ** 2) - 1
        return float(_FAR**2 * far.sum() + (((at - mean) / deviation) ** 2).sum() / 2)

    at, damping = mean.copy(), 1e-3
    residuals, slopes = off(at)
    now = cost(residuals, at)
    normal = np.eye(len(at))
    for _ in range(_MOST_STEPS):
        weights = 1 / _NOISE**2 / np.sqrt(1 + (residuals / _NOISE / _FAR) ** 2)
        normal = slopes.T @ (weights[:, None] * slopes) + np.diag(1 / deviation**2)
        pull = -slopes.T @ (weights * residuals) - (at - mean) / deviation**2
        there = at + np.linalg.solve(normal + damping * np.diag(np.diag(normal)), pull)
        found, slopes_there = off(there)
        lower = cost(found, there)
        if lower >= now:
            damping *= 5
            if damping > 1e6:
                break
            continue
        done = now - lower < _ENOUGH * now
        at, residuals, slopes, now, damping = there, found, slopes_there, lower, damping / 5
        if done:
            break
    return at, normal
