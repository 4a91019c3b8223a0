"""The knee: how many at once get the most of a machine before each pays for the next with his own speed."""

from __future__ import annotations

from r1plan.plan.capacity.jobs import Jobs

_PLATEAU = 0.9


def knee_of(jobs: Jobs) -> int:
    """The fewest at once that together get nine tenths of the tokens a second that the fullest machine makes."""
    best = max(at_once / jobs.steps_s[at_once] for at_once in range(1, jobs.most + 1))
    return next(at_once for at_once in range(1, jobs.most + 1) if at_once / jobs.steps_s[at_once] >= _PLATEAU * best)
