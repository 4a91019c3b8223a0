"""How many requests are at work at a rate of arrivals: a birth-and-death chain whose death rate is the server's.

Below the last place the server is shared by all that are at work, so that only the mean of the lengths counts, not
their spread (Cohen, "The Multiple Phase Service Network with Generalized Processor Sharing", Acta Informatica 12, 1979)
"""

from __future__ import annotations

from bisect import bisect_right
from typing import NamedTuple

from r1plan.plan.capacity.jobs import Jobs

_NOTHING = 1e-18

# Requests that are all alike find all places taken less often than that: so the exact chances of one length at 2, 5 and
# 25 servers, half and four fifths used, are against those of lengths that spread exponentially.
_LESS_FULL = 0.06
_BY_PLACES = 0.63


class Occupancy(NamedTuple):
    """The chance that all places are taken, that any is, and how many requests are at work on average."""

    full: float
    busy: float
    at_once: float

    @property
    def idle(self) -> float:
        """The chance that none is."""
        return 1 - self.busy


def occupancy_of(jobs: Jobs, places: int, rate_per_s: float) -> Occupancy:
    """How a server with so many places stands at a rate below `jobs.rate(places)`."""
    rates = jobs.rates
    # From the likeliest number at work in both directions, until nothing is added any more.
    likeliest = min(bisect_right(rates, rate_per_s, 0, places), places) - 1
    none = some = weighted = 0.0
    at_once, term = likeliest, 1.0
    while at_once and term > _NOTHING:
        some += term
        weighted += at_once * term
        term *= rates[at_once] / rate_per_s
        at_once -= 1
    if not at_once:
        none = term
    term = 1.0
    for at_once in range(likeliest + 1, places):
        term *= rate_per_s / rates[at_once]
        some += term
        weighted += at_once * term
        if term < _NOTHING:
            break
    load = rate_per_s / rates[places]
    full = term * load / (1 - load)
    total = none + some + full
    alike = max(1 - jobs.variation, 0.0)
    less = max(1 - _LESS_FULL * (places - 1) ** _BY_PLACES * (1 - load) * alike, 0.0)
    return Occupancy(less * full / total, (some + full) / total, (weighted + places * full) / total)
