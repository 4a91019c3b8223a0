"""What is asked of a model in a month: how long requests are, how many a day, and at which hours of the week."""

from __future__ import annotations

from dataclasses import dataclass
from math import fsum
from typing import Literal, NamedTuple

HOURS_A_WEEK = 168


class RequestLength(NamedTuple):
    """The tokens of one kind of request, and the share of all requests that it stands for.

    `cache_hit_tokens` are part of `input_tokens`: a prefix that was read before.
    """

    input_tokens: int
    cache_hit_tokens: int
    thinking_tokens: int
    answer_tokens: int
    share: float

    @property
    def output_tokens(self) -> int:
        """Thinking and answer together: both are generated, and billed, alike."""
        return self.thinking_tokens + self.answer_tokens

    @property
    def prompt_tokens(self) -> int:
        """What has to be read: the input but for what the cache holds."""
        return self.input_tokens - self.cache_hit_tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """The requests of a month.

    `lengths` have shares that add up to 1; their thinking is R1's. Where `basis` is "logged", that of another model was
    divided by how many times as long as R1 it thinks; `month.thinking` says what each model makes of it. `hour_shares`
    are the shares of a week's requests that begin in each of its 168 hours, Monday's first hour first, on the clock of
    `timezone` (an IANA name); they add up to 1 too.
    `requests_per_day` None: nobody said.
    """

    lengths: tuple[RequestLength, ...]
    hour_shares: tuple[float, ...]
    timezone: str
    requests_per_day: float | None
    basis: Literal["assumed", "given", "logged"]
    hours_basis: Literal["assumed", "logged"]

    def mean(self, part: Literal["input_tokens", "cache_hit_tokens", "thinking_tokens", "answer_tokens"]) -> float:
        """So many tokens of that part a request has on average."""
        return fsum(each.share * getattr(each, part) for each in self.lengths)

    @property
    def peak_hour_share(self) -> float:
        """The busiest hour's share of a mean day's requests: 1/24 where all hours are alike."""
        return max(self.hour_shares) * 7
