"""What a person wants to do: how much context, how fast, how often, and what matters most."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from r1plan.errors import UsageError
from r1plan.plan.bounds import above_zero, at_most, not_negative
from r1plan.plan.month.demand import Demand
from r1plan.prices.usage import Usage

Objective = Literal["balanced", "quality", "speed", "cost"]

# R1's own evaluations allow 32,768 generated tokens, and R1-0528 averages 23,000 a question on AIME 2025 (model card).
# Under an eighth, thinking is cut off more often than not.
CONTEXT_GOAL = 32_768
CONTEXT_LEAST = 4_096

# The share of requests that keep the limits asked of each: nine in ten, as --slo-ttft and --slo-tok-s are meant.
SERVED_SHARE = 0.9

# Far above what anyone means: a day has 86,400 seconds, the longest context is 163,840 tokens.
MOST = 1e9
_MOST_USD_PER_KWH = 1e4
_MOST_USERS = 1e6
_MOST_MINUTES = 1e6  # two years


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """What one request looks like and how many there are a day.

    `min_tok_s` None: any speed that the patience allows. `depths` are tokens already in
    the cache at which decoding speed is predicted, besides 0 and the middle of a typical answer.
    `thinking_tokens` default to what R1 spends on a moderate problem (arXiv 2501.18576: 4,718 on hard MATH problems),
    `answer_tokens` to R1's mean summary on ArenaHard (689, R1 paper).

    `users` are at work at once. `slo_ttft_s` is the longest that the first token may take, `slo_tok_s` the fewest
    tokens a second that each of them may get, and `patience_min` how many minutes a typical answer may take; None: by
    the objective. `demand` is what a month asks in full; None: what these means say.
    """

    objective: Objective = "balanced"
    min_tok_s: float | None = None
    requests_per_day: float | None = None
    input_tokens: int = 1_000
    cache_hit_share: float = 0.0
    thinking_tokens: int = 4_700
    answer_tokens: int = 700
    power_usd_per_kwh: float | None = None
    depths: tuple[int, ...] = ()
    users: int | None = None
    slo_ttft_s: float | None = None
    slo_tok_s: float | None = None
    patience_min: float | None = None
    demand: Demand | None = None

    @property
    def output_tokens(self) -> int:
        """Thinking and answer together: both are generated, and billed, alike."""
        return self.thinking_tokens + self.answer_tokens

    @property
    def usage(self) -> Usage:
        """One request to R1 as it is billed."""
        return self.usage_at(1.0)

    def usage_at(self, thinking_over_r1: float) -> Usage:
        """One request as it is billed, to a model that thinks so many times as long as R1."""
        thinking = self.thinking_of(thinking_over_r1)
        return Usage(
            input_tokens=self.input_tokens,
            cache_hit_tokens=int(self.input_tokens * self.cache_hit_share),
            output_tokens=thinking + self.answer_tokens,
            thinking_tokens=thinking,
        )

    def thinking_of(self, thinking_over_r1: float) -> int:
        """The tokens of thinking of such a model."""
        return round(self.thinking_tokens * thinking_over_r1)

    @property
    def typical_depth(self) -> int:
        """The mean number of tokens in the cache while a typical answer is generated."""
        return self.input_tokens + self.output_tokens // 2


def checked_workload(workload: Workload) -> Workload:
    """`workload`, when it can be meant. Raises UsageError, which names the option and its value."""
    if not 0 <= workload.cache_hit_share <= 1:
        raise UsageError(
            f"--cache-hit {workload.cache_hit_share:g}: expected a share from 0 to 1.", "such as --cache-hit 0.5"
        )
    above_zero(
        ("--min-speed", workload.min_tok_s),
        ("--requests-per-day", workload.requests_per_day),
        ("--input-tokens", workload.input_tokens),
        ("--answer-tokens", workload.answer_tokens),
        ("--users", workload.users),
        ("--slo-ttft", workload.slo_ttft_s),
        ("--slo-tok-s", workload.slo_tok_s),
        ("--patience", workload.patience_min),
    )
    not_negative(
        ("--thinking-tokens", workload.thinking_tokens),
        ("--power-price", workload.power_usd_per_kwh),
        *(("--depth", depth) for depth in workload.depths),
    )
    at_most(
        MOST,
        ("--min-speed", workload.min_tok_s),
        ("--requests-per-day", workload.requests_per_day),
        ("--input-tokens", workload.input_tokens),
        ("--thinking-tokens", workload.thinking_tokens),
        ("--answer-tokens", workload.answer_tokens),
        ("--slo-ttft", workload.slo_ttft_s),
        ("--slo-tok-s", workload.slo_tok_s),
        *(("--depth", depth) for depth in workload.depths),
    )
    at_most(_MOST_USERS, ("--users", workload.users))
    at_most(_MOST_MINUTES, ("--patience", workload.patience_min))
    at_most(_MOST_USD_PER_KWH, ("--power-price", workload.power_usd_per_kwh))
    return workload
