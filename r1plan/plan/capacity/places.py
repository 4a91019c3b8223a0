"""How many at once get the tokens a second that they are promised, and how soon a crowd gets its first token."""

from __future__ import annotations

from math import ceil, sqrt
from statistics import NormalDist

from r1plan.plan.capacity.jobs import Jobs
from r1plan.plan.capacity.throughput import Throughput
from r1plan.plan.workload import SERVED_SHARE

_Z = NormalDist().inv_cdf(SERVED_SHARE)
_SLACK = 1e-9


def places_within(throughput: Throughput, jobs: Jobs, tok_s: float | None) -> int:
    """The most requests at once of which SERVED_SHARE get so many tokens a second, all places always taken.

    0: not even one alone.
    """
    if tok_s is None:
        return jobs.most
    low, high = 0, jobs.most
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if _keeps(throughput, jobs, middle, tok_s) else (low, middle - 1)
    return low


def _keeps(throughput: Throughput, jobs: Jobs, at_once: int, tok_s: float) -> bool:
    """Whether SERVED_SHARE of requests get `tok_s` beside `at_once` - 1 others, who may be deeper than on average."""
    others = at_once - 1
    others_depth = others * jobs.depth + _Z * jobs.depth_spread * sqrt(others)
    reading_s = others * jobs.prompt_s / jobs.output
    fast_enough = 0.0
    for each in jobs.kinds:
        token_s = throughput.step_s(at_once, (each.depth + others_depth) / at_once) + reading_s
        if token_s * tok_s <= 1 + _SLACK:
            fast_enough += each.share
    return fast_enough >= SERVED_SHARE - _SLACK


def crowd_ttft_s(jobs: Jobs, places: int, users: int, level: float) -> float:
    """Seconds to the first token that this share of `users` don't exceed who all ask at the same moment.

    Their prompts are read one after the other; who finds no place waits until those before him have ended.
    """
    turn, before = divmod(max(ceil(level * users - _SLACK), 1) - 1, places)
    at_work = min(users, places)
    return turn * places / jobs.rates[places] + (before + 1) * jobs.prompt_s + jobs.steps_s[at_work]


def crowd_within(jobs: Jobs, places: int, users: int, ttft_s: float) -> int:
    """The most of `users` who may ask one machine at the same moment and get their first token in time."""
    low, high = 0, users
    while low < high:
        middle = (low + high + 1) // 2
        in_time = crowd_ttft_s(jobs, places, middle, SERVED_SHARE) <= ttft_s
        low, high = (middle, high) if in_time else (low, middle - 1)
    return low
