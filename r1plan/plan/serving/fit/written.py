"""What the constants as they are written predict of a row."""

from __future__ import annotations

from r1plan.plan.serving.fit.design import Made
from r1plan.plan.serving.speed.fitted import CONSTANTS
from r1plan.plan.serving.speed.rates import era_factor


def as_written(made: Made) -> float:
    """Seconds of a token, as the program would say for a server of that version."""
    return era_factor(made.row.era) * sum(size * CONSTANTS[name][0] for name, size in made.causes.items())
