"""What the requests of a demand are for a server: prompts to read, tokens to make, and how long either takes."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import NamedTuple

from r1plan.plan.capacity.throughput import Throughput
from r1plan.plan.month.demand import RequestLength

_MOST_KINDS = 32  # more lengths than this are joined with their like
_ALL_COUNTED = 16  # up to so many at once each step is asked for, beyond at distances of an eighth


class Job(NamedTuple):
    """One kind of request: seconds to read its prompt, tokens to make at which mean depth; its share of all.

    `alone_s` is what it takes with nothing else running.
    """

    prompt_s: float
    output: float
    depth: float
    alone_s: float
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Jobs:
    """The requests of a demand on one server that works on up to `most` at once.

    `steps_s[n]` are the seconds of a step with n at work, at the mean depth over all tokens that are made, and
    `rates[n]` the requests a second that end while n are kept at work. `prompt_s`, `output` and `depth` are means;
    `depth_spread` is the depths' standard deviation, `variation` the variance of what requests take alone over the
    square of its mean. `reads_predicted` says that the times of the prompts are.
    """

    throughput: Throughput
    kinds: tuple[Job, ...]
    most: int
    prompt_s: float
    output: float
    depth: float
    depth_spread: float
    steps_s: tuple[float, ...]
    rates: tuple[float, ...]
    variation: float
    reads_predicted: bool

    def step_s(self, at_once: float) -> float:
        """Seconds of a step with so many at work on average."""
        below = min(int(at_once), self.most)
        above = min(below + 1, self.most)
        return self.steps_s[below] + (at_once - below) * (self.steps_s[above] - self.steps_s[below])

    def works_s(self, places: int) -> list[tuple[float, float]]:
        """The share of each kind, and the machine's own seconds that it takes while all of so many places are taken."""
        return [
            (each.share, each.prompt_s + each.output * self.throughput.step_s(places, each.depth) / places)
            for each in self.kinds
        ]

    def stays_s(self, places: int) -> list[tuple[float, float]]:
        """How long each kind holds one of so many places, all taken: the others' prompts are read between its steps."""
        others = places - 1
        read_s = others * self.prompt_s / self.output
        return [
            (each.share, each.prompt_s + each.output * (read_s + self.throughput.step_s(places, depth)))
            for each in self.kinds
            for depth in [(each.depth + others * self.depth) / places]
        ]


def jobs_of(throughput: Throughput, lengths: Sequence[RequestLength], thinking_over_r1: float) -> Jobs:
    """The requests of `lengths` on `throughput`, where the model thinks so many times as long as they say.

    A prompt whose time is not predicted is taken to be read no faster than as many tokens are made by a full batch.
    """
    most = throughput.most
    kinds = _joined([_job(throughput, each, thinking_over_r1) for each in lengths if each.share > 0])
    output = sum(each.share * each.output for each in kinds)
    prompt_s = sum(each.share * each.prompt_s for each in kinds)
    depth = sum(each.share * each.output * each.depth for each in kinds) / output
    variance = sum(each.share * each.output * ((each.depth - depth) ** 2 + each.output**2 / 12) for each in kinds)
    alone_s = sum(each.share * each.alone_s for each in kinds)
    steps_s = _steps(throughput, depth)
    return Jobs(
        throughput=throughput,
        kinds=kinds,
        most=most,
        prompt_s=prompt_s,
        output=output,
        depth=depth,
        depth_spread=sqrt(variance / output),
        steps_s=steps_s,
        rates=(0.0, 1 / alone_s, *(1 / (prompt_s + output * steps_s[each] / each) for each in range(2, most + 1))),
        variation=sum(each.share * (each.alone_s / alone_s - 1) ** 2 for each in kinds),
        reads_predicted=throughput.prompt_s(1) is not None,
    )


def _job(throughput: Throughput, length: RequestLength, thinking_over_r1: float) -> Job:
    output = max(length.thinking_tokens * thinking_over_r1 + length.answer_tokens, 1.0)
    depth = length.input_tokens + output / 2
    tokens = max(length.prompt_tokens, 1)
    prompt_s = throughput.prompt_s(tokens, length.cache_hit_tokens)
    if prompt_s is None:
        prompt_s = tokens * throughput.step_s(throughput.most, length.input_tokens) / throughput.most
    return Job(prompt_s, output, depth, prompt_s + output * throughput.step_s(1, depth), length.share)


def _joined(jobs: Sequence[Job]) -> tuple[Job, ...]:
    """At most _MOST_KINDS of them, neighbours in length joined at their means."""
    ordered = sorted(jobs, key=lambda each: (each.output, each.prompt_s))
    total = sum(each.share for each in ordered)
    groups: list[list[Job]] = [[] for _ in range(_MOST_KINDS)]
    if len(ordered) <= _MOST_KINDS:
        return tuple(each._replace(share=each.share / total) for each in ordered)
    before = 0.0
    for each in ordered:
        groups[min(int((before + each.share / 2) / total * _MOST_KINDS), _MOST_KINDS - 1)].append(each)
        before += each.share
    return tuple(_mean(group, total) for group in groups if group)


def _mean(jobs: Sequence[Job], total: float) -> Job:
    share = sum(each.share for each in jobs)
    output = sum(each.share * each.output for each in jobs) / share
    return Job(
        prompt_s=sum(each.share * each.prompt_s for each in jobs) / share,
        output=output,
        depth=sum(each.share * each.output * each.depth for each in jobs) / share / output,
        alone_s=sum(each.share * each.alone_s for each in jobs) / share,
        share=share / total,
    )


def _steps(throughput: Throughput, depth: float) -> tuple[float, ...]:
    """The steps' seconds by the number at work; those between two that are asked for lie on a line between them."""
    most = throughput.most
    asked = list(range(1, min(most, _ALL_COUNTED) + 1))
    while asked[-1] < most:
        asked.append(min(most, asked[-1] + asked[-1] // 8))
    known = [throughput.step_s(each, depth) for each in asked]
    steps = [0.0]
    for at_once in range(1, most + 1):
        place = bisect_left(asked, at_once)
        if asked[place] == at_once:
            steps.append(known[place])
            continue
        low, high = asked[place - 1], asked[place]
        part = (at_once - low) / (high - low)
        steps.append(known[place - 1] + part * (known[place] - known[place - 1]))
    return tuple(steps)
