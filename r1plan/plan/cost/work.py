"""How much of a month a machine is at work, by how many requests it gets."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from math import expm1, log1p
from typing import Protocol

from r1plan.plan.capacity.capacity import Limits
from r1plan.plan.capacity.context import MOST_CUT_OFF, cut_off_share
from r1plan.plan.capacity.jobs import jobs_of
from r1plan.plan.capacity.occupancy import occupancy_of
from r1plan.plan.capacity.places import places_within
from r1plan.plan.capacity.throughput import Throughput
from r1plan.plan.month.demand import HOURS_A_WEEK, Demand

_DAY_S = 86_400.0
_HOUR_S = 3_600.0
_MOST_BUSY = 1 - 1e-9


class MonthOfWork(Protocol):
    """One copy of an option under more and more requests of one kind of demand."""

    @property
    def flat_out_per_day(self) -> float:
        """How many it does without a pause, with a queue that never empties."""

    def busy_share(self, requests_per_day: float) -> float:
        """The share of the month in which any of so many is at work."""


class QueueWork:
    """The same of a `throughput`, hour by hour of the demand's week.

    It is what capacity_of says of a demand with requests a day, without looking for how many it could serve.
    """

    def __init__(
        self,
        throughput: Throughput,
        demand: Demand,
        limits: Limits,
        thinking_over_r1: float,
        context: int | None = None,
    ) -> None:
        self._does_it = cut_off_share(demand.lengths, thinking_over_r1, context) <= MOST_CUT_OFF
        self._jobs = jobs_of(throughput, demand.lengths, thinking_over_r1)
        self._places = places_within(throughput, self._jobs, limits.tok_s)
        self._hours = Counter(demand.hour_shares)

    @property
    def flat_out_per_day(self) -> float:
        """How many it does without a pause, with a queue that never empties; 0 where it cuts off most of them."""
        return self._jobs.rates[self._places] * _DAY_S if self._does_it else 0.0

    def busy_share(self, requests_per_day: float) -> float:
        """The share of the month in which any of so many is at work."""
        busy = 0.0
        for share, hours in self._hours.items():
            rate_per_s = requests_per_day * 7 * share / _HOUR_S
            is_full = rate_per_s >= self._jobs.rates[self._places]
            busy += hours * (1.0 if is_full else 1 - occupancy_of(self._jobs, self._places, rate_per_s).idle)
        return busy / HOURS_A_WEEK


class BusyCurve:
    """The busy share of `copies` copies of an option that share the requests, drawn through a few volumes.

    Requests that begin independently of one another leave a machine idle for exp(-volume x seconds of one) of the time,
    so minus the logarithm of the idle share is nearly a line: it is drawn through the volumes that were looked at, and
    is exact there.
    """

    def __init__(self, work: MonthOfWork, copies: int, most_per_day: float) -> None:
        self._work, self.copies, self.most_per_day = work, copies, most_per_day
        self._volumes, self._loads = [0.0], [0.0]

    def look(self, requests_per_day: float) -> None:
        """Find out how busy they are at that volume."""
        if requests_per_day in self._volumes:
            return
        share = self._work.busy_share(requests_per_day / self.copies)
        place = bisect_left(self._volumes, requests_per_day)
        self._volumes.insert(place, requests_per_day)
        self._loads.insert(place, -log1p(-min(share, _MOST_BUSY)))

    def distance(self, requests_per_day: float) -> float:
        """How far that volume is from the nearest that was looked at, as a share of itself."""
        return min(abs(each - requests_per_day) for each in self._volumes) / requests_per_day

    def share(self, requests_per_day: float) -> float:
        """The share of the month in which they are at work. Some volume above zero must have been looked at."""
        place = min(max(bisect_left(self._volumes, requests_per_day), 1), len(self._volumes) - 1)
        (low, high), (under, over) = self._volumes[place - 1 : place + 1], self._loads[place - 1 : place + 1]
        load = under + (over - under) * (requests_per_day - low) / (high - low)
        return -expm1(-load)
