"""How long an answer takes: the typical one, and over all lengths that answers have and speeds that are expected."""

from __future__ import annotations

from collections.abc import Sequence
from math import erf, exp, log, sqrt
from typing import NamedTuple

from r1plan.plan.month.demand import RequestLength
from r1plan.plan.plan import PlannedOption
from r1plan.plan.speed import DecodeSpeed, Speed
from r1plan.plan.workload import Workload

_Z95 = 1.6449  # a speed's range is taken to hold nine times in ten: the low end is passed 95 times in 100
_HALVINGS = 26


class AnswerTime(NamedTuple):
    """Seconds from the question to the end of the answer, thinking included, with nothing else running.

    `typical_s` is what an answer of the workload's own lengths takes at the expected speed: `output_tokens` are
    generated then, as the workload's thinking is R1's, and a model that thinks longer generates more. Half of all
    answers take at most `p50_s`, nine of ten at most `p90_s`: some are short and some long, and the speed may be
    anywhere in its range.
    """

    typical_s: float
    p50_s: float
    p90_s: float
    output_tokens: int


class Timed(NamedTuple):
    """One thing that may come, how long it takes if all is as expected, and its share of all that comes."""

    seconds: float
    share: float


def answer_time(option: PlannedOption, workload: Workload) -> AnswerTime | None:
    """What `option` needs for a request of `workload`; None for what does not fit.

    Reading the prompt is left out where its speed is not predicted.
    """
    if not option.fits:
        return None
    speed, longer = option.speed, option.quality.thinking_over_r1
    typical = typical_length(workload)
    expected = _seconds(speed, typical, longer, 1)
    slowest, fastest = _seconds(speed, typical, longer, 0), _seconds(speed, typical, longer, 2)
    demand = workload.demand
    lengths = (typical,) if demand is None else demand.lengths
    times = [Timed(_seconds(speed, each, longer, 1), each.share) for each in lengths]
    half, most = (quantile(times, level, slower=slowest / expected, faster=fastest / expected) for level in (0.5, 0.9))
    return AnswerTime(expected, half, most, _output(typical, option.quality.thinking_over_r1))


def answer_seconds(option: PlannedOption, workload: Workload) -> float:
    """`typical_s` alone: what the choice goes by. `option` need not fit."""
    return _seconds(option.speed, typical_length(workload), option.quality.thinking_over_r1, 1)


def typical_length(workload: Workload) -> RequestLength:
    """The workload's own lengths as one request; its thinking is R1's."""
    usage = workload.usage
    return RequestLength(
        usage.input_tokens, usage.cache_hit_tokens or 0, workload.thinking_tokens, workload.answer_tokens, 1.0
    )


def quantile(times: Sequence[Timed], level: float, *, slower: float = 1.0, faster: float = 1.0) -> float:
    """The seconds that a share `level` of `times` does not pass, where all may take up to `slower` or `faster` times.

    Both are of the ends of an interval that holds nine times in ten, `slower` at least 1 and `faster` at most 1; what
    lies between is log-normal on either side.
    """
    above, below = log(slower) / _Z95, -log(faster) / _Z95
    if above <= 0 or below <= 0:
        return _ordered(times, level)
    ends = [each.seconds for each in times if each.seconds > 0]
    if not ends:
        return 0.0
    low, high = log(min(ends)) - 5 * below, log(max(ends)) + 5 * above
    logs = [(log(each.seconds) if each.seconds > 0 else low, each.share) for each in times]
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        reached = 0.0
        for one, share in logs:
            off = middle - one
            reached += share * (0.5 + 0.5 * erf(off / ((above if off > 0 else below) * sqrt(2))))
        low, high = (low, middle) if reached >= level else (middle, high)
    return exp(high)


def _ordered(times: Sequence[Timed], level: float) -> float:
    reached = 0.0
    for each in sorted(times):
        reached += each.share
        if reached >= level - 1e-9:
            return each.seconds
    return max(times).seconds


def _seconds(speed: Speed, length: RequestLength, longer: float, end: int) -> float:
    """What one request takes at the low (0), expected (1) or high (2) end of the speeds."""
    output = _output(length, longer)
    generated = output * token_seconds(speed.decode, length.input_tokens + output / 2, end)
    return prompt_seconds(speed, length, end) + generated


def prompt_seconds(speed: Speed, length: RequestLength, end: int = 1) -> float:
    """What reading the prompt takes at that `end` of the speeds; 0 where that is not predicted."""
    read = speed.prefill_at(length.cache_hit_tokens + length.prompt_tokens // 2)
    return length.prompt_tokens / read[end] if read is not None and read[end] else 0.0


def _output(length: RequestLength, longer: float) -> int:
    return round(length.thinking_tokens * longer) + length.answer_tokens


def token_seconds(decode: Sequence[DecodeSpeed], depth: float, end: int = 1) -> float:
    """Seconds a token that deep in the cache: on the line through the two predicted depths around it or next to it."""
    known = sorted(decode)
    if len(known) == 1:
        return 1 / known[0].tok_s[end]
    above = min((place for place, each in enumerate(known) if each.depth >= depth and place), default=len(known) - 1)
    one, other = known[above - 1], known[above]
    first, second = 1 / one.tok_s[end], 1 / other.tok_s[end]
    return max(first + (second - first) * (depth - one.depth) / (other.depth - one.depth), min(first, second))
