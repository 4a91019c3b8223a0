"""Sets money aside for a request before it is sent, in one step with its first row, and more where it outgrows that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from r1plan.engine.chat import ChatRequest
from r1plan.errors import LogError, OverBudget
from r1plan.ledger.entry import UsageEntry
from r1plan.prices.book import EffectivePrice
from r1plan.route.execution.context import RequestContext
from r1plan.route.execution.record import prices_from, unbounded_start, with_bounds
from r1plan.route.execution.target import AttemptTarget
from r1plan.route.spending.bounds import begun, longest_input_tokens
from r1plan.route.spending.budget import (
    Allowance,
    TooDear,
    allowance_of_request,
    allowances_of_month,
    least_usd,
    output_room,
    prompt_too_dear,
    tightest,
    unknown_cost,
)

if TYPE_CHECKING:
    from r1plan.ledger.requests import MonthRow

# A server may refuse a limit that is longer than its model's own; where that is not known, only a short one is sent.
_EVERY_MODEL_WRITES = 8192


@dataclass(slots=True, kw_only=True)
class SpendReservation:
    """What is set aside for a request that may be sent, and its first row, which is written.

    `request` is what to send: its `max_tokens` is lower where the money allows no more, and then `capped`. No more than
    `output_most` tokens may come, and no more than `limit_usd` may be spent; None: no limit, or none that can be told
    so. `uncounted` says why a monthly budget will not count this request. `log_error`: why there is no row.
    """

    entry: UsageEntry
    request: ChatRequest
    capped: bool = False
    output_most: int | None = None
    limit_usd: Decimal | None = None
    uncounted: Literal["no_price", "no_log"] | None = None
    log_error: LogError | None = None
    prices: tuple[EffectivePrice, ...] = field(default=(), repr=False)
    input_tokens_most: int = 0


def reserve(context: RequestContext, target: AttemptTarget, before: Sequence[UsageEntry], id_: str) -> SpendReservation:
    """Set aside what `target` needs and write its first row, `id_`. `before` are the question's attempts so far.

    Where there is a monthly budget, the look at the log and the new row are one step, so that runs at the same time see
    one another: each may write until its own part is used up, and then sets more aside if there is more.

    Raises OverBudget, and LogError where a monthly budget cannot be kept without the log; nothing is written then.
    """
    at, request = context.clocks.now(), context.request
    entry = target.mark(unbounded_start(id_, target.provider, target.model, context.labels, at))
    prices = prices_from(at, entry, request, target.price_for)
    read = target.input_tokens_most or longest_input_tokens(request)
    known = [each for each in (target.reserve_usd, least_usd(read, prices)) if each is not None]
    first = before[0].id if before else None
    entry = replace(entry, attempt_of=first, reserved_usd=max(known, default=None))
    found = SpendReservation(
        entry=with_bounds(entry, begun(request, prices)), request=request, prices=prices, input_tokens_most=read
    )

    def decide(rows: Sequence[MonthRow]) -> UsageEntry:
        _limit(found, context, target, _allowances(context, target.provider, rows, at, before))
        if found.capped:
            found.entry = with_bounds(entry, begun(found.request, prices))
        return found.entry

    if context.spending.budgets is not None:
        context.log.append_once_decided(at, decide)
    else:
        decide(())
        try:
            context.log.append(found.entry)
        except LogError as error:
            found.log_error = error
    return found


def affords(context: RequestContext, target: AttemptTarget, before: Sequence[UsageEntry]) -> bool:
    """Whether money could be set aside for `target` as things are; nothing is written and nothing is set aside."""
    at = context.clocks.now()
    rows = context.log.this_month(at) if context.spending.budgets is not None else ()
    try:
        _check(target, _allowances(context, target.provider, rows, at, before))
    except OverBudget:
        return False
    return True


def more(context: RequestContext, reserved: SpendReservation, before: Sequence[UsageEntry]) -> int | None:
    """Set twice as much aside for a request that has used up its part, or what is left; the tokens that may come.

    None: there is no more, or there is no monthly budget and all there is was allowed at the start.
    """
    entry, at = reserved.entry, context.clocks.now()
    had = entry.reserved_usd
    if context.spending.budgets is None or had is None:
        return None

    def decide(rows: Sequence[MonthRow]) -> UsageEntry:
        left = tightest(_allowances(context, entry.provider, rows, at, before, without=entry.id))
        reserved_usd = had * 2 if left is None else min(had * 2, left.left_usd)
        if reserved_usd <= had:
            raise OverBudget("nothing more is left.")
        return replace(entry, reserved_usd=reserved_usd)

    try:
        reserved.entry, _ = context.log.append_once_decided(at, decide)
    except (OverBudget, LogError):
        return None
    return output_room(reserved.entry.reserved_usd or had, reserved.input_tokens_most, reserved.prices)


def _allowances(
    context: RequestContext,
    provider: str,
    rows: Sequence[MonthRow],
    at: datetime,
    before: Sequence[UsageEntry],
    without: str | None = None,
) -> tuple[Allowance, ...]:
    limits = context.spending
    found: tuple[Allowance, ...] = ()
    if limits.max_cost is not None:
        found = (allowance_of_request(limits.max_cost, before),)
    if limits.budgets is not None:
        found += allowances_of_month(limits.budgets, rows, at, provider, context.labels.project, without)
    return found


def _limit(
    reserved: SpendReservation, context: RequestContext, target: AttemptTarget, allowances: Sequence[Allowance]
) -> None:
    """Let the request through within `allowances`, or raise OverBudget."""
    _check(target, allowances)
    least = tightest(allowances)
    if least is None:
        return
    reserved.limit_usd = least.left_usd
    monthly = any(each.scope != "request" for each in allowances)
    if monthly and not target.is_local:
        reserved.uncounted = "no_price" if not reserved.prices else None if context.log.writes else "no_log"
    room = output_room(least.left_usd, reserved.input_tokens_most, reserved.prices)
    if room is None:
        return
    if room < 1:
        read = max(each.per_token.miss for each in reserved.prices) * reserved.input_tokens_most
        raise prompt_too_dear(least, target.name, read)
    longest = _longest_answer(reserved.request, reserved.prices)
    if room < longest:
        reserved.capped = True
        reserved.request = replace(reserved.request, max_tokens=room)
    aside = reserved.entry.reserved_usd
    if monthly and aside is not None:
        room = output_room(min(aside, least.left_usd), reserved.input_tokens_most, reserved.prices)
    reserved.output_most = room


def _check(target: AttemptTarget, allowances: Sequence[Allowance]) -> None:
    """Raise OverBudget when one of `allowances` leaves less than `target` needs."""
    for each in allowances:
        if target.reserve_usd is None:
            if each.scope == "request" and not target.is_local:
                raise unknown_cost(each, target.name)
        elif target.reserve_usd > each.left_usd:
            raise TooDear(target.name, each, target.reserve_usd)


def _longest_answer(request: ChatRequest, prices: Sequence[EffectivePrice]) -> int:
    """The longest answer that may be asked for without a limit of ours; a limit below it is to be sent."""
    known = [each.max_output_tokens for each in prices if each.max_output_tokens is not None]
    own = max(known) if len(known) == len(prices) else _EVERY_MODEL_WRITES
    return own if request.max_tokens is None else min(own, request.max_tokens)
