"""What the constants as they are written predict of a row."""

from __future__ import annotations

from r1plan.plan.serving.fit.solve import ServerFit
from r1plan.plan.serving.speed.fitted import CONSTANTS, ERAS


def as_written() -> ServerFit:
    """The constants that the program has."""
    return ServerFit(
        constants={name: value for name, (value, _) in CONSTANTS.items()},
        errors={name: error for name, (_, error) in CONSTANTS.items()},
        eras=ERAS,
    )
