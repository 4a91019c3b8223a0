"""What many requests at once get of an engine: the time of a step that serves them all, and of reading prompts."""

from __future__ import annotations

from typing import Protocol

from r1plan.plan.basis import Basis
from r1plan.plan.speed import Bottleneck
from r1plan.plan.workload import Workload


class Throughput(Protocol):
    """How an option on one machine works on several requests at once. Times are expected ones, in seconds.

    A step makes one token for each request that is worked on. While prompts are read the engine does nothing else, or
    its steps take as much longer: either way `prompt_s` is time of the whole machine.
    """

    @property
    def most(self) -> int:
        """Requests that are worked on at once; more wait in a queue.

        Where they share one cache, as many of the workload's lengths as it holds, and not of the whole context each.
        """

    @property
    def spread(self) -> float:
        """By how large a share the real times may be off."""

    @property
    def basis(self) -> Basis:
        """What the times rest on."""

    def step_s(self, at_once: int, depth: float) -> float:
        """Seconds of one step for `at_once` requests, from 1 to `most`, with `depth` tokens in the cache of each.

        It never falls as either grows, and step_s(n) / n never rises with n.
        """

    def prompt_s(self, tokens: float, depth: float = 0.0) -> float | None:
        """Seconds to read a prompt of `tokens` behind `depth` in the cache; None where that is not predicted."""

    def bottleneck(self, at_once: int, depth: float) -> Bottleneck:
        """What most of such a step goes to."""


def held_tokens(workload: Workload, thinking_over_r1: float) -> float:
    """Tokens that a request has in the cache when it ends: the mean over all that are at work at a moment.

    Long answers are at work for longer, so that they count by their length.
    """
    demand = workload.demand
    if demand is None:
        return workload.input_tokens + workload.thinking_of(thinking_over_r1) + workload.answer_tokens
    lengths = [
        (each.share, each.input_tokens, each.thinking_tokens * thinking_over_r1 + each.answer_tokens)
        for each in demand.lengths
    ]
    at_work = sum(share * output for share, _, output in lengths)
    if not at_work:
        return max((tokens + output for _, tokens, output in lengths), default=0.0)
    return sum(share * output * (tokens + output) for share, tokens, output in lengths) / at_work
