"""A served layout's times: its causes by an engine's rates, added up, and what most of them goes to."""

from __future__ import annotations

from r1plan.plan.basis import Basis
from r1plan.plan.serving.capability import generation_of
from r1plan.plan.serving.speed.causes import ServedWork
from r1plan.plan.serving.speed.era import ModelKind, ServerName
from r1plan.plan.serving.speed.fitted import SPREADS
from r1plan.plan.serving.speed.rates import ServerRates, rates_of
from r1plan.plan.speed import Bottleneck

# Cards, types and ways to share them that no measured server has are off by so many times as much; assumed.
_BEYOND = 1.5

# What is said of each cause, in the order of StepCauses.
_CALLED: tuple[Bottleneck, ...] = (
    "gpu bandwidth",
    "gpu bandwidth",
    "gpu arithmetic",
    "reading the cache",
    "reading the cache",
    "link between cards",
    "link between cards",
    "gpu layers' fixed cost",
    "gpu layers' fixed cost",
    "link between cards",
    "link between cards",
    "server's own work",
    "server's own work",
    "gpu bandwidth",
)


class ServedTime:
    """How long one layout takes by the rates of a server."""

    def __init__(self, work: ServedWork, server: ServerName) -> None:
        kind: ModelKind = "dense" if work.model.shape.experts is None else "mixture"
        self.work = work
        self.rates: ServerRates = rates_of(server, kind)
        parallel = work.parallel
        measured_cards = work.gpu.gpu_class == "nvidia-datacentre" and generation_of(work.gpu) in (
            "hopper",
            "blackwell",
        )
        shared = parallel.pipeline > 1 or parallel.context > 1 or parallel.machines > 1
        is_fitted = measured_cards and not shared and not work.computed.weight_only
        self.basis: Basis = "calibrated" if is_fitted and kind == "dense" else "assumed"
        self.spread = SPREADS[kind] * (1.0 if is_fitted else _BEYOND)

    def step_parts(self, users: float, depth: float) -> dict[Bottleneck, float]:
        """The seconds of a step for `users` with `depth` tokens in the cache of each, by what they go to."""
        found: dict[Bottleneck, float] = {}
        for called, cause, rate in zip(_CALLED, self.work.step(users, depth), self.rates.step, strict=True):
            if seconds := cause * rate:
                found[called] = found.get(called, 0.0) + seconds
        return found

    def step_s(self, users: float, depth: float) -> float:
        """All of it."""
        causes = self.work.step(users, depth)
        return sum(cause * rate for cause, rate in zip(causes, self.rates.step, strict=True))

    def prompt_s(self, tokens: float, depth: float = 0.0) -> float | None:
        """Seconds that a prompt of `tokens` behind `depth` in the cache takes; None where that is not known.

        However short it is, a step is made for it.
        """
        causes = self.work.prompt(tokens, depth)
        if causes is None:
            return None
        read = sum(cause * rate for cause, rate in zip(causes, self.rates.prompt, strict=True))
        return max(read, self.step_s(1, 0.0)) if tokens > 0 else 0.0
