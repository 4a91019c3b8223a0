"""What a request may cost: the user's limits, less what is spent and what is set aside for others. Pure.

A month is one of UTC, as the logs are. What counts of a request that has ended says `ledger.month_sum.ended_usd`. One
that runs counts what is set aside for it; once it is silent for longer than a server may be, nobody may be there any
more to write its end, and it counts all that it can be billed, in its month for good.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from r1plan.catalog.budgets import Budgets, Whose, whose
from r1plan.engine.limits import ServerLimits
from r1plan.errors import OverBudget
from r1plan.ledger.entry import UsageEntry
from r1plan.ledger.months import LONGEST_REQUEST
from r1plan.money import small_usd
from r1plan.prices.book import EffectivePrice
from r1plan.prices.cost import EXACT
from r1plan.project_name import project_key

if TYPE_CHECKING:
    from r1plan.ledger.month_sum import MonthSpending
    from r1plan.ledger.requests import LoggedRequest

Scope = Literal["request", "month", "provider", "project"]

_NOTHING = Decimal(0)
_STALL = timedelta(seconds=ServerLimits().stall_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class SpendingLimits:
    """What the user allows: USD for one question, and for the months."""

    max_cost: Decimal | None = None
    budgets: Budgets | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """One limit in USD, and what of it is used. `name` is the provider or project of a limit that has one.

    `uncounted` requests have a cost that nobody knows; they are in neither sum.
    """

    scope: Scope
    limit_usd: Decimal
    spent_usd: Decimal = _NOTHING
    reserved_usd: Decimal = _NOTHING
    uncounted: int = 0
    name: str | None = None

    @property
    def left_usd(self) -> Decimal:
        """What may still be spent; below 0 where more was than is allowed."""
        return self.limit_usd - self.spent_usd - self.reserved_usd


def allowance_of_request(max_cost: Decimal, attempts: Iterable[UsageEntry]) -> Allowance:
    """What `--max-cost` leaves for a further attempt at a question, after the `attempts` that have ended.

    Each counts all that it may be billed.
    """
    known = [counted_usd(each) for each in attempts if each.provider != "local" or each.cost_usd is not None]
    spent = sum((each for each in known if each is not None), _NOTHING)
    return Allowance(scope="request", limit_usd=max_cost, spent_usd=spent, uncounted=known.count(None))


def allowances_of_month(
    budgets: Budgets,
    spending: MonthSpending,
    at: datetime,
    provider: str,
    project: str | None,
    without: str | None = None,
) -> tuple[Allowance, ...]:
    """Each monthly limit that a request of `project` at `provider` has to keep, of the UTC month of `at`.

    `spending` is that month's; the request `without`, which runs, is left out.
    """
    begun_before = [each for each in spending.begun_before if at - each.placed_at <= LONGEST_REQUEST]
    running = [
        (row, whose(row.provider, row.project)) for row in (*spending.running, *begun_before) if row.id != without
    ]

    def allowance(scope: Scope, limit_usd: Decimal, name: str | None, counts: Callable[[Whose], bool]) -> Allowance:
        ended = [its for who, its in spending.ended.items() if counts(who)]
        runs = [running_usd(row, at) for row, who in running if counts(who)]
        # What runs here and costs nothing that is known is nobody's money.
        unknown = sum(1 for row, who in running if counts(who) and row.provider != "local" and counted_usd(row) is None)
        return Allowance(
            scope=scope,
            limit_usd=limit_usd,
            spent_usd=sum((each.spent_usd for each in ended), _NOTHING),
            reserved_usd=sum((each.aside_usd for each in ended), sum((each or _NOTHING for each in runs), _NOTHING)),
            uncounted=sum(each.uncounted for each in ended) + unknown,
            name=name,
        )

    found = []
    if budgets.monthly_usd is not None:
        found.append(allowance("month", budgets.monthly_usd, None, lambda _who: True))
    own = whose(provider, project)
    for name, limit in budgets.providers.items():
        if name.casefold() == own[0]:
            found.append(allowance("provider", limit, name, lambda who: who[0] == own[0]))
    for name, limit in budgets.projects.items():
        if project_key(name) == own[1]:
            found.append(allowance("project", limit, name, lambda who: who[1] == own[1]))
    return tuple(found)


def running_usd(row: LoggedRequest, at: datetime) -> Decimal | None:
    """What a limit counts at `at` of a request that has not ended; None when nothing is known.

    A request of the future was begun while the clock was ahead; nobody knows how long ago.
    """
    known = [row.reserved_usd, row.cost_low_usd]
    if row.reserved_usd is None or not timedelta(0) <= at - row.started_at <= _STALL:
        known.append(row.cost_high_usd)
    return max((each for each in known if each is not None), default=None)


def counted_usd(row: LoggedRequest | UsageEntry) -> Decimal | None:
    """What `--max-cost` counts of an attempt that has ended: the most that it may be billed. None: nobody knows."""
    known = (row.cost_usd, row.reported_usd, row.cost_low_usd, row.cost_high_usd)
    return max((each for each in known if each is not None), default=row.reserved_usd)


def tightest(allowances: Iterable[Allowance]) -> Allowance | None:
    """The one that leaves least; None when there is no limit."""
    return min(allowances, key=lambda each: each.left_usd, default=None)


def output_room(limit_usd: Decimal, input_tokens_most: int, prices: Sequence[EffectivePrice]) -> int | None:
    """The most tokens that may be written within `limit_usd`, the dearest of `prices` in force; None without a price.

    The input counts as `input_tokens_most` fresh tokens. Below 0 where it alone may cost more.
    """
    rooms = []
    for each in prices:
        left = limit_usd - EXACT.multiply(each.per_token.miss, input_tokens_most)
        if left < 0:
            return -1
        if each.per_token.output:
            rooms.append(int(left // each.per_token.output))
    return min(rooms, default=None)


def least_usd(input_tokens_most: int, prices: Sequence[EffectivePrice]) -> Decimal | None:
    """What has to be set aside at least: the whole prompt as fresh tokens, and one token of an answer."""
    each_usd = [EXACT.add(EXACT.multiply(p.per_token.miss, input_tokens_most), p.per_token.output) for p in prices]
    return max(each_usd, default=None)


class TooDear(OverBudget):
    """`who` is to be asked and needs `need_usd`, which is more than `allowance` leaves."""

    def __init__(self, who: str, allowance: Allowance, need_usd: Decimal) -> None:
        hint = _CHEAPER if allowance.scope == "request" else _NEXT_MONTH
        super().__init__(f"{who} {shortfall_text(allowance, need_usd)}.", hint)
        self.who, self.allowance, self.need_usd = who, allowance, need_usd


def shortfall_text(allowance: Allowance, need_usd: Decimal) -> str:
    """What is missing, as the end of a sentence on who needs `need_usd` while `allowance` leaves less."""
    asked = f"may cost {small_usd(need_usd)}"
    used = f"{small_usd(allowance.spent_usd)} spent"
    if allowance.reserved_usd:
        used += f" and {small_usd(allowance.reserved_usd)} set aside for requests that run or broke off"
    left = f"{small_usd(max(allowance.left_usd, _NOTHING))} of {small_usd(allowance.limit_usd)} is left"
    if allowance.scope == "request":
        if allowance.spent_usd:
            return f"{asked}, and of --max-cost {left} ({used})"
        return f"{asked}, more than --max-cost {small_usd(allowance.limit_usd)}"
    whose = {
        "month": "this month",
        "provider": f"{allowance.name} this month",
        "project": f"'{allowance.name}' this month",
    }
    return f"{asked}, and of the budget for {whose[allowance.scope]} {left} ({used})"


def prompt_too_dear(allowance: Allowance, who: str, need_usd: Decimal) -> OverBudget:
    """The error for a prompt that alone needs more at `who` than `allowance` leaves."""
    hint = _CHEAPER if allowance.scope == "request" else _NEXT_MONTH
    return OverBudget(f"the prompt alone, at {who}, {shortfall_text(allowance, need_usd)}.", hint)


def unknown_cost(allowance: Allowance, who: str) -> OverBudget:
    """The error for a request whose cost nobody can tell, where `--max-cost` is to be kept."""
    return OverBudget(
        f"what {who} costs is not known, so --max-cost {small_usd(allowance.limit_usd)} cannot be kept.",
        "add its price (r1plan prices --help), leave --max-cost out, or ask here: --local",
    )


_NEXT_MONTH = "raise it in budgets.yaml, ask a cheaper provider, or ask here: --local. Months are those of UTC."
_CHEAPER = "raise --max-cost, lower --max-tokens, ask a cheaper provider, or ask here: --local"
