"""A provider's bill against the log: what agrees, what does not, and what explains it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal, localcontext

from r1plan.instants import from_us
from r1plan.prices.cost import EXACT
from r1plan.report.reconcile.cells import Cell, cells_of
from r1plan.report.reconcile.days import DayCut, declared_cut, found_cut
from r1plan.report.reconcile.edges.boundaries import Clock, moved_over_midnight, moved_over_tiers
from r1plan.report.reconcile.edges.exchanged import exchanged
from r1plan.report.reconcile.left_over import explain_left_over
from r1plan.report.reconcile.names import one_model
from r1plan.report.reconcile.outside import days_outside
from r1plan.report.reconcile.remainder import Remainder
from r1plan.report.reconcile.repriced import repriced
from r1plan.report.reconcile.result import DayFigures, Reconciliation
from r1plan.report.reconcile.rounded import close, money_unit
from r1plan.report.reconcile.sides import Bill, EdgeRequest, Kind, Log

Near = Callable[[Collection[int]], Mapping[int, Sequence[EdgeRequest]]]
"""The requests of the log near each of some instants."""

TOLERANCE_USD = Decimal("0.01")

_ZERO = Decimal(0)
_HARMLESS = ("rounding", "day", "requests")
_Same = Mapping[str, tuple[str, ...]]


def compare(bill: Bill, log: Log, near: Near, tolerance_usd: Decimal = TOLERANCE_USD) -> Reconciliation:
    """What `bill` and `log` say of the days that both cover, and what explains each difference, to the last digit."""
    with localcontext(EXACT):
        empty = _result(bill, log, tolerance_usd)
        if bill.start_us is None or bill.until_us is None:
            return empty
        declared = declared_cut(bill.lines)
        nothing = replace(empty, outside=days_outside(bill, log, declared, declared, ()))
        if bill.currency is not None and bill.currency != log.currency:
            return replace(nothing, outcome="other_currency")
        if not log.requests:
            return replace(nothing, outcome="nothing_logged")
        first, last = declared.day_of(bill.start_us), declared.day_of(bill.until_us - 1)
        # Of the first and last day the log, or the bill, may hold a part alone.
        inner = (first + 1, last - 1) if last - first > 2 else (first, last)
        cut = found_cut(declared, bill.lines, log.tokens, inner)
        days = [day for day in range(first, last + 1) if _is_covered(day, cut, log)]
        if not days:
            return replace(nothing, outcome="apart")
        return _compared(replace(empty, outcome="compared"), bill, log, near, declared, cut, days)


def _result(bill: Bill, log: Log, tolerance_usd: Decimal) -> Reconciliation:
    """What is known before the days are compared."""
    billed_keys = {line.key for line in bill.lines if line.key is not None}
    return Reconciliation(
        outcome="empty",
        source=bill.source,
        provider=bill.provider,
        tolerance_usd=tolerance_usd,
        currency=log.currency,
        bill_currency=bill.currency,
        granted_usd=bill.granted_usd,
        byok_usd=bill.byok_usd,
        other_usd=bill.other_usd,
        left_out=bill.left_out,
        # Where none is known here, the log calls them otherwise.
        unknown_keys=tuple(sorted(billed_keys - log.keys)) if billed_keys & log.keys else (),
    )


def _is_covered(day: int, cut: DayCut, log: Log) -> bool:
    """Whether the log holds the whole day."""
    starts = log.start_us is None or log.start_us <= cut.start_us(day)
    return starts and (log.until_us is None or cut.until_us(day) <= log.until_us)


def _compared(
    result: Reconciliation, bill: Bill, log: Log, near: Near, declared: DayCut, cut: DayCut, days: Sequence[int]
) -> Reconciliation:
    same = _same_models(bill, log, declared, cut, days)
    cells = cells_of(bill.lines, log.tokens, log.requests, declared, cut, days, lambda name: same[name][0])
    figures = {key: _figures(cell, cut) for key, cell in cells.items()}
    clock = Clock(log.prices)
    remainders = {key: _remainder(cell, cut, clock, same) for key, cell in cells.items()}
    _explain(list(remainders.values()), log, near, clock, cut, same)
    close(list(remainders.values()), money_unit(bill.lines))
    differing = [key for key, left in remainders.items() if left.lines]
    lines = tuple(line for key in differing for line in remainders[key].lines)
    billed = [cell.billed_usd for cell in cells.values() if cell.is_billed and cell.billed_usd is not None]
    amounts = [line.usd for line in lines if line.cause not in _HARMLESS]
    known = [amount for amount in amounts if amount is not None]
    return replace(
        result,
        start=from_us(cut.start_us(days[0])),
        until=from_us(cut.until_us(days[-1])),
        billed_usd=sum(billed, _ZERO) if billed else None,
        logged_usd=sum((cell.logged_usd for cell in cells.values()), _ZERO),
        difference_usd=sum((line.usd for line in lines if line.usd is not None), _ZERO),
        unexplained_usd=sum((line.usd for line in lines if line.cause == "unexplained" and line.usd), _ZERO),
        off_usd=sum(map(abs, known), _ZERO) if len(known) == len(amounts) else None,
        compared=len(cells),
        matched=len(cells) - len(differing),
        lines=lines,
        days=tuple(figures[key] for key in sorted(differing, key=lambda key: (key[1], key[0]))),
        outside=days_outside(bill, log, declared, cut, days),
        offset_minutes=cut.offset_minutes,
        is_offset_found=cut.is_found,
        same_models=tuple(sorted({names for names in same.values() if len(names) > 1})),
    )


def _same_models(
    bill: Bill, log: Log, declared: DayCut, cut: DayCut, days: Collection[int]
) -> Mapping[str, tuple[str, ...]]:
    """The names that are one model with each name, the one that it is called by first: the bill's, of most usage."""
    compared = [
        (day, line)
        for line in bill.lines
        if (day := (cut if line.is_single else declared).day_of(line.start_us)) in days
    ]
    has_tokens = any(line.amount for _, line in compared if line.item not in ("requests", "money"))
    billed: defaultdict[str, Counter[int]] = defaultdict(Counter)
    logged: defaultdict[str, Counter[int]] = defaultdict(Counter)
    for day, line in compared:
        is_tokens = line.item not in ("requests", "money")
        billed[line.model][day] += ((line.amount or 0) if is_tokens else 0) if has_tokens else _whole(line.usd)
    for some in log.requests:
        if (day := cut.day_of(some.slot_us)) in days:
            logged[some.model][day] += 0 if has_tokens else _whole(some.usd)
    for each in log.tokens if has_tokens else ():
        if (day := cut.day_of(each.slot_us)) in days:
            logged[each.model][day] += each.tokens
    groups = one_model(billed, logged, (*log.names, *bill.names), log.prices)
    sizes = {name: (-billed[name].total(), -logged[name].total()) for name in groups}
    names = {}
    for name, group in groups.items():
        first = min(group, key=lambda each: (not sizes[each][0], *sizes[each], each))
        names[name] = (first, *(each for each in group if each != first))
    return names


