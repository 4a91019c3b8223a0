"""How long a request waits for its first token: for a place, then for the prompts before it. All on a grid of time.

With all places taken a request waits until the first of them ends, and then for those before it in the queue, who go
at the pace of one server that is as many times as fast as there are places: a geometric number of remaining times. For
one place that is exact (Pollaczek and Khinchine), for more an approximation (Tijms, van Hoorn and Federgruen,
"Approximations for the Steady-State Probabilities in the M/G/c Queue", Advances in Applied Probability 13, 1981). The
sums are made by Panjer's recursion.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from itertools import accumulate
from math import frexp
from operator import mul

from r1plan.plan.capacity.jobs import Jobs
from r1plan.plan.capacity.occupancy import occupancy_of

_CELLS = 48  # of the least time that a grid may have to reach; the most has twice as many
_CLOSE = 1e-4
_FINE = 0.02  # of a cell: a mean wait below it does not show
_RARE = 1e-4


class FirstTokens:
    """When the first tokens come at one rate of arrivals: seconds after the question.

    `least_s` are shares of the requests with what each takes when it need not wait. All wait for the prompts before
    theirs: `reading` are chances up to each point of the grid, None where it does not show, `reads` the chance of any.
    A share of `full` finds no place and waits for more: the sum of that and all else in the queue, `queued` as chances
    on the grid, and of the first to end, `first` as chances up to each point.
    """

    def __init__(
        self,
        least_s: Sequence[tuple[float, float]],
        full: float,
        queued: Sequence[float],
        first: Sequence[float],
        reading: Sequence[float] | None,
        reads: float,
        cell_s: float,
    ) -> None:
        self._least_s = least_s
        self._full = full
        self._queued = queued
        self._first = first
        self._reading = reading
        self._any = full + (1 - full) * reads
        self._cell_s = cell_s

    def later_than(self, limit_s: float) -> float:
        """The share of requests whose first token comes later."""
        return sum(share * self._waits((limit_s - least) / self._cell_s) for share, least in self._least_s)

    def quantile(self, level: float) -> float:
        """The seconds that this share of requests does not exceed, or the end of the grid."""
        low, high = 0.0, self._cell_s * (len(self._first) - 1)
        while high - low > _CLOSE * high:
            middle = (low + high) / 2
            low, high = (middle, high) if self.later_than(middle) > 1 - level else (low, middle)
        return high

    def _waits(self, cells: float) -> float:
        """The chance to wait longer than so many cells. What is at a point of the grid is spread a cell around it."""
        if cells < 0:
            return 1.0
        place = min(cells + 0.5, len(self._first) - 1.0)
        point = int(place)
        if point == 0:
            return self._any + (self._beyond(0) - self._any) * cells * 2
        return self._beyond(point - 1) + (self._beyond(point) - self._beyond(point - 1)) * (place - point)

    def _beyond(self, point: int) -> float:
        """The chance to wait for more than the middle between this point of the grid and the next."""
        in_queue: float = sum(map(mul, self._queued, self._first[point::-1]))
        reading = 1.0 if self._reading is None else self._reading[point]
        return 1 - self._full * in_queue - (1 - self._full) * reading


class Queue:
    """The time to the first token on a server with so many places, for limits up to `most_s`."""

    def __init__(self, jobs: Jobs, places: int, most_s: float) -> None:
        self.jobs = jobs
        self.places = places
        self.most_s = most_s
        # The same cells for limits that lie near each other, so that the later never looks worse.
        self._cell_s = 2.0 ** frexp(most_s)[1] / 2 / _CELLS
        self._count = int(most_s / self._cell_s) + 3
        self._queued = _remaining(jobs.works_s(places), self._cell_s, self._count)
        self._first = list(accumulate(_first_of(places, jobs.stays_s(places), self._cell_s, self._count)))
        self._prompts: dict[float, float] = {}
        for each in jobs.kinds:
            self._prompts[each.prompt_s] = self._prompts.get(each.prompt_s, 0.0) + each.share
        squares = sum(share * prompt_s**2 for prompt_s, share in self._prompts.items())
        self._left_to_read_s = squares / 2 / jobs.prompt_s if jobs.prompt_s else 0.0

    @property
    def most_per_s(self) -> float:
        """The requests a second that it can do at all."""
        return self.jobs.rates[self.places]

    def at(self, rate_per_s: float) -> FirstTokens:
        """What requests get at a rate of arrivals below the server's."""
        jobs = self.jobs
        stands = occupancy_of(jobs, self.places, rate_per_s)
        # It begins with the next step and comes with the one after.
        least_s = jobs.step_s(max(stands.at_once, 1.0)) * (1 + stands.busy / 2)
        queued = _geometric(self._queued, rate_per_s / self.most_per_s)
        reading, reads = self._reading(rate_per_s * jobs.prompt_s)
        if reading is not None:
            queued, reading = _sum(queued, reading), list(accumulate(reading))
        least = [(share, prompt_s + least_s) for prompt_s, share in self._prompts.items()]
        return FirstTokens(least, stands.full, queued, self._first, reading, reads, self._cell_s)

    def _reading(self, busy: float) -> tuple[list[float] | None, float]:
        """The wait for the prompts of those who hold places, all but one's own at most; and the chance of any.

        None: too short to show on the grid.
        """
        more = busy**self.places
        reads = (busy - more) / (1 - more)
        if reads * self._left_to_read_s / (1 - busy) < _FINE * self._cell_s:
            return None, 0.0
        any_number = _geometric(self._reads, busy)
        if more > _RARE:
            too_many = _sum(self._all_read, any_number)
            any_number = [
                (every - more * other) / (1 - more) for every, other in zip(any_number, too_many, strict=True)
            ]
        return any_number, reads

    @cached_property
    def _reads(self) -> list[float]:
        """What is left to read of the prompt that is being read."""
        times = [(share, prompt_s) for prompt_s, share in self._prompts.items()]
        return _remaining(times, self._cell_s, self._count)

    @cached_property
    def _all_read(self) -> list[float]:
        """As many of those as there are places."""
        total, power, left = [1.0] + [0.0] * (self._count - 1), self._reads, self.places
        while left:
            if left % 2:
                total = _sum(total, power)
            power, left = _sum(power, power), left // 2
        return total


