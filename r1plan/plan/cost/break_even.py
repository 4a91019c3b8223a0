"""From how many requests a day one's own machine is cheaper than an API, and what moves that."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, NamedTuple

BreakEvenReason = Literal[
    "from there on",
    "from the first request",
    "beyond what one machine serves",
    "each request is dearer",
    "it serves none",
    "another currency",
    "own cost is unknown",
]
"""Why the break-even is where it is, or why there is none. The sentences are in render/plan/words.py."""

Mover = Literal[
    "cache share", "peak share", "thinking length", "api price", "next api price", "electricity", "gpu hour", "purchase"
]


class SensitivityRow(NamedTuple):
    """The break-even with one thing changed.

    `value` is a share for "cache share" and "peak share"; for all others how many times what it is now.
    """

    what: Mover
    value: float
    requests_per_day: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakEven:
    """Where a month of one machine costs what the same requests cost at an API.

    From `requests_per_day` up to all that the machine serves it is cheaper; None: never, for `reason`. `utilisation` is
    that number over what the machine serves in a day. `needed_per_day` is how many it would take, if the machine could
    serve them. `saving_usd_per_month` is what the API costs more than the machines for the demand: below zero where it
    costs less, None where nobody said how many requests there are.
    """

    against_provider: str
    against_model: str
    requests_per_day: float | None
    utilisation: float | None
    reason: BreakEvenReason
    needed_per_day: float | None
    saving_usd_per_month: Decimal | None
    sensitivity: tuple[SensitivityRow, ...] = ()
