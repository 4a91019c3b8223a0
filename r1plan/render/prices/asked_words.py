"""The words for what a month asks: how many requests, how long, when, and what says so."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from r1plan.render.text.units import count, plain

if TYPE_CHECKING:
    from r1plan.plan.month.demand import Demand
    from r1plan.report.month.logged import ComparedWork, LoggedMonth
    from r1plan.report.month.tally import NotCounted


def asked_text(asked: ComparedWork) -> str:
    """What was asked for, in a sentence or two."""
    demand, logged = asked.demand, asked.logged
    rate = demand.requests_per_day
    many = "Requests" if rate is None else f"{plain(rate)} requests a day"
    entire, hit = demand.mean("input_tokens"), demand.mean("cache_hit_tokens")
    cached = f" ({hit / entire * 100:.0f} % cached)" if hit else ""
    lengths = (
        f"{many} of {entire:,.0f} tokens in{cached}, {demand.mean('thinking_tokens'):,.0f} of R1's thinking and "
        f"{demand.mean('answer_tokens'):,.0f} of answer on average"
    )
    if logged is None:
        return f"{lengths}, {hours_text(demand)}."
    return f"{lengths}, {hours_text(demand)}: by the log of {logged.month}, {logged_text(logged)}."


def hours_text(demand: Demand) -> str:
    """At which hours, and what says so."""
    share = demand.peak_hour_share
    whole = f"{share:.1f} times the requests" if share > 1 else f"{share * 100:.0f} %"
    peak = f"the busiest hour has {whole} of a mean day"
    if demand.hours_basis == "logged":
        return f"at the log's hours ({demand.timezone}; {peak})"
    return f"at assumed office hours ({demand.timezone}; {peak})"


def logged_text(logged: LoggedMonth) -> str:
    """What of a log counted, and what did not."""
    left = list(_left(logged.not_counted))
    text = f"{count(logged.requests, 'request')} in {logged.days:.0f} days"
    if not logged.is_enough:
        text += ", too few, so that what is assumed was blended in"
    if logged.thinking_unknown:
        text += f"; {logged.thinking_unknown:,} do not tell their thinking"
    return f"{text}; left out: {', '.join(left)}" if left else text


def _left(out: NotCounted) -> Iterator[str]:
    if out.failed:
        yield f"{out.failed:,} failed or broken off"
    if out.unfinished:
        yield f"{out.unfinished:,} not ended"
    if out.untold:
        yield f"{out.untold:,} without their tokens"
    if out.bad_lines:
        yield f"{count(out.bad_lines, 'line')} that are no rows"