def _remaining(times: Sequence[tuple[float, float]], cell_s: float, count: int) -> list[float]:
    """The time that is left of what is at work at any moment, as chances on the grid that keep its mean.

    `times` are shares and seconds.
    """
    ordered = sorted(times, key=lambda each: each[1])
    longer_share = sum(share for share, _ in ordered)
    longer = mean = sum(share * seconds for share, seconds in ordered)
    shorter = 0.0  # half the squares of those that are over by now
    limited = []  # E[min(left, x)] at each x
    index = 0
    for cell in range(count + 1):
        x = cell * cell_s
        while index < len(ordered) and ordered[index][1] <= x:
            share, seconds = ordered[index]
            shorter += share * seconds * seconds / 2
            longer -= share * seconds
            longer_share -= share
            index += 1
        if index == len(ordered):
            longer = longer_share = 0.0
        limited.append((shorter + x * longer - x * x / 2 * longer_share) / mean if mean else 0.0)
    chances = [1 - limited[1] / cell_s]
    chances += [
        max(2 * limited[cell] - limited[cell - 1] - limited[cell + 1], 0.0) / cell_s for cell in range(1, count)
    ]
    return chances


def _first_of(places: int, times: Sequence[tuple[float, float]], cell_s: float, count: int) -> list[float]:
    """The least of what is left at `places` places, as chances on the grid."""
    mean = sum(share * seconds for share, seconds in times)
    above = []
    for cell in range(count):
        x = (cell + 0.5) * cell_s
        left = sum(share * (seconds - x) for share, seconds in times if seconds > x) / mean
        above.append(left**places)
    return [1 - above[0], *(above[cell] - above[cell + 1] for cell in range(count - 1))]


def _geometric(parts: Sequence[float], chance: float) -> list[float]:
    """The sum of none, one or more of `parts`, each further one with `chance`."""
    scale = 1 / (1 - chance * parts[0])
    total = [(1 - chance) * scale]
    scale *= chance
    reverse = parts[:0:-1]  # the last first, without that of cell 0
    long = len(reverse)
    for cell in range(1, len(parts)):
        total.append(scale * sum(map(mul, total, reverse[long - cell :])))
    return total


def _sum(one: Sequence[float], other: Sequence[float]) -> list[float]:
    """The sum of two times."""
    reverse = other[::-1]
    long = len(reverse)
    return [sum(map(mul, one, reverse[long - cell - 1 :])) for cell in range(len(one))]
