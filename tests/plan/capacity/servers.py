"""Servers and requests of every kind that capacity is tried on."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log
from statistics import NormalDist

from r1plan.plan.basis import Basis
from r1plan.plan.month.demand import Demand, RequestLength
from r1plan.plan.speed import Bottleneck

_CLOCK = range(168)
FLAT = tuple(1 / 168 for _ in _CLOCK)
_BUSY = [(9 if 9 <= hour % 24 < 17 else 3 if 7 <= hour % 24 < 22 else 1) for hour in range(120)] + [1.5] * 48
OFFICE = tuple(each / sum(_BUSY) for each in _BUSY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A `Throughput`: weights read once a step, arithmetic and cache for each request."""

    most: int
    weights_s: float
    each_s: float
    cached_token_s: float
    prompt_token_s: float | None
    spread: float = 0.2
    basis: Basis = "calibrated"

    def step_s(self, at_once: int, depth: float) -> float:
        work = max(self.weights_s, self.each_s * at_once)
        return 1.1 * work + self.cached_token_s * at_once * depth

    def prompt_s(self, tokens: float, depth: float = 0.0) -> float | None:
        return None if self.prompt_token_s is None else tokens * self.prompt_token_s * (1 + depth / 50_000)

    def bottleneck(self, at_once: int, depth: float) -> Bottleneck:
        return "gpu bandwidth" if self.weights_s > self.each_s * at_once else "gpu arithmetic"


ONE = Server(most=1, weights_s=0.02, each_s=0.001, cached_token_s=2e-7, prompt_token_s=5e-4)
SLOTS = Server(most=4, weights_s=0.02, each_s=0.003, cached_token_s=2e-7, prompt_token_s=5e-4)
SHARED = Server(most=4, weights_s=1e-4, each_s=0.02, cached_token_s=2e-7, prompt_token_s=5e-4)
MANY = Server(most=256, weights_s=0.012, each_s=3e-4, cached_token_s=2e-8, prompt_token_s=4e-5)
READER = Server(most=64, weights_s=0.02, each_s=5e-4, cached_token_s=2e-8, prompt_token_s=2e-3)
DEEP = Server(most=32, weights_s=0.01, each_s=2e-4, cached_token_s=3e-7, prompt_token_s=1e-4)


def skewed(input_tokens: int, output_tokens: int, p90_over_p50: float) -> tuple[RequestLength, ...]:
    """Log-normal outputs in twenty equal parts, of that mean."""
    normal = NormalDist()
    spread = log(p90_over_p50) / normal.inv_cdf(0.9)
    shapes = [exp(spread * normal.inv_cdf((number + 0.5) / 20)) for number in range(20)]
    outputs = [round(output_tokens * 20 * shape / sum(shapes)) for shape in shapes]
    return tuple(RequestLength(input_tokens, 0, max(each - 100, 0), 100, 0.05) for each in outputs)


ALIKE = (RequestLength(1_000, 0, 4_700, 700, 1.0),)
SKEWED = skewed(1_000, 5_400, 6.0)
TWO_KINDS = (RequestLength(500, 0, 100, 300, 0.8), RequestLength(4_000, 0, 20_000, 1_000, 0.2))
SHORT = skewed(2_000, 800, 2.0)


def asked(
    lengths: tuple[RequestLength, ...] = SKEWED,
    requests_per_day: float | None = None,
    hour_shares: tuple[float, ...] = FLAT,
) -> Demand:
    return Demand(
        lengths=lengths,
        hour_shares=hour_shares,
        timezone="UTC",
        requests_per_day=requests_per_day,
        basis="logged",
        hours_basis="logged",
    )
