"""How much of a month a machine is at work, by how many requests it gets: between the volumes that were looked at."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import replace
from math import expm1, log1p

from r1plan.plan.cost.own import Served
from r1plan.plan.demand import Demand

_MOST_BUSY = 1 - 1e-9
_PROBE_PER_DAY = 1e-3


class BusyCurve:
    """Machines under more and more of the requests of `demand`, up to what they serve.

    There is one, or as many as are at least needed: for users at once, say. Requests that begin independently of one
    another leave a machine idle for exp(-volume x seconds of one) of the time, so minus the logarithm of the idle share
    is nearly a line: it is drawn through the volumes that `served` was asked for, and is exact there.
    """

    def __init__(self, served: Callable[[Demand], Served], demand: Demand) -> None:
        self._served, self._demand = served, demand
        first = served(replace(demand, requests_per_day=_PROBE_PER_DAY))
        self.machines = first.machines_needed or 0
        self.most_per_day = first.requests_per_day * self.machines
        self._volumes, self._loads = [0.0], [0.0]
        if self.machines:
            self._add(_PROBE_PER_DAY, first)

    def look(self, requests_per_day: float) -> None:
        """Ask how busy they are at that volume."""
        if requests_per_day not in self._volumes:
            self._add(requests_per_day, self._served(replace(self._demand, requests_per_day=requests_per_day)))

    def _add(self, requests_per_day: float, found: Served) -> None:
        share = (found.busy_share or 0.0) * (found.machines_needed or self.machines) / self.machines
        place = bisect_left(self._volumes, requests_per_day)
        self._volumes.insert(place, requests_per_day)
        self._loads.insert(place, -log1p(-min(share, _MOST_BUSY)))

    def distance(self, requests_per_day: float) -> float:
        """How far that volume is from the nearest that was looked at, as a share of itself."""
        return min(abs(each - requests_per_day) for each in self._volumes) / requests_per_day

    def share(self, requests_per_day: float) -> float:
        """The share of the month in which they are at work."""
        place = min(max(bisect_left(self._volumes, requests_per_day), 1), len(self._volumes) - 1)
        (low, high), (under, over) = self._volumes[place - 1 : place + 1], self._loads[place - 1 : place + 1]
        load = under + (over - under) * (requests_per_day - low) / (high - low)
        return -expm1(-load)
