"""What one side has on days that the other does not cover: it is told and not compared."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from decimal import Decimal

from r1plan.report.reconcile.days import DayCut
from r1plan.report.reconcile.result import Outside
from r1plan.report.reconcile.sides import Bill, BillLine, Log

_ZERO = Decimal(0)


def days_outside(bill: Bill, log: Log, declared: DayCut, cut: DayCut, days: Collection[int]) -> tuple[Outside, ...]:
    """What the bill, and what the log, holds of other days than `days`."""
    found = []
    lines = [line for line in bill.lines if (cut if line.is_single else declared).day_of(line.start_us) not in days]
    if lines:
        counted = [line.amount for line in lines if line.item == "requests" and line.amount is not None]
        found.append(
            Outside(
                side="bill",
                first_day=declared.date(min(line.start_us for line in lines)),
                last_day=declared.date(max(line.until_us for line in lines) - 1),
                requests=sum(counted) if counted else None,
                usd=billed_sum(lines),
            )
        )
    some = [each for each in log.requests if cut.day_of(each.slot_us) not in days]
    if some:
        found.append(
            Outside(
                side="log",
                first_day=cut.date(min(each.slot_us for each in some)),
                last_day=cut.date(max(each.slot_us for each in some)),
                requests=sum(each.requests + each.empty + each.broken for each in some),
                usd=sum((each.usd for each in some), _ZERO),
            )
        )
    return tuple(found)


def billed_sum(lines: Iterable[BillLine]) -> Decimal | None:
    """The money of lines, None where they tell none. Of a model and time the sum counts that is told, else parts."""
    sums: defaultdict[tuple[str, int], list[Decimal]] = defaultdict(list)
    parts: defaultdict[tuple[str, int], list[Decimal]] = defaultdict(list)
    for line in lines:
        if line.usd is not None:
            (sums if line.item == "money" else parts)[line.model, line.start_us].append(line.usd)
    money = [amount for place in {**parts, **sums} for amount in sums.get(place) or parts[place]]
    return sum(money, _ZERO) if money else None