def _whole(usd: Decimal | None) -> int:
    """Money as a whole number, to be added up beside tokens."""
    return int((usd or _ZERO) * 10**12)


def _figures(cell: Cell, cut: DayCut) -> DayFigures:
    billed, logged = cell.by_kind(cell.billed), cell.by_kind(cell.logged)
    kinds: list[Kind] = [
        kind for kind in ("input", "input_miss", "cache_hit", "output") if kind in {**billed, **logged}
    ]
    return DayFigures(
        day=cut.name(cell.day),
        model=cell.model,
        requests=(cell.billed_requests, cell.logged_requests),
        tokens={kind: (billed.get(kind, 0) if cell.has_tokens else None, logged.get(kind, 0)) for kind in kinds},
        usd=(cell.billed_usd, cell.logged_usd),
    )


def _remainder(cell: Cell, cut: DayCut, clock: Clock, same: _Same) -> Remainder:
    """What differs once the prices of the bill are read as ours."""
    start_us, until_us, names = cut.start_us(cell.day), cut.until_us(cell.day), same[cell.model]
    rates = clock.rates_within(names, start_us, until_us)
    lines = repriced(cell, cut.name(cell.day), rates, clock.other_tiers(names, start_us, until_us))
    left = Remainder.of(cell, cut.name(cell.day), rates)
    for line in lines:
        left.add(line)
    return left


def _explain(remainders: Sequence[Remainder], log: Log, near: Near, clock: Clock, cut: DayCut, same: _Same) -> None:
    """Explain all tokens and requests, by the requests near an edge first."""

    def edges(left: Remainder) -> list[int]:
        return clock.edges(same[left.cell.model], cut.start_us(left.cell.day), cut.until_us(left.cell.day))

    by_model: dict[str, list[Remainder]] = {}
    for left in remainders:
        if left.tokens:
            by_model.setdefault(left.cell.model, []).append(left)
    tokens_off = [left for some in by_model.values() for left in some]
    wanted = {edge for left in tokens_off if left.cell.is_priced for edge in edges(left)}
    if cut.whole is None:
        wanted |= {cut.until_us(left.cell.day) for left in tokens_off}
    requests = near(wanted) if wanted else {}
    for model, some in by_model.items():
        its = {edge: [each for each in found if each.model in same[model]] for edge, found in requests.items()}
        moved_over_tiers(some, its, clock, edges)
        if cut.whole is None:
            moved_over_midnight(some, its, clock, cut.start_us)
            exchanged(some, its, clock, cut)
    told = [left for left in remainders if left.requests is not None]
    plain = sum(abs(left.requests or 0) for left in told)
    counts_empty = sum(abs((left.requests or 0) - left.cell.empty_requests) for left in told) < plain
    for left in remainders:
        explain_left_over(left, log.keys, counts_empty)
