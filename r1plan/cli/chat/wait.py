"""Waits for the hour at which a question is sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from r1plan.route.decision.defer import Deferral
    from r1plan.route.execution.context import Clocks

_LOOK_EVERY_S = 30.0
"""A machine that slept looks at its clock again so soon."""


def wait(deferral: Deferral, say: Callable[[str], None], clocks: Clocks) -> None:
    """Say what `deferral` found, and return when its instant has come. KeyboardInterrupt goes through, with a word."""
    from r1plan.render.decision.chosen import waiting_line

    say(waiting_line(deferral, clocks.now()))
    try:
        while (left_s := (deferral.send_at - clocks.now()).total_seconds()) > 0:
            clocks.sleep(min(left_s, _LOOK_EVERY_S))
    except KeyboardInterrupt:
        say("Stopped; nothing was sent.")
        raise
