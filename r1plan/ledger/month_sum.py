"""What the requests of one monthly file come to: a sum of those that have ended, and each of the others. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import ROUND_CEILING, Context, Decimal

from r1plan.catalog.budgets import Whose, whose
from r1plan.ledger.blocks import NOT_ENDED
from r1plan.ledger.requests import LoggedRequest, ids_of, request_reader

# Wider than any sum of amounts that rows may hold.
_WIDE = Context(prec=150, rounding=ROUND_CEILING)


@dataclass(slots=True)
class EndedSum:
    """USD of requests that have ended: those whose cost is certain, and what the others may have cost.

    `uncounted` have a cost that nobody knows; they are in neither sum.
    """

    spent_usd: Decimal = Decimal(0)
    aside_usd: Decimal = Decimal(0)
    uncounted: int = 0

    def add(self, other: EndedSum) -> None:
        """Count what `other` counts."""
        self.spent_usd = _WIDE.add(self.spent_usd, other.spent_usd)
        self.aside_usd = _WIDE.add(self.aside_usd, other.aside_usd)
        self.uncounted += other.uncounted


def ended_usd(row: LoggedRequest) -> Decimal | None:
    """What a budget counts of a request that has ended, in USD; None when nobody knows.

    The most of its cost, of the provider's own bill and of the least that it can be. What broke off may have been
    written on unheard, so it counts all that it may be billed. An estimate of a whole answer counts as much as nine in
    ten such requests stay under, where that is more and can be: a server that never tells what it counted would fill a
    budget with bounds that no answer comes near, and with the estimates alone its thinking could be left out.
    """
    known = [each for each in (row.cost_usd, row.reported_usd, row.cost_low_usd) if each is not None]
    high, p90 = row.cost_high_usd, row.forecast_p90_usd
    if not row.is_settled:
        # Without a bound: what was set aside for it.
        known += [each for each in (row.reserved_usd if high is None else high,) if each is not None]
    elif high is not None and p90 is not None:
        known.append(min(high, p90))
    return max(known, default=None)


@dataclass(slots=True)
class MonthSum:
    """The requests of a file of the months from `begins` to `ends`. One row counts of each: its end, else its last.

    `ended` and `ended_later` are sums of what ended in the month and after it; what ended before it is another
    month's. `open` are those that have begun and not ended, by id. `from_outside` are the ids of those that ended here
    and began in another month. `unreadable` lines are no rows. `is_doubtful`: some may be counted twice, never too few.
    """

    begins: datetime
    ends: datetime
    ended: dict[Whose, EndedSum] = field(default_factory=dict)
    ended_later: dict[Whose, EndedSum] = field(default_factory=dict)
    open: dict[str, LoggedRequest] = field(default_factory=dict)
    from_outside: set[str] = field(default_factory=set)
    unreadable: int = 0
    is_doubtful: bool = False

    def add_lines(self, lines: Sequence[bytes]) -> None:
        """Count further `lines` of the file, in its order."""
        rows, bad = request_reader.counted_rows(lines)
        self.unreadable += bad
        self.add_on(rows)

    def add_on(self, rows: Iterable[LoggedRequest]) -> None:
        """Count further `rows` of the file, in its order."""
        for row in rows:
            if row.ended_at is None:
                if row.id not in self.from_outside:
                    self.open[row.id] = row
                continue
            # Its beginning should have been seen, or stand elsewhere. If not, it may have ended before.
            if self.open.pop(row.id, None) is None and (row.id in self.from_outside or self._began_here(row)):
                self.is_doubtful = True
            self._end(row)

    def _began_here(self, row: LoggedRequest) -> bool:
        return self.begins <= row.started_at < self.ends

    def _end(self, row: LoggedRequest) -> None:
        if not self._began_here(row):
            self.from_outside.add(row.id)
        if row.placed_at < self.begins:
            return
        sums = self.ended if row.placed_at < self.ends else self.ended_later
        found = sums.setdefault(whose(row.provider, row.project), EndedSum())
        usd = ended_usd(row)
        if usd is None:
            # Nobody bills what was answered here; its electricity counts where it is known.
            found.uncounted += row.provider != "local"
        elif row.is_settled:
            found.spent_usd = _WIDE.add(found.spent_usd, usd)
        else:
            found.aside_usd = _WIDE.add(found.aside_usd, usd)


def sum_backwards(blocks: Iterable[Sequence[bytes]], begins: datetime, ends: datetime) -> MonthSum:
    """What all lines of a file come to, of which `blocks` are the last first, each in the file's order."""
    found = MonthSum(begins, ends)
    ended: set[str] = set()
    for lines in blocks:
        # The end of a request counts wherever it stands, so of half of all rows only the id is read.
        rows, bad = request_reader.counted_rows([line for line in lines if NOT_ENDED not in line])
        for row in reversed(rows):
            if row.ended_at is not None and row.id not in ended:
                ended.add(row.id)
                found.open.pop(row.id, None)  # it stands after its end
                found._end(row)
        begun = [line for line in lines if NOT_ENDED in line]
        running = [line for id_, line in zip(ids_of(begun), begun, strict=True) if id_ not in ended]
        more, more_bad = request_reader.counted_rows(running)
        found.unreadable += bad + more_bad
        for row in (*reversed(more), *reversed(rows)):
            if row.ended_at is None and row.id not in ended:
                found.open.setdefault(row.id, row)
    return found


@dataclass(frozen=True, slots=True)
class MonthSpending:
    """All that counts in one UTC month: sums of what has ended, by whose money it is, and each request that has not.

    `begun_before` are those of them that stand in the file of the month before alone. `unreadable` lines of this
    month's file are no rows, so nobody knows what they cost.
    """

    ended: dict[Whose, EndedSum] = field(default_factory=dict)
    running: tuple[LoggedRequest, ...] = ()
    begun_before: tuple[LoggedRequest, ...] = ()
    unreadable: int = 0

    def with_sum(self, more: MonthSum) -> MonthSpending:
        """The same, and what no file holds."""
        ended = added((self.ended, more.ended, more.ended_later))
        return replace(self, ended=ended, running=(*self.running, *more.open.values()))


def added(sums: Iterable[dict[Whose, EndedSum]]) -> dict[Whose, EndedSum]:
    """All `sums` as one."""
    found: dict[Whose, EndedSum] = {}
    for each in sums:
        for who, its in each.items():
            found.setdefault(who, EndedSum()).add(its)
    return found


def spending(this: MonthSum, before: MonthSum | None, later: Iterable[MonthSum]) -> MonthSpending:
    """What counts in the month of `this`.

    What was begun in the month `before` and has not ended yet may end in this one, so it counts in both. What the files
    of `later` months hold was written while the clock was ahead: it was spent before now, so it counts too.
    """
    later = list(later)
    others = () if before is None else (before,)
    ended = [this.ended, this.ended_later, *(each.ended_later for each in others)]
    ended += [its for each in later for its in (each.ended, each.ended_later)]
    elsewhere = {id_ for each in (*others, this, *later) for id_ in each.from_outside}
    running = {id_: row for each in (this, *later) for id_, row in each.open.items() if id_ not in elsewhere}
    begun = {id_: row for each in others for id_, row in each.open.items() if id_ not in elsewhere | running.keys()}
    return MonthSpending(added(ended), tuple(running.values()), tuple(begun.values()), this.unreadable)
