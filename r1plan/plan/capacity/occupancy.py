"""How many requests are at work at a rate of arrivals: a birth-and-death chain whose death rate is the server's.

Below the last place the server is shared by all that are at work, so that only the mean of the lengths counts, not
their spread (Cohen, "The Multiple Phase Service Network with Generalized Processor Sharing", Acta Informatica 12, 1979)
"""

from __future__ import annotations

from typing import NamedTuple

from r1plan.plan.capacity.jobs import Jobs

_LARGE = 1e200

# Requests that are all alike find all places taken less often than that: so the exact chances of one length at 2, 5 and
# 25 servers, half and four fifths used, are against those of lengths that spread exponentially.
_LESS_FULL = 0.06
_BY_PLACES = 0.63


class Occupancy(NamedTuple):
    """The chance that all places are taken, that none is, and how many requests are at work on average."""

    full: float
    idle: float
    at_once: float


def occupancy_of(jobs: Jobs, places: int, rate_per_s: float) -> Occupancy:
    """How a server with so many places stands at a rate below `jobs.rate(places)`."""
    term = total = 1.0
    idle, weighted = 1.0, 0.0
    for at_once in range(1, places):
        term *= rate_per_s / jobs.rates[at_once]
        total += term
        weighted += at_once * term
        if total > _LARGE:
            term, idle, weighted, total = term / total, idle / total, weighted / total, 1.0
    busy = rate_per_s / jobs.rates[places]
    full = term * busy / (1 - busy)
    total += full
    alike = max(1 - jobs.variation, 0.0)
    less = 1 - _LESS_FULL * (places - 1) ** _BY_PLACES * (1 - busy) * alike
    return Occupancy(max(less, 0.0) * full / total, idle / total, (weighted + places * full) / total)
