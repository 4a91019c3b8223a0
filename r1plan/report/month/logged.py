"""What the log of a month says of a workload: how many requests a day, how long, when, and who thinks how long.

The log is read once, whatever its size. Thinking is brought to R1's: what another model thought is divided by how many
times as long as R1 it is known to think, so that a plan can multiply it by that of any model.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from r1plan.ledger.asked import AskedBlock
from r1plan.plan.month.answers import ServedSpeed
from r1plan.plan.month.demand import Demand, RequestLength
from r1plan.plan.month.thinking import OwnThinking
from r1plan.plan.workload import Workload
from r1plan.report.month.tally import LoggedModel, MonthTally, NotCounted
from r1plan.report.month.week import week_shares
from r1plan.report.period import Period
from r1plan.route.forecast.lengths import PRIOR_WORTH
from r1plan.route.forecast.statistics import ENOUGH_ROWS, Source

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedMonth:
    """A month of one's own requests as a demand, and what a reader must know of where it is from.

    `requests` came in `days` of the month, those alone that came to their end. `thinking_unknown` of them do not say
    how much of the output was thinking: it was taken as in the others. `cache_share` of the input was cached.
    `speeds` are those of sellers that answered often enough, by provider and id.
    """

    month: str
    demand: Demand
    own: OwnThinking
    requests: int
    days: float
    models: tuple[LoggedModel, ...]
    cache_share: float
    speeds: Mapping[Source, ServedSpeed] = field(default_factory=dict)
    thinking_unknown: int = 0
    not_counted: NotCounted = field(default_factory=NotCounted)

    @property
    def is_enough(self) -> bool:
        """Whether the log alone says it; of fewer requests what is assumed was blended in."""
        return self.requests >= ENOUGH_ROWS


def logged_month(
    blocks: Iterable[AskedBlock],
    period: Period,
    now: datetime,
    serves: Mapping[Source, str],
    assumed: Demand,
) -> LoggedMonth | None:
    """What the requests of `blocks` that ended in `period`, a whole month, say; None where none of them can say it.

    `serves` is what each provider's ids are, `assumed` what is taken where the log says too little. Days are those that
    were over by `now`.
    """
    if period.start is None or period.until is None or period.month is None:
        raise ValueError("the month of a log has a beginning and an end")
    tally = MonthTally(period.start, period.until, period.timezone, serves)
    for block in blocks:
        tally.bad_lines += block.bad_lines
        for row in block.requests:
            tally.add(row)
    if not tally.requests:
        return None
    end = max(min(now, period.until), period.start + _DAY)
    days = (end - period.start) / _DAY
    lengths = tally.lengths(assumed)
    shares = week_shares(tally.hours, period.start, end, period.timezone, assumed.hour_shares, PRIOR_WORTH)
    if tally.requests < ENOUGH_ROWS:
        own = tally.requests / (tally.requests + PRIOR_WORTH)
        lengths = _blended(lengths, assumed.lengths, own)
    demand = Demand(
        lengths=lengths,
        hour_shares=shares,
        timezone=period.timezone,
        requests_per_day=tally.requests / days,
        basis="logged",
        hours_basis="logged" if tally.requests >= ENOUGH_ROWS else "assumed",
    )
    return LoggedMonth(
        month=period.month,
        demand=demand,
        own=tally.own_thinking(demand.mean("thinking_tokens")),
        requests=tally.requests,
        days=days,
        models=tally.by_model(),
        cache_share=tally.cached / tally.input if tally.input else 0.0,
        thinking_unknown=tally.thinking_unknown,
        speeds=tally.speeds(),
        not_counted=tally.not_counted,
    )


def _blended(own: Sequence[RequestLength], assumed: Sequence[RequestLength], share: float) -> tuple[RequestLength, ...]:
    """A few requests of one's own beside what is assumed of their output; prompts are one's own throughout."""
    entire, cached = (
        round(sum(each.share * getattr(each, part) for each in own)) for part in ("input_tokens", "cache_hit_tokens")
    )
    prompts = (each._replace(input_tokens=entire, cache_hit_tokens=min(cached, entire)) for each in assumed)
    return (
        *(each._replace(share=each.share * share) for each in own),
        *(each._replace(share=each.share * (1 - share)) for each in prompts),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedWork:
    """What is compared for: a month's demand, how long each model thinks on it, and the log that says it."""

    demand: Demand
    own: OwnThinking = field(default_factory=OwnThinking)
    logged: LoggedMonth | None = None

    def speed(self, provider: str, model: str, otherwise: ServedSpeed) -> ServedSpeed:
        """How fast `provider` answers as `model`: as it did in the log, where that has enough, else as `otherwise`."""
        return self.logged.speeds.get((provider, model), otherwise) if self.logged else otherwise


def with_logged(workload: Workload, logged: LoggedMonth) -> Workload:
    """`workload` as the log has it: means and month are `logged`; requests a day too, where a person said none."""
    demand = logged.demand
    if workload.requests_per_day is not None:
        demand = replace(demand, requests_per_day=workload.requests_per_day)
    return with_demand(workload, demand)


def with_demand(workload: Workload, demand: Demand) -> Workload:
    """`workload` with the month of `demand`, and its means."""
    entire = demand.mean("input_tokens")
    return replace(
        workload,
        input_tokens=max(1, round(entire)),
        cache_hit_share=min(1.0, demand.mean("cache_hit_tokens") / entire) if entire else 0.0,
        thinking_tokens=round(demand.mean("thinking_tokens")),
        answer_tokens=max(1, round(demand.mean("answer_tokens"))),
        requests_per_day=demand.requests_per_day,
        demand=demand,
    )
