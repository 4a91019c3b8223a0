"""The month that a workload given by means stands for: lengths as spread as R1's are, at assumed hours. Pure.

The spread is that of profiles/forecast.yaml, as forecasts take it: log-normal, thinking and answer long together. It
ends where R1's own evaluations ended an answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import log

from r1plan.catalog.priors import Priors, length_prior
from r1plan.plan.month import normal
from r1plan.plan.month.demand import Demand, RequestLength
from r1plan.plan.workload import CONTEXT_GOAL, Workload

_Z90 = normal.at(0.9)
# Of 32 requests, so that shares and sums of tokens are exact in binary. The third kind is around the median and the
# sixth around the 90th percentile; the last has to be of one request, as it takes what rounding leaves.
_OF = 32
_REQUESTS = (4, 8, 8, 4, 4, 2, 1, 1)
_SLACK_TOKENS = 2 * _OF  # what rounding may add to the last, of thinking and of answer
_LEAST = 1e-12  # a part of a very wide one, which would come out as nothing
_R1 = "deepseek-r1"


def demand_of(workload: Workload, priors: Priors, timezone: str, *, is_given: bool = False) -> Demand:
    """What `workload` asks in a month on the clock of `timezone`, an IANA name.

    Input and cache are the same of each request; thinking and answer are spread around their means, which are kept
    exactly. `is_given`: a person gave the means.
    """
    usage = workload.usage
    shape = _shape(workload.output_tokens, length_prior(priors, _R1, "*").p90_over_p50)
    thinking, answer = (_tokens(mean, shape) for mean in (workload.thinking_tokens, workload.answer_tokens))
    return Demand(
        lengths=tuple(
            RequestLength(usage.input_tokens, usage.cache_hit_tokens or 0, thought, answered, number / _OF)
            for thought, answered, number in zip(thinking, answer, _REQUESTS, strict=True)
        ),
        hour_shares=priors.hours.week,
        timezone=timezone,
        requests_per_day=workload.requests_per_day,
        basis="given" if is_given else "assumed",
        hours_basis="assumed",
    )


def _shape(mean_tokens: int, p90_over_p50: float) -> Sequence[float]:
    """How many times the mean output each kind of request writes, the shortest first.

    These are the means of a log-normal between its quantiles. What would be longer than CONTEXT_GOAL is cut off there,
    and all others are as much longer, so that their quantiles keep their ratio.
    """
    parts = list(_parts(log(max(p90_over_p50, 1.0)) / _Z90))
    if mean_tokens >= CONTEXT_GOAL - _SLACK_TOKENS:
        return (1.0,) * len(parts)
    most = (CONTEXT_GOAL - _SLACK_TOKENS) / mean_tokens if mean_tokens else float("inf")
    cut = 0
    while True:
        free = len(parts) - cut
        left = _OF - (most * sum(_REQUESTS[free:]) if cut else 0.0)
        factor = left / sum(part * number for part, number in zip(parts[:free], _REQUESTS[:free], strict=True))
        if parts[free - 1] * factor <= most:
            return (*(part * factor for part in parts[:free]), *(most,) * cut)
        cut += 1


def _parts(sigma: float) -> Iterator[float]:
    """The mean of each part of a log-normal of the mean 1."""
    before, below = 0, 0.0
    for number in _REQUESTS:
        before += number
        until = 1.0 if before == _OF else normal.below(normal.at(before / _OF) - sigma)
        yield max((until - below) * _OF / number, _LEAST)
        below = until


def _tokens(mean: int, shape: Sequence[float]) -> Iterator[int]:
    """Tokens of each kind of request. What rounding leaves of one goes to the next, so that their mean is `mean`."""
    due, used = 0.0, 0
    for times, number in zip(shape[:-1], _REQUESTS[:-1], strict=True):
        due += mean * times * number
        tokens = max(0, (int(due) - used) // number)
        used += tokens * number
        yield tokens
    yield mean * _OF - used
