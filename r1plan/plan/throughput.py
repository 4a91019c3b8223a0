"""What many requests at once get of an engine: the time of a step that serves them all, and of reading prompts."""

from __future__ import annotations

from typing import Protocol

from r1plan.plan.basis import Basis
from r1plan.plan.speed import Bottleneck


class Throughput(Protocol):
    """How an option on one machine works on several requests at once. Times are expected ones, in seconds.

    A step makes one token for each request that is worked on. While prompts are read the engine does nothing else, or
    its steps take as much longer: either way `prompt_s` is time of the whole machine.
    """

    @property
    def most(self) -> int:
        """Requests that are worked on at once, at the option's context; more wait in a queue."""

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
