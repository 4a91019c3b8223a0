"""Moves across the edges of the price clock and of the days, found request by request."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import combinations

from r1plan.report.reconcile.edges.moved import MovableRequest, Vector, moved
from r1plan.report.reconcile.remainder import KINDS, Remainder
from r1plan.report.reconcile.result import BillDifference
from r1plan.report.reconcile.sides import EdgeRequest, Kind, PriceSpan, TokenPrices


class Clock:
    """The book's rates of each name at each instant."""

    def __init__(self, spans: Sequence[PriceSpan]) -> None:
        self._spans: dict[str, list[PriceSpan]] = {}
        for span in sorted(spans, key=lambda each: each.start_us):
            self._spans.setdefault(span.model, []).append(span)
        self._starts = {model: [each.start_us for each in found] for model, found in self._spans.items()}

    def rates_at(self, model: str, at_us: int, input_tokens: int = 0) -> TokenPrices | None:
        """Those of one token at an instant, for an input of so many tokens."""
        found = self._spans.get(model, [])
        for span in reversed(found[: bisect_right(self._starts.get(model, []), at_us)]):
            fits = span.input_above < input_tokens and (span.input_up_to is None or input_tokens <= span.input_up_to)
            if at_us < span.until_us and fits:
                return span.rates
        return None

    def rates_within(self, models: Sequence[str], start_us: int, until_us: int) -> tuple[TokenPrices, ...]:
        """All that held at some moment from `start_us` until `until_us`, in the order in which they began to."""
        found = {
            span.rates: None
            for model in models
            for span in self._spans.get(model, ())
            if span.start_us < until_us and start_us < span.until_us
        }
        return tuple(found)

    def other_tiers(self, models: Sequence[str], start_us: int, until_us: int) -> tuple[TokenPrices, ...]:
        """All of the rows of the book that were in force then, whenever their tiers hold."""
        spans = [span for model in models for span in self._spans.get(model, ())]
        rows = {span.price_id for span in spans if span.start_us < until_us and start_us < span.until_us}
        return tuple({span.rates: None for span in spans if span.price_id in rows})

    def edges(self, models: Sequence[str], start_us: int, until_us: int) -> list[int]:
        """The instants within at which the rates of one of `models` change."""
        starts = {span.start_us for model in models for span in self._spans.get(model, ())}
        return sorted(each for each in starts if start_us < each < until_us)


def moved_over_tiers(
    open_cells: Sequence[Remainder],
    requests: Mapping[int, Sequence[EdgeRequest]],
    clock: Clock,
    edges: Callable[[Remainder], Sequence[int]],
) -> None:
    """Explain tokens billed at the price of the other side of an edge by the requests near it."""
    for left in open_cells:
        if not left.tokens or not left.cell.is_priced:
            continue
        near = [request for edge in edges(left) for request in requests.get(edge, ())]
        for one, other in combinations(left.rates, 2):
            dims = [kind for kind in KINDS if one.of(kind) != other.of(kind)]
            found = _find_tier(left, near, clock, one, other, dims)
            if found is not None:
                _apply_tier(left, one, other, dims, *found)


def _find_tier(
    left: Remainder,
    near: Sequence[EdgeRequest],
    clock: Clock,
    one: TokenPrices,
    other: TokenPrices,
    dims: Sequence[Kind],
) -> tuple[Vector, tuple[str, ...]] | None:
    """What went from the price `one` to `other`, and which requests; no requests where the tokens alone say so."""
    candidates: dict[str, MovableRequest] = {}
    for request in near:
        before = clock.rates_at(request.model, request.edge_us - 1, request.input_tokens)
        after = clock.rates_at(request.model, request.edge_us, request.input_tokens)
        is_before = request.decided_us < request.edge_us
        home, away = (before, after) if is_before else (after, before)
        if (home, away) in ((one, other), (other, one)):
            sign = 1 if home == one else -1
            moves = tuple(sign * request.tokens(kind) for kind in dims)
            candidate = _candidate(request, request.decided_us, moves)
            # Near two edges it moves but once.
            if request.id not in candidates or candidate.distance_us < candidates[request.id].distance_us:
                candidates[request.id] = candidate
    lost = tuple(-left.at(kind, one) for kind in dims)
    gained = tuple(left.at(kind, other) for kind in dims)
    if lost != gained and left.hides_requests({}, 0):
        return None
    targets = [each for each in dict.fromkeys((lost, gained)) if any(each) and _is_better(left, one, other, dims, each)]
    for target in targets:
        if (found := moved(list(candidates.values()), target)) is not None:
            return target, tuple(each.id for each in found)
    for target in targets:
        # No set of requests, but the prices say it: what one tier lacks is all at the other.
        if lost == gained or (_is_one_way(target) and _is_one_way(tuple(map(int.__sub__, gained, lost)))):
            return target, ()
    return None


def _is_better(left: Remainder, one: TokenPrices, other: TokenPrices, dims: Sequence[Kind], target: Vector) -> bool:
    """Whether every kind disagrees less after the move, or as much: nothing is put right by a new wrong."""
    for kind, number in zip(dims, target, strict=True):
        here, there = left.at(kind, one), left.at(kind, other)
        if abs(here + number) + abs(there - number) > abs(here) + abs(there) - abs(number):
            return False
    return True


