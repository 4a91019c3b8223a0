"""Sets money aside for a request before it is sent, in one step with its first row, and more where it outgrows that."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from r1plan.engine.chat import ChatRequest
from r1plan.errors import LogError, OverBudget
from r1plan.ledger.entry import UsageEntry
from r1plan.ledger.usage_log import UsageLog
from r1plan.prices.book import EffectivePrice
from r1plan.route.execution.record import Labels, prices_from, unbounded_start, with_bounds
from r1plan.route.execution.target import AttemptTarget
from r1plan.route.spending.bounds import begun, longest_input_tokens
from r1plan.route.spending.budget import (
    Allowance,
    SpendingLimits,
    allowance_of_request,
    allowances_of_month,
    least_usd,
    output_room,
    over_budget,
    tightest,
    unknown_cost,
)

if TYPE_CHECKING:
    from r1plan.ledger.requests import MonthRow

# A server may refuse a limit that is longer than its model's own; where that is not known, only a short one is sent.
_EVERY_MODEL_WRITES = 8192


@dataclass(slots=True, kw_only=True)
class Reserved:
    """A request that may be sent, and its first row, which is written.

    `request` is what to send: its `max_tokens` is lower where the money allows no more, and then `capped`. No more than
    `output_most` tokens may come, and no more than `limit_usd` may be spent; None: no limit, or none that can be told
    so. `uncounted` says why a monthly budget will not count this request. `log_error`: why there is no row.
    """

    entry: UsageEntry
    request: ChatRequest
    capped: bool = False
    output_most: int | None = None
    limit_usd: Decimal | None = None
    uncounted: str | None = None
    log_error: LogError | None = None
    prices: tuple[EffectivePrice, ...] = field(default=(), repr=False)
    input_tokens_most: int = 0


class SpendReservation:
    """What may be spent on one question. `log` says what other processes have spent and set aside, and learns of this.

    Where there is a monthly budget, the look at the log and the new row are one step, so that runs at the same time see
    one another: each may write until its own part is used up, and then sets more aside if there is more.
    """

    def __init__(self, limits: SpendingLimits, log: UsageLog, labels: Labels, now: Callable[[], datetime]) -> None:
        self._limits = limits
        self._log = log
        self._labels = labels
        self._now = now

    def admit(
        self, id_: str, attempt_of: str | None, leg: AttemptTarget, request: ChatRequest, before: Sequence[UsageEntry]
    ) -> Reserved:
        """Set aside what `leg` needs and write the first row. `before` are the attempts that the question has cost.

        Raises OverBudget, and LogError where a monthly budget cannot be kept without the log; nothing is written then.
        """
        at = self._now()

        entry = leg.mark(unbounded_start(id_, leg.provider, leg.model, self._labels, at))
        prices = prices_from(at, entry, request, leg.price_for)
        read = leg.input_tokens_most or longest_input_tokens(request)
        known = [each for each in (leg.reserve_usd, least_usd(read, prices)) if each is not None]
        entry = replace(entry, attempt_of=attempt_of, reserved_usd=max(known, default=None))
        admitted = Reserved(
            entry=with_bounds(entry, begun(request, prices)), request=request, prices=prices, input_tokens_most=read
        )

        def decide(rows: Sequence[MonthRow]) -> UsageEntry:
            self._decide(admitted, leg, self._allowances(leg.provider, rows, at, before))
            if admitted.capped:
                admitted.entry = with_bounds(entry, begun(admitted.request, prices))
            return admitted.entry

        if self._limits.budgets is not None:
            self._log.append_once_decided(at, decide)
        else:
            decide(())
            try:
                self._log.append(admitted.entry)
            except LogError as error:
                admitted.log_error = error
        return admitted

    def affords(self, leg: AttemptTarget, before: Sequence[UsageEntry]) -> bool:
        """Whether `leg` could be admitted as things are; nothing is written and nothing is set aside."""
        at = self._now()
        rows = self._log.this_month(at) if self._limits.budgets is not None else ()
        try:
            _check(leg, self._allowances(leg.provider, rows, at, before))
        except OverBudget:
            return False
        return True

    def more(self, admitted: Reserved, before: Sequence[UsageEntry]) -> int | None:
        """Set twice as much aside for a request that has used up its part, or what is left; the tokens that may come.

        None: there is no more, or there is no monthly budget and all there is was allowed at the start.
        """
        entry, at = admitted.entry, self._now()
        had = entry.reserved_usd
        if self._limits.budgets is None or had is None:
            return None

        def decide(rows: Sequence[MonthRow]) -> UsageEntry:
            left = tightest(self._allowances(entry.provider, rows, at, before, without=entry.id))
            reserved = had * 2 if left is None else min(had * 2, left.left_usd)
            if reserved <= had:
                raise OverBudget("nothing more is left.")
            return replace(entry, reserved_usd=reserved)

        try:
            admitted.entry, _ = self._log.append_once_decided(at, decide)
        except (OverBudget, LogError):
            return None
        return output_room(admitted.entry.reserved_usd or had, admitted.input_tokens_most, admitted.prices)

    def _allowances(
        self,
        provider: str,
        rows: Sequence[MonthRow],
        at: datetime,
        before: Sequence[UsageEntry],
        without: str | None = None,
    ) -> tuple[Allowance, ...]:
        found: tuple[Allowance, ...] = ()
        if self._limits.max_cost is not None:
            found = (allowance_of_request(self._limits.max_cost, before),)
        if self._limits.budgets is not None:
            found += allowances_of_month(self._limits.budgets, rows, at, provider, self._labels.project, without)
        return found

    def _decide(self, admitted: Reserved, leg: AttemptTarget, allowances: Sequence[Allowance]) -> None:
        _check(leg, allowances)
        least = tightest(allowances)
        if least is None:
            return
        admitted.limit_usd = least.left_usd
        monthly = any(each.scope != "request" for each in allowances)
        if monthly and leg.provider != "local":
            admitted.uncounted = self._uncounted(leg, admitted)
        room = output_room(least.left_usd, admitted.input_tokens_most, admitted.prices)
        if room is None:
            return
        if room < 1:
            read = max(each.per_token.miss for each in admitted.prices) * admitted.input_tokens_most
            raise over_budget(least, f"the prompt alone, at {leg.name},", read)
        longest = _longest_answer(admitted.request, admitted.prices)
        if room < longest:
            admitted.capped = True
            admitted.request = replace(admitted.request, max_tokens=room)
        aside = admitted.entry.reserved_usd
        if monthly and aside is not None:
            room = output_room(min(aside, least.left_usd), admitted.input_tokens_most, admitted.prices)
        admitted.output_most = room

    def _uncounted(self, leg: AttemptTarget, admitted: Reserved) -> str | None:
        if not admitted.prices:
            return f"no price of {leg.name} is known: the monthly budgets do not count what it costs."
        return None if self._log.writes else "with --no-log, later runs do not count what this costs in their budgets."


def _check(leg: AttemptTarget, allowances: Sequence[Allowance]) -> None:
    """Raise OverBudget when one of `allowances` leaves less than `leg` needs."""
    for each in allowances:
        if leg.reserve_usd is None:
            if each.scope == "request" and leg.provider != "local":
                raise unknown_cost(each, leg.name)
        elif leg.reserve_usd > each.left_usd:
            raise over_budget(each, leg.name, leg.reserve_usd)


def _longest_answer(request: ChatRequest, prices: Sequence[EffectivePrice]) -> int:
    """The longest answer that may be asked for without a limit of ours; a limit below it is to be sent."""
    known = [each.max_output_tokens for each in prices if each.max_output_tokens is not None]
    own = max(known) if len(known) == len(prices) else _EVERY_MODEL_WRITES
    return own if request.max_tokens is None else min(own, request.max_tokens)
