"""The fitted constants as the module that the program reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import exp, log, sqrt
from typing import get_args

from r1plan.plan.serving.fit.design import constant_of
from r1plan.plan.serving.fit.errors import Predicted, quantile
from r1plan.plan.serving.fit.solve import ServerFit, prior_of
from r1plan.plan.serving.speed.causes import StepCauses
from r1plan.plan.serving.speed.era import ModelKind, ServerName

# A range holds nine times in ten.
_COVERED = 0.9
# How far a server may be from others whose constants are lent to it.
_LENT_SD = 0.4
_HEAD = '''"""Constants of servers that `python -m r1plan.plan.serving.fit` wrote; see rates.py for what they are.

Of each its value and the share by which it may be off, one standard deviation. Of the rows of a version that was left
out, one in ten is off by more than the share of `SPREADS`.
"""

from __future__ import annotations

from r1plan.plan.serving.speed.era import Era, ModelKind

'''


def module_text(fit: ServerFit, out: Mapping[ModelKind, Sequence[Predicted]]) -> str:
    """fitted.py for `fit`; `out` are rows that were predicted from other systems'."""
    constants = {**{name: (fit.constants[name], fit.errors[name]) for name in fit.constants}, **_lent(fit)}
    lines = [_HEAD + "CONSTANTS: dict[str, tuple[float, float]] = {"]
    lines += [f'    "{name}": ({value:.4g}, {error:.2g}),' for name, (value, error) in sorted(constants.items())]
    lines += ["}", "ERAS: dict[Era, float] = {"]
    for era, factor in sorted(fit.eras.items()):
        key = ", ".join(f'"{part}"' for part in era)
        lines.append(f"    Era({key}): {factor:.3f},")
    lines += ["}", "SPREADS: dict[ModelKind, float] = {"]
    lines += [f'    "{kind}": {spread_of(predicted):.2f},' for kind, predicted in sorted(out.items())]
    return "\n".join([*lines, "}", ""])


def spread_of(predicted: Sequence[Predicted]) -> float:
    """The share that nine in ten of the times are off by at most, either way."""
    return exp(quantile([abs(each.off) for each in predicted], _COVERED)) - 1


def _lent(fit: ServerFit) -> dict[str, tuple[float, float]]:
    """What was measured of no server with such a model: the mean of the others with one, and as wide as they differ."""
    found = {}
    servers, kinds = get_args(ServerName), get_args(ModelKind)
    for cause in StepCauses._fields:
        for kind in kinds:
            for server in servers:
                name = constant_of(cause, server, kind)
                if name is None or name in fit.constants:
                    continue
                others = {constant_of(cause, other, kind) for other in servers} & set(fit.constants)
                logs = [log(fit.constants[other]) for other in others if other] or [log(prior_of(name)[0])]
                errors = [fit.errors[other] for other in others if other] or [prior_of(name)[1]]
                found[name] = (exp(sum(logs) / len(logs)), sqrt(max(errors) ** 2 + _LENT_SD**2))
    return found
