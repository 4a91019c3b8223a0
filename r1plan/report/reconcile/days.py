"""How a bill cuts its days: by its own lines, or as the figures say where its lines do not."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from r1plan.report.reconcile.sides import DAY_US, BillLine, LoggedTokens

_MINUTE_US = 60_000_000
# The offsets that clocks on earth have, the nearest to UTC first.
_HALVES = (-570, -210, 210, 270, 330, 345, 390, 525, 570, 630, 765)
_OFFSETS_MINUTES = sorted([*range(-12 * 60, 14 * 60 + 1, 60), *_HALVES], key=abs)
# How many times better another cut must agree, and of what part of the tokens.
_TIMES_BETTER, _LEAST_SHARE = 5, 20
_LONGEST_DAY_US = DAY_US + 2 * 60 * _MINUTE_US
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class DayCut(NamedTuple):
    """Days that begin `offset_minutes` before midnight in UTC. `whole`: the one span that all lines are of instead."""

    offset_minutes: int = 0
    is_found: bool = False
    whole: tuple[int, int] | None = None

    def day_of(self, at_us: int) -> int:
        """The number of the day of an instant; of one span that is 0, and -1 and 1 what is before and after it."""
        if self.whole is None:
            return (at_us + self.offset_minutes * _MINUTE_US) // DAY_US
        return -1 if at_us < self.whole[0] else int(at_us >= self.whole[1])

    def start_us(self, day: int) -> int:
        """The instant at which a day begins."""
        return self.whole[0] if self.whole else day * DAY_US - self.offset_minutes * _MINUTE_US

    def until_us(self, day: int) -> int:
        """The instant at which it ends."""
        return self.whole[1] if self.whole else self.start_us(day) + DAY_US

    def date(self, at_us: int) -> str:
        """The date of an instant by this clock."""
        return (_EPOCH + timedelta(microseconds=at_us, minutes=self.offset_minutes)).date().isoformat()

    def name(self, day: int) -> str:
        """Its date, or both of a longer span."""
        if self.whole is None:
            return (_EPOCH + timedelta(days=day)).date().isoformat()
        return f"{self.date(self.whole[0])} to {self.date(self.whole[1] - 1)}"


def declared_cut(lines: Sequence[BillLine]) -> DayCut:
    """The cut that the lines of a bill have: the one of most whole days, UTC's where none is a day long."""
    if any(line.until_us - line.start_us > _LONGEST_DAY_US for line in lines):
        return DayCut(whole=(min(line.start_us for line in lines), max(line.until_us for line in lines)))
    phases = Counter(line.start_us % DAY_US for line in lines if line.until_us - line.start_us == DAY_US)
    if not phases:
        return DayCut()
    phase_us = max(phases, key=lambda phase: (phases[phase], -phase))
    east = -phase_us % DAY_US // _MINUTE_US
    return DayCut(offset_minutes=east - 24 * 60 if east > 14 * 60 else east)


def found_cut(
    declared: DayCut, lines: Iterable[BillLine], logged: Sequence[LoggedTokens], within: tuple[int, int]
) -> DayCut:
    """The cut by which the tokens of the days agree best; `declared` unless another is much better.

    Only a bill of plain dates may mean other days than UTC's. `within`: the first and last day to look at.
    """
    lines = list(lines)
    plain = declared.whole is None and not declared.offset_minutes
    if not plain or any(line.is_single or line.until_us - line.start_us != DAY_US for line in lines):
        return declared
    billed: Counter[int] = Counter()
    for line in lines:
        if line.item not in ("requests", "money"):
            billed[declared.day_of(line.start_us)] += line.amount or 0
    slots: Counter[int] = Counter()
    for each in logged:
        slots[each.slot_us] += each.tokens
    if sum(billed.values()) == 0:
        return declared
    days = {minutes: _days(slots, minutes) for minutes in _OFFSETS_MINUTES}
    off = {minutes: _off(billed, logged, within) for minutes, logged in days.items()}
    best = min(_OFFSETS_MINUTES, key=lambda minutes: off[minutes])
    # An hour is 1/24 of a day at each of its ends: some requests near one midnight or two are no other time zone.
    inner = [day for day in range(within[0], within[1] + 1) if billed.get(day) or days[0].get(day)]
    moved = sum(days[best].get(day) != days[0].get(day) for day in inner)
    is_much = _LEAST_SHARE * off[0] >= sum(billed.get(day, 0) for day in inner) and 2 * moved > len(inner)
    is_other = is_much and _TIMES_BETTER * off[best] < off[0]
    return DayCut(offset_minutes=best, is_found=True) if is_other else declared


def _days(slots: Mapping[int, int], minutes: int) -> Mapping[int, int]:
    """The tokens of each day when they are cut so."""
    cut = DayCut(offset_minutes=minutes)
    logged: defaultdict[int, int] = defaultdict(int)
    for slot_us, tokens in slots.items():
        logged[cut.day_of(slot_us)] += tokens
    return logged


def _off(billed: Mapping[int, int], logged: Mapping[int, int], within: tuple[int, int]) -> int:
    """How many tokens of the days within disagree."""
    first, last = within
    return sum(abs(billed.get(day, 0) - logged.get(day, 0)) for day in range(first, last + 1))
