"""Requests near edges that were billed elsewhere, where several edges of one day are at work."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from r1plan.report.reconcile.days import DayCut
from r1plan.report.reconcile.edges.boundaries import Clock
from r1plan.report.reconcile.edges.moved import MovableRequest, moved
from r1plan.report.reconcile.remainder import KINDS, Remainder
from r1plan.report.reconcile.result import BillDifference
from r1plan.report.reconcile.sides import EdgeRequest, Kind, TokenPrices

_ZERO = Decimal(0)
# 2 to the half of it sums are looked through, of every day and price that is open.
_TRIED_TOGETHER = 16


class _Place(NamedTuple):
    """Where a request is billed: a day, and the prices of a token."""

    day: int
    rates: TokenPrices


@dataclass(frozen=True, slots=True)
class _Move:
    request: EdgeRequest
    home: _Place
    away: _Place

    def adds(self, place: _Place, kind: Kind) -> int:
        """How many tokens of `kind` it adds at a place: fewer than none at its home."""
        number, price = self.request.tokens(kind), place.rates.of(kind)
        comes = self.away.day == place.day and self.away.rates.of(kind) == price
        goes = self.home.day == place.day and self.home.rates.of(kind) == price
        return number * (comes - goes)


def exchanged(
    open_cells: Sequence[Remainder], requests: Mapping[int, Sequence[EdgeRequest]], clock: Clock, cut: DayCut
) -> None:
    """Explain what is left of a day at a price by requests that came there, or went, over any edge near.

    `open_cells` are days of one model, whose prices are known.
    """
    by_day = {left.cell.day: left for left in open_cells if left.cell.is_priced}
    moves = [move for edge, found in requests.items() for move in _moves(edge, found, clock, cut, by_day)]
    places = [_Place(day, rates) for day, left in sorted(by_day.items()) for rates in left.rates]
    while any(_explained(place, by_day, moves) for place in places):
        pass


def _moves(
    edge_us: int, found: Sequence[EdgeRequest], clock: Clock, cut: DayCut, by_day: Mapping[int, Remainder]
) -> Iterator[_Move]:
    """What each of the requests near an edge may be instead: of the other day, at the other price, or both."""
    for request in found:
        is_before = request.decided_us < edge_us
        there_us = edge_us if is_before else edge_us - 1
        home_rates = clock.rates_at(request.model, request.decided_us, request.input_tokens)
        away_rates = clock.rates_at(request.model, there_us, request.input_tokens)
        day = cut.day_of(request.placed_us)
        is_midnight = cut.start_us(cut.day_of(edge_us)) == edge_us
        other_day = cut.day_of(edge_us if request.placed_us < edge_us else edge_us - 1) if is_midnight else day
        if home_rates is None or away_rates is None:
            continue
        home, away = _Place(day, home_rates), _Place(other_day, away_rates)
        if home != away and home.day in by_day and away.day in by_day:
            yield _Move(request, home, away)


def _explained(place: _Place, by_day: Mapping[int, Remainder], moves: Sequence[_Move]) -> bool:
    """Whether what is left at `place` is exactly what some requests brought or took; it is then explained."""
    left = by_day[place.day]
    target = tuple(left.at(kind, place.rates) for kind in KINDS)
    if not any(target):
        return False
    told = {each for some in by_day.values() for line in some.lines for each in line.ids}
    candidates = [
        MovableRequest(
            id=str(number),
            moves=adds,
            distance_us=abs(move.request.decided_us - move.request.edge_us),
            is_spanning=move.request.started_us < move.request.edge_us <= move.request.placed_us,
            is_before=move.request.decided_us < move.request.edge_us,
        )
        for number, move in enumerate(moves)
        if move.request.id not in told and any(adds := tuple(move.adds(place, kind) for kind in KINDS))
    ]
    found = [moves[int(each.id)] for each in moved(candidates, target, _TRIED_TOGETHER) or ()]
    if not found or len({move.request.id for move in found}) < len(found):
        return False
    before, after = _off(found, by_day)
    # As much as before is off where a request that came hides another that is missing there; one that went does not.
    if after > before or (after == before and any(move.away != place for move in found)):
        return False
    if after and any(_hides(found, left) for left in by_day.values()):
        return False
    _apply(found, by_day)
    return True


def _hides(found: Sequence[_Move], left: Remainder) -> bool:
    """Whether a day that is touched by moves would hide requests behind them."""
    tokens: defaultdict[Kind, int] = defaultdict(int)
    requests, is_touched = 0, False
    for move in found:
        comes, goes = move.away.day == left.cell.day, move.home.day == left.cell.day
        is_touched |= comes or goes
        requests += comes - goes
        for kind in KINDS:
            tokens[kind] += (comes - goes) * move.request.tokens(kind)
    return is_touched and left.hides_requests(tokens, requests)


def _off(found: Sequence[_Move], by_day: Mapping[int, Remainder]) -> tuple[int, int]:
    """How many tokens disagree before and after, of all places that are touched."""
    adds: defaultdict[tuple[int, Kind, Decimal], int] = defaultdict(int)
    for move in found:
        for kind in KINDS:
            adds[move.home.day, kind, move.home.rates.of(kind)] -= move.request.tokens(kind)
            adds[move.away.day, kind, move.away.rates.of(kind)] += move.request.tokens(kind)
    off = {key: by_day[key[0]].tokens.get((key[1], key[2]), 0) for key in adds}
    return sum(map(abs, off.values())), sum(abs(off[key] - number) for key, number in adds.items())


def _apply(found: Sequence[_Move], by_day: Mapping[int, Remainder]) -> None:
    """Explain by moves, those from one place to another as one line."""
    groups: defaultdict[tuple[_Place, _Place], list[EdgeRequest]] = defaultdict(list)
    for move in found:
        groups[move.home, move.away].append(move.request)
    for (home, away), requests in groups.items():
        at_home, there = by_day[home.day], by_day[away.day]
        tokens: dict[Kind, int] = {kind: sum(each.tokens(kind) for each in requests) for kind in KINDS}
        ours = sum((number * home.rates.of(kind) for kind, number in tokens.items()), _ZERO)
        theirs = sum((number * away.rates.of(kind) for kind, number in tokens.items()), _ZERO)
        for kind, number in tokens.items():
            at_home.take(kind, home.rates, -number)
            there.take(kind, away.rates, number)
        if home.day != away.day:
            at_home.explained_usd -= theirs
            there.explained_usd += theirs
            for part, more in ((at_home, 1), (there, -1)):
                if part.requests is not None:
                    part.requests += more * len(requests)
        at_home.add(
            BillDifference(
                cause="tier" if home.day == away.day else "day",
                day=at_home.day,
                model=at_home.cell.model,
                usd=theirs - ours,
                requests=len(requests),
                tokens={kind: number for kind, number in tokens.items() if number},
                ids=tuple(sorted(each.id for each in requests)),
            )
        )
