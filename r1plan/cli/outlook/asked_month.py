"""The month that `recommend` is asked about: what its options say, or what a log has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from r1plan.cli.offers import month_of
from r1plan.cli.options.given import is_given
from r1plan.plan.month.thinking import NO_LOG, OwnThinking
from r1plan.plan.workload import Workload, checked_workload

if TYPE_CHECKING:
    from r1plan.plan.month.answers import ServedSpeed
    from r1plan.plan.month.demand import Demand

_LENGTHS = ("input_tokens", "cache_hit", "thinking_tokens", "answer_tokens")


class AskedMonth(NamedTuple):
    """A workload with what its month asks, and what a log says of models' thinking and of sellers' speeds."""

    workload: Workload
    demand: Demand
    own: OwnThinking = NO_LOG
    speeds: Mapping[tuple[str, str], ServedSpeed] = {}
    said: str = ""
    """What the log says in a sentence, to be told behind the answer; empty without a log."""


def asked_month(workload: Workload, from_logs: str | None) -> AskedMonth:
    """The month of `workload`, or what the log of the month `from_logs`, YYYY-MM, says.

    Raises UsageError for a month that the log has not, and for lengths beside it.
    """
    if from_logs is None:
        demand = month_of(workload, is_given=any(map(is_given, _LENGTHS)))
        return AskedMonth(replace(workload, demand=demand), demand)
    from r1plan.cli.from_logs import compared_work
    from r1plan.render.prices.asked_words import asked_text
    from r1plan.report.month.logged import with_logged

    work = compared_work(workload, from_logs)
    if work.logged is None:
        return AskedMonth(replace(workload, demand=work.demand), work.demand)
    found = checked_workload(with_logged(workload, work.logged))
    return AskedMonth(found, work.demand, work.own, work.logged.speeds, asked_text(work))