def _is_one_way(vector: Vector) -> bool:
    return all(each >= 0 for each in vector) or all(each <= 0 for each in vector)


def _apply_tier(
    left: Remainder, one: TokenPrices, other: TokenPrices, dims: Sequence[Kind], target: Vector, ids: tuple[str, ...]
) -> None:
    usd = Decimal(0)
    tokens: dict[Kind, int] = {}
    for kind, number in zip(dims, target, strict=True):
        left.take(kind, one, -number)
        left.take(kind, other, number)
        usd += number * (other.of(kind) - one.of(kind))
        if number:
            tokens[kind] = abs(number)
    left.explain("tier", usd, tokens=tokens, ids=ids, requests=len(ids) or None)


def moved_over_midnight(
    open_cells: Sequence[Remainder],
    requests: Mapping[int, Sequence[EdgeRequest]],
    clock: Clock,
    midnight: Callable[[int], int],
) -> None:
    """Explain tokens billed a day earlier or later by the requests near the midnight between.

    `open_cells` are days of one model.
    """
    by_day = {left.cell.day: left for left in open_cells}
    pairs = [(left, by_day[day + 1]) for day, left in sorted(by_day.items()) if day + 1 in by_day]
    # What moved over one midnight may hide what moved over the one before.
    while any(_moved_between(left, following, requests, clock, midnight) for left, following in pairs):
        pass


def _moved_between(
    left: Remainder,
    following: Remainder,
    requests: Mapping[int, Sequence[EdgeRequest]],
    clock: Clock,
    midnight: Callable[[int], int],
) -> bool:
    """Whether requests of one price are found that moved from one day to the other, or back."""
    if not left.tokens or not following.tokens:
        return False
    edge_us = midnight(following.cell.day)
    near = requests.get(edge_us, ())
    for rates in _shared(left, following):
        of_price = [
            request
            for request in near
            if rates is None or clock.rates_at(request.model, request.decided_us, request.input_tokens) == rates
        ]
        if _move_day(left, following, of_price, edge_us, rates):
            return True
    return False


def _shared(left: Remainder, following: Remainder) -> Iterator[TokenPrices | None]:
    if left.cell.is_priced and following.cell.is_priced:
        yield from (rates for rates in left.rates if rates in following.rates)
    elif not left.cell.is_priced and not following.cell.is_priced:
        yield None


def _move_day(
    left: Remainder, following: Remainder, near: Sequence[EdgeRequest], edge_us: int, rates: TokenPrices | None
) -> bool:
    """Whether some of `near` were billed on the other day; it is then explained."""
    is_whole_input = any(kind == "input" for kind, _ in (*left.cell.billed, *following.cell.billed))
    kinds: tuple[Kind, ...] = ("input", "output") if is_whole_input else KINDS
    signs = {request.id: 1 if request.placed_us < edge_us else -1 for request in near}
    candidates = [
        _candidate(request, request.placed_us, tuple(signs[request.id] * request.tokens(kind) for kind in kinds))
        for request in near
    ]
    lost = tuple(-left.at(kind, rates) for kind in kinds)
    gained = tuple(following.at(kind, rates) for kind in kinds)
    for target in dict.fromkeys((lost, gained)):
        is_better = any(target) and all(
            abs(number) + abs(here - number) + abs(there - number) <= abs(here) + abs(there)
            for number, here, there in zip(target, lost, gained, strict=True)
        )
        found = moved(candidates, target) if is_better else None
        if found is None:
            continue
        ids = {each.id for each in found}
        requests = [each for each in near if each.id in ids]
        tokens = dict(zip(kinds, target, strict=True))
        count = sum(signs[each] for each in ids)
        back = {kind: -number for kind, number in tokens.items()}
        if not left.hides_requests(back, -count) and not following.hides_requests(tokens, count):
            _apply_day(left, following, requests, signs, tokens, rates)
            return True
    return False


def _apply_day(
    left: Remainder,
    following: Remainder,
    requests: Sequence[EdgeRequest],
    signs: Mapping[str, int],
    tokens: Mapping[Kind, int],
    rates: TokenPrices | None,
) -> None:
    usd = sum((signs[each.id] * (each.usd or 0) for each in requests), Decimal(0))
    count = sum(signs[each.id] for each in requests)
    for kind, number in tokens.items():
        left.take(kind, rates, -number)
        following.take(kind, rates, number)
    for part, sign in ((left, 1), (following, -1)):
        part.explained_usd -= sign * usd
        if part.requests is not None:
            part.requests += sign * count
    left.lines.append(
        BillDifference(
            cause="day",
            day=left.day,
            model=left.cell.model,
            usd=Decimal(0),
            requests=len(requests),
            tokens={kind: abs(number) for kind, number in tokens.items() if number},
            ids=tuple(sorted(each.id for each in requests)),
        )
    )


def _candidate(request: EdgeRequest, at_us: int, moves: Vector) -> MovableRequest:
    return MovableRequest(
        id=request.id,
        moves=moves,
        distance_us=abs(at_us - request.edge_us),
        is_spanning=request.started_us < request.edge_us <= request.placed_us,
        is_before=at_us < request.edge_us,
    )
