"""What many requests at once get of a server."""

from __future__ import annotations

from r1plan.plan.basis import Basis
from r1plan.plan.capacity.throughput import held_tokens
from r1plan.plan.plan import Plan
from r1plan.plan.serving.engine import ServingEngine
from r1plan.plan.serving.option import ServingOption
from r1plan.plan.serving.speed.causes import ServedWork
from r1plan.plan.serving.speed.timing import ServedTime
from r1plan.plan.speed import Bottleneck


class ServedThroughput:
    """See `Throughput`: many requests at once to one option of a server. `most` are those that its cache holds."""

    def __init__(self, time: ServedTime, most: int) -> None:
        self._time, self.most = time, most

    @property
    def spread(self) -> float:
        """By how large a share the real times may be off."""
        return self._time.spread

    @property
    def basis(self) -> Basis:
        """What the times rest on."""
        return self._time.basis

    def step_s(self, at_once: int, depth: float) -> float:
        """Seconds of one step, in which each of `at_once` requests gets a token."""
        return self._time.step_s(at_once, depth)

    def prompt_s(self, tokens: float, depth: float = 0.0) -> float | None:
        """Seconds of all cards to read a prompt; one that is cut into pieces takes as long in all."""
        return self._time.prompt_s(tokens, depth)

    def bottleneck(self, at_once: int, depth: float) -> Bottleneck:
        """What most of such a step goes to."""
        parts = self._time.step_parts(at_once, depth)
        return max(parts, key=lambda what: parts[what])


def served_time(engine: ServingEngine, option: ServingOption) -> ServedTime:
    """The times of an option of `engine`."""
    model, parallel, gpu = option.model, option.parallel, option.gpus[0]
    reads = engine.step_reads(model, option.dtype, parallel)
    work = ServedWork(model, parallel, gpu, option.settings.kv_type, reads, option.computed)
    return ServedTime(work, engine.server)


def served_throughput(engine: ServingEngine, plan: Plan[ServingOption], option: ServingOption) -> ServedThroughput:
    """What many requests of the workload of `plan` get of one of its options."""
    return ServedThroughput(served_time(engine, option), _most(plan, option))


def _most(plan: Plan[ServingOption], option: ServingOption) -> int:
    """As many of the workload's length as the cache holds, and no more than the server is told to let in."""
    tokens = min(held_tokens(plan.workload, option.quality.thinking_over_r1), option.context)
    held = option.memory.users(max(round(tokens), 1))
    let_in = option.settings.sequences
    return max(held if let_in is None else min(held, let_in * option.parallel.data), 1)
