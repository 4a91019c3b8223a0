"""`--from-logs`: what one's own log of a month says of a workload."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from r1plan.catalog.provider import Provider
    from r1plan.errors import UsageError
    from r1plan.plan.workload import Workload
    from r1plan.report.month.logged import ComparedWork, LoggedMonth

_NAMED_MONTHS = 6
_LENGTHS = {
    "input_tokens": "--input-tokens",
    "cache_hit": "--cache-hit",
    "thinking_tokens": "--thinking-tokens",
    "answer_tokens": "--answer-tokens",
}


def month_from_logs(month: str, workload: Workload) -> LoggedMonth:
    """What the log of `month`, YYYY-MM on this computer's clock, says; `workload` is taken where that is too little.

    Raises UsageError for what is no month, and for one that the log does not hold; LogError where it cannot be read.
    """
    from r1plan.catalog.load import load_providers
    from r1plan.cli.local_zone import local_zone
    from r1plan.cli.offers import month_of
    from r1plan.errors import LogError, UsageError
    from r1plan.ledger.asked import asked_requests
    from r1plan.report.logs import monthly_logs
    from r1plan.report.month.logged import logged_month
    from r1plan.report.period import whole_month
    from r1plan.settings import directories

    folder = directories().logs
    try:
        period = whole_month(month, local_zone())
    except UsageError as error:
        raise UsageError(f"--from-logs {error.message}", error.hint) from None
    logs = monthly_logs(folder, period)
    try:
        found = logged_month(
            asked_requests(logs), period, datetime.now(UTC), served(load_providers().values()), month_of(workload)
        )
    except OSError as error:
        raise LogError(f"the usage log in {folder} cannot be read: {error.strerror or error}.") from error
    if found is None:
        raise _nothing(month, folder)
    return found


def compared_work(workload: Workload, month: str | None) -> ComparedWork:
    """What `workload` asks in a month, or, of `month` where that is given, what the log says.

    Raises UsageError for what cannot be meant, and where a person gave lengths beside a log.
    """
    from dataclasses import replace

    from r1plan.cli.offers import month_of
    from r1plan.cli.options.given import is_given
    from r1plan.plan.workload import checked_workload
    from r1plan.report.month.logged import ComparedWork

    workload = checked_workload(workload)
    given = [option for name, option in _LENGTHS.items() if is_given(name)]
    if month is None:
        return ComparedWork(demand=month_of(workload, is_given=bool(given)))
    check_alone(month, given)
    logged = month_from_logs(month, workload)
    demand = logged.demand
    if workload.requests_per_day is not None:
        demand = replace(demand, requests_per_day=workload.requests_per_day)
    return ComparedWork(demand=demand, own=logged.own, logged=logged)


def check_alone(month: str, given: Sequence[str]) -> None:
    """Raise UsageError where options that say how long requests are were `given` beside a log that says it."""
    from r1plan.errors import UsageError

    if given:
        raise UsageError(
            f"--from-logs {month} and {given[0]} both say how long requests are.", "leave one of them out."
        )


def served(providers: Iterable[Provider]) -> dict[tuple[str, str], str]:
    """What answers under each id and alias of `providers`, by provider and name."""
    return {
        (provider.id, name): offer.serves
        for provider in providers
        for offer in provider.offers
        if offer.answers
        for name in offer.names
    }


def _nothing(month: str, folder: Path) -> UsageError:
    """The error for a month of which the log holds no request that came to its end."""
    from r1plan.errors import UsageError
    from r1plan.ledger.months import month_logs

    months = [path.stem for path in month_logs(folder)]
    hint = f"{folder} holds no log yet: `r1plan chat` writes one"
    if months:
        hint = f"{folder} has {', '.join(months[-_NAMED_MONTHS:])}"
    return UsageError(f"--from-logs {month}: the log holds no request of that month that came to its end.", hint)
