"""How many requests a day one machine serves within limits, and how many machines a month's demand takes.

The measure is the busiest hour of the week, as if it went on. Requests come at random, one independent of the other,
wait in one queue, first come first served, and have the demand's lengths, not their mean. Nine requests in ten are to
get their first token within the limit, and nine in ten their tokens a second; ten minutes to the first token are the
limit where none is given, as a machine whose queue barely clears serves nobody. So that each gets his tokens a second
no more than `concurrency` are worked on at once: the server is run with so many places. Several machines share the
demand evenly, each with a queue of its own; with one queue before all of them fewer might do.

A request that is longer than the context is cut off: it is not served, but takes its time as if it were, so that a
shorter context never makes a machine serve more. Where most are, the work cannot be done.

An option that leaves cards free may run on them again: a machine then serves what all of its copies do.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from math import ceil, log
from typing import Literal, NamedTuple

from r1plan.plan.basis import Basis
from r1plan.plan.capacity.context import MOST_CUT_OFF, cut_off_share
from r1plan.plan.capacity.jobs import Jobs, jobs_of
from r1plan.plan.capacity.knee import knee_of
from r1plan.plan.capacity.occupancy import occupancy_of
from r1plan.plan.capacity.places import crowd_ttft_s, crowd_within, places_within
from r1plan.plan.capacity.throughput import Throughput
from r1plan.plan.capacity.waiting import Queue
from r1plan.plan.month.demand import HOURS_A_WEEK, Demand
from r1plan.plan.speed import Bottleneck, Range
from r1plan.plan.workload import SERVED_SHARE

PATIENCE_TTFT_S = 600.0
CapacityLimit = Literal[
    "tok_s",  # more at once would each get fewer tokens a second than is asked
    "ttft",  # with more, first tokens would come later than is asked
    "patience",  # the same with PATIENCE_TTFT_S, as nothing was asked
    "throughput",  # the machine makes all the tokens that it can
    "context",  # most requests are longer than the context
]

_DAY_S = 86_400.0
_HOUR_S = 3_600.0
_FULL = 0.95  # of what a machine can do: more patience would hardly serve more
_STABLE = 1 - 1e-6
_CLOSE = 1e-7
_RARE = 1e-4  # chances below it don't lead the search astray
_SLACK = 1e-9


class Limits(NamedTuple):
    """What requests are promised: seconds to the first token, tokens a second for each, and `users` at once."""

    ttft_s: float | None = None
    tok_s: float | None = None
    users: int | None = None


class Percentiles(NamedTuple):
    """What half of the requests, and nine in ten, do not exceed."""

    p50: float
    p90: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """What one machine serves within limits, on which the option runs `copies` times beside one another.

    `concurrency` is how many each copy works on at once, and the decode speeds are at that, prompts not counted: for
    all of them and for each. `requests_per_day` 0 and `concurrency` 0: it cannot serve even one alone, for the reason
    `limit`; the speeds are then of one alone. `flat_out_per_day` is what it would do without a pause and with a queue
    that never empties. `machines_needed` are for the demand and the users, and run `copies_needed` in all; None: it
    cannot, or neither is known. `cut_off_share` of the requests are longer than the context.

    `ttft_s` is at the busiest hour of the demand, split over the machines; at `requests_per_day` where there is no
    demand, and where users were given, of so many who ask at the same moment. `ttft_limit_s` is what was asked, or
    PATIENCE_TTFT_S. `busy_share` is the share of a month's hours in which a copy has any request at work, `at_once`
    how many it has then on average, and `utilisation` what it serves over what it would flat out: None without a demand
    it can serve. At `knee` at once the total is nine tenths of the most; `knee_limit` is what a step goes to there.
    """

    concurrency: int
    decode_tok_s_total: Range
    decode_tok_s_each: Range
    requests_per_day: float
    flat_out_per_day: float
    machines_needed: int | None
    limit: CapacityLimit
    ttft_s: Percentiles | None
    ttft_limit_s: float
    busy_share: float | None
    at_once: float | None
    utilisation: float | None
    knee: int
    knee_limit: Bottleneck
    basis: Basis
    cut_off_share: float = 0.0
    copies: int = 1
    copies_needed: int | None = None


class _Use(NamedTuple):
    """How much of the month the machines work."""

    busy_share: float | None = None
    at_once: float | None = None
    utilisation: float | None = None


def capacity_of(
    throughput: Throughput,
    demand: Demand,
    limits: Limits,
    thinking_over_r1: float,
    *,
    context: int | None = None,
    copies: int = 1,
) -> Capacity:
    """What a machine with so many `copies` of that `throughput` serves of `demand` within `limits`.

    `thinking_over_r1` is how many times as long as the demand's lengths say the model thinks: 1 where a log says how
    long this very model does. `context` is the tokens that each request may have; None: as many as it takes.
    """
    cut_off = cut_off_share(demand.lengths, thinking_over_r1, context)
    jobs = jobs_of(throughput, demand.lengths, thinking_over_r1)
    places = places_within(throughput, jobs, limits.tok_s)
    limit_s = PATIENCE_TTFT_S if limits.ttft_s is None else limits.ttft_s
    waiting = Queue(jobs, max(places, 1), limit_s)
    peak_per_s = _busiest(waiting) if places and cut_off <= MOST_CUT_OFF else 0.0
    a_day = peak_per_s / _peak_per_s(demand, 1.0)
    needed, on_each = None, 0
    if peak_per_s:
        needed, on_each = _copies(waiting, demand, limits.users, a_day)
    at_once = max(min(on_each or places, places), 1)
    speed = 1 / jobs.steps_s[at_once]
    use = _Use() if needed is None else _use(jobs, places, demand, needed)
    knee = knee_of(jobs)
    is_assumed = "assumed" in (demand.basis, demand.hours_basis) or not jobs.reads_predicted
    return Capacity(
        concurrency=at_once if peak_per_s else 0,
        decode_tok_s_total=_range(at_once * speed, throughput.spread),
        decode_tok_s_each=_range(speed, throughput.spread),
        requests_per_day=a_day * copies,
        flat_out_per_day=jobs.rates[places] * _DAY_S * copies,
        machines_needed=None if needed is None else ceil(needed / copies),
        limit="context" if cut_off > MOST_CUT_OFF else _limit(limits, jobs, places, peak_per_s),
        ttft_s=_ttft(waiting, demand, needed, on_each, peak_per_s) if peak_per_s else None,
        ttft_limit_s=limit_s,
        busy_share=use.busy_share,
        at_once=use.at_once,
        utilisation=use.utilisation,
        knee=knee,
        knee_limit=throughput.bottleneck(knee, jobs.depth),
        basis="assumed" if is_assumed else throughput.basis,
        cut_off_share=cut_off,
        copies=copies,
        copies_needed=needed,
    )


def _busiest(waiting: Queue) -> float:
    """The most requests a second of which SERVED_SHARE get their first token in time; 0: not even those alone."""
    late = 1 - SERVED_SHARE

    def excess(rate_per_s: float) -> float:
        """Near the answer a line in the rate, and in its logarithm nearly one."""
        return log(max(waiting.at(rate_per_s).later_than(waiting.most_s), _RARE) / late)

    low, high = 0.0, waiting.most_per_s * _STABLE
    below, above = excess(low), excess(high)
    if below > _SLACK:
        return 0.0
    if above <= 0:
        return high
    # Where the line between both ends falls, with half the excess of an end that stays twice (the Illinois rule).
    was_high: bool | None = None
    while high - low > _CLOSE * high:
        rate = (low * above - high * below) / (above - below)
        found = excess(rate)
        if abs(found) < _CLOSE:
            return rate
        is_high = found > 0
        if is_high:
            high, above, below = rate, found, below / 2 if was_high is True else below
        else:
            low, below, above = rate, found, above / 2 if was_high is False else above
        was_high = is_high
    return low


def _peak_per_s(demand: Demand, requests_per_day: float) -> float:
    """Requests a second in the busiest hour."""
    return requests_per_day * demand.peak_hour_share / _HOUR_S


def _copies(waiting: Queue, demand: Demand, users: int | None, a_day: float) -> tuple[int | None, int]:
    """The copies that the demand and the users take, and the users on each.

    None: it can't be, or nothing is asked.
    """
    copies = None
    if demand.requests_per_day is not None:
        copies = max(ceil(demand.requests_per_day / a_day * (1 - _SLACK)), 1)
    if users is None:
        return copies, 0
    together = crowd_within(waiting.jobs, waiting.places, users, waiting.most_s)
    if not together:
        return None, 0
    copies = max(copies or 1, ceil(users / together))
    return copies, ceil(users / copies)


def _ttft(waiting: Queue, demand: Demand, copies: int | None, users: int, peak_per_s: float) -> Percentiles:
    """The time to the first token of so many users who ask at the same moment; where there are none, at the peak."""
    if users:
        jobs, places = waiting.jobs, waiting.places
        return Percentiles(crowd_ttft_s(jobs, places, users, 0.5), crowd_ttft_s(jobs, places, users, SERVED_SHARE))
    if copies is not None and demand.requests_per_day is not None:
        peak_per_s = _peak_per_s(demand, demand.requests_per_day / copies)
    first = waiting.at(peak_per_s)
    return Percentiles(first.quantile(0.5), first.quantile(SERVED_SHARE))


def _use(jobs: Jobs, places: int, demand: Demand, copies: int) -> _Use:
    """How much of the month each of the copies works, hour by hour of the week."""
    if demand.requests_per_day is None:
        return _Use()
    each = demand.requests_per_day / copies
    busy = at_once = 0.0
    for share, hours in Counter(demand.hour_shares).items():
        stands = occupancy_of(jobs, places, each * 7 * share / _HOUR_S)
        busy += hours * stands.busy / HOURS_A_WEEK
        at_once += hours * stands.at_once / HOURS_A_WEEK
    return _Use(busy, at_once / busy if busy else 0.0, each / (jobs.rates[places] * _DAY_S))


def _limit(limits: Limits, jobs: Jobs, places: int, peak_per_s: float) -> CapacityLimit:
    if places == 0 or (peak_per_s and places < jobs.most):
        return "tok_s"
    if peak_per_s > _FULL * jobs.rates[places]:
        return "throughput"
    return "patience" if limits.ttft_s is None else "ttft"


def _range(tok_s: float, spread: float) -> Range:
    return Range(tok_s / (1 + spread), tok_s, tok_s * (1 + spread))
