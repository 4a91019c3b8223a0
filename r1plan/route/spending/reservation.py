"""Sets money aside for a request before it is sent, in one step with its first row, and more where it outgrows that.

What is set aside bounds what is sent: `max_tokens` is what it leaves for an answer after a prompt of as many tokens as
it has bytes. So a server that keeps the limit cannot bill more, whether or not we live to hear the end of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from r1plan.engine.chat import ChatRequest
from r1plan.errors import LogError, OverBudget
from r1plan.ledger.entry import UsageEntry
from r1plan.ledger.schema import MONEY_DIGITS
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
    from r1plan.ledger.month_sum import MonthSpending

# So many may run at once before one gets less than it would alone: each takes this part of what is left of a month, or
# what nine in ten stay under where that is more. The larger the part, the fewer answers are cut and the more is held
# back, by those that break off for good.
_PARTS_OF_A_MONTH = 64
# An answer may be cut for the sake of the next one at its question by no more than this part of what they may cost.
_PARTS_OF_A_QUESTION = 4
# A server may refuse a limit that is longer than its model's own; where that is not known, a short one is sent, or
# nothing would bound what is billed.
_EVERY_MODEL_WRITES = 8192


@dataclass(slots=True, kw_only=True)
class SpendReservation:
    """What is set aside for a request that may be sent, and its first row, which is written.

    `request` is what to send: its `max_tokens` is lower where the money allows no more, and then `capped`. Where more
    is set aside for a server that goes beyond it, it is what may be written then. No more than `output_most` tokens may
    come, and no more than `limit_usd` may be spent; None: no limit, or none that can be told so. `uncounted` says why a
    monthly budget will not count this request; `unreadable_lines` of the month's log it does not count either.
    `log_error`: why there is no row.
    """

    entry: UsageEntry
    request: ChatRequest
    capped: bool = False
    output_most: int | None = None
    limit_usd: Decimal | None = None
    uncounted: Literal["no_price", "no_log"] | None = None
    unreadable_lines: int = 0
    log_error: LogError | None = None
    prices: tuple[EffectivePrice, ...] = field(default=(), repr=False)
    input_tokens_most: int = 0


def reserve(
    context: RequestContext,
    target: AttemptTarget,
    before: Sequence[UsageEntry],
    id_: str,
    after: Sequence[AttemptTarget] = (),
) -> SpendReservation:
    """Set aside what `target` needs and write its first row, `id_`. `before` are the question's attempts so far.

    `after` are asked when this one fails: what the first of them needs of `--max-cost` is left for it, where that is
    no more than a quarter.

    Where there is a monthly budget, the look at the log and the new row are one step, so that runs at the same time see
    one another: each may write until its own part is used up, and then sets more aside if there is more.

    Raises OverBudget, and LogError where a monthly budget cannot be kept without the log; nothing is written then.
    """
    at, request = context.clocks.now(), context.request
    entry = target.mark(unbounded_start(id_, target.provider, target.model, context.labels, at))
    prices = prices_from(at, entry, request, target.price_for)
    read = longest_input_tokens(request)
    known = [each for each in (target.reserve_usd, least_usd(read, prices)) if each is not None]
    first = before[0].id if before else None
    entry = replace(entry, attempt_of=first, reserved_usd=max(known, default=None))
    found = SpendReservation(
        entry=with_bounds(entry, begun(request, prices)), request=request, prices=prices, input_tokens_most=read
    )

    def decide(spending: MonthSpending | None) -> UsageEntry:
        allowances = _allowances(context, target.provider, spending, at, before)
        found.unreadable_lines = 0 if spending is None else spending.unreadable
        aside = _limit(found, context, target, allowances, after)
        if aside is not None:
            found.entry = replace(with_bounds(entry, begun(found.request, prices)), reserved_usd=aside)
        return found.entry

    if context.spending.budgets is not None:
        context.log.append_once_decided(at, decide)
    else:
        decide(None)
        try:
            context.log.append(found.entry)
        except LogError as error:
            found.log_error = error
    return found


def affords(context: RequestContext, target: AttemptTarget, before: Sequence[UsageEntry]) -> bool:
    """Whether money could be set aside for `target` as things are; nothing is written and nothing is set aside."""
    at = context.clocks.now()
    spending = context.log.this_month(at) if context.spending.budgets is not None else None
    try:
        _check(target, _allowances(context, target.provider, spending, at, before))
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
    request = reserved.request

    def decide(spending: MonthSpending) -> UsageEntry:
        nonlocal request
        left = tightest(_allowances(context, entry.provider, spending, at, before, without=entry.id))
        reserved_usd = had * 2 if left is None else min(had * 2, left.left_usd)
        if reserved_usd <= had:
            raise OverBudget("nothing more is left.")
        if request.max_tokens is not None:
            request = replace(
                request, max_tokens=output_room(reserved_usd, reserved.input_tokens_most, reserved.prices)
            )
        return replace(with_bounds(entry, begun(request, reserved.prices)), reserved_usd=reserved_usd)

    try:
        reserved.entry, _ = context.log.append_once_decided(at, decide)
    except (OverBudget, LogError):
        return None
    reserved.request = request
    return output_room(reserved.entry.reserved_usd or had, reserved.input_tokens_most, reserved.prices)


def _allowances(
    context: RequestContext,
    provider: str,
    spending: MonthSpending | None,
    at: datetime,
    before: Sequence[UsageEntry],
    without: str | None = None,
) -> tuple[Allowance, ...]:
    limits = context.spending
    found: tuple[Allowance, ...] = ()
    if limits.max_cost is not None:
        found = (allowance_of_request(limits.max_cost, before),)
    if limits.budgets is not None and spending is not None:
        found += allowances_of_month(limits.budgets, spending, at, provider, context.labels.project, without)
    return found


def _limit(
    reserved: SpendReservation,
    context: RequestContext,
    target: AttemptTarget,
    allowances: Sequence[Allowance],
    after: Sequence[AttemptTarget],
) -> Decimal | None:
    """Let the request through within `allowances`, or raise OverBudget. USD to set aside; None: as much as it needs."""
    _check(target, allowances)
    least = tightest(allowances)
    if least is None:
        return None
    reserved.limit_usd = least.left_usd
    month = tightest(each for each in allowances if each.scope != "request")
    if month is not None and not target.is_local:
        reserved.uncounted = "no_price" if not reserved.prices else None if context.log.writes else "no_log"
    need, read = reserved.entry.reserved_usd, reserved.input_tokens_most
    if need is None or output_room(least.left_usd, read, reserved.prices) is None:
        return None
    longest = _longest_answer(reserved.request, reserved.prices)
    aside = _left_for(need, [each for each in allowances if each.scope == "request"], least.left_usd, after)
    if month is not None:
        aside = min(aside, _part_of_a_month(need, month.left_usd, longest, reserved, target))
    room = output_room(aside, read, reserved.prices)
    if room is None or room < 1:
        raise prompt_too_dear(least, target.name, max(each.per_token.miss for each in reserved.prices) * read)
    is_bounded = reserved.request.max_tokens is not None or _own_limit(reserved.prices) is not None
    if room < longest or not is_bounded:
        room = min(room, longest)
        reserved.capped = True
        reserved.request = replace(reserved.request, max_tokens=room)
    reserved.output_most = room
    return aside if month is not None else need


def _left_for(
    need: Decimal, of_request: Sequence[Allowance], left_usd: Decimal, after: Sequence[AttemptTarget]
) -> Decimal:
    """What `left_usd` has for a request: not what the next one at the same question needs, where that is little."""
    next_usd = next((each.reserve_usd for each in after if each.reserve_usd is not None), None)
    if not of_request or next_usd is None or next_usd * _PARTS_OF_A_QUESTION > of_request[0].left_usd:
        return left_usd
    kept = of_request[0].left_usd - next_usd
    return min(left_usd, kept) if kept >= need else left_usd


def _part_of_a_month(
    need: Decimal, left_usd: Decimal, longest: int, reserved: SpendReservation, target: AttemptTarget
) -> Decimal:
    """What is set aside of `left_usd`, for a request that needs `need` and may be `longest` tokens long."""
    prices, read = reserved.prices, reserved.input_tokens_most
    counted = target.input_tokens_most or read
    prompt_usd = max(each.per_token.miss for each in prices) * read
    # Where the prompt may have far more tokens than it was forecast with, an answer needs its room beside them.
    if 2 * (output_room(need, read, prices) or 0) < (output_room(need, counted, prices) or 0):
        need += prompt_usd
    all_usd = prompt_usd + max(each.per_token.output for each in prices) * longest
    return max(need, min(all_usd, round(left_usd / _PARTS_OF_A_MONTH, MONEY_DIGITS)))


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
    own = _own_limit(prices) or _EVERY_MODEL_WRITES
    return own if request.max_tokens is None else min(own, request.max_tokens)


def _own_limit(prices: Sequence[EffectivePrice]) -> int | None:
    """The longest answer that the model itself gives; None where that is not known."""
    known = [each.max_output_tokens for each in prices if each.max_output_tokens is not None]
    return max(known) if len(known) == len(prices) else None
