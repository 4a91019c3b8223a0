"""Which requests near an edge of the price clock, or of the day, explain what was billed on its other side."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from operator import add
from typing import NamedTuple

Vector = tuple[int, ...]

# 2 to the half of it sums on each of two sides are looked through.
_TRIED_TOGETHER = 24


class MovableRequest(NamedTuple):
    """A request that may have been billed on the other side: what that moves, and how far it is from the edge."""

    id: str
    moves: Vector
    distance_us: int
    is_spanning: bool
    is_before: bool


def moved(
    candidates: Sequence[MovableRequest], target: Vector, together: int = _TRIED_TOGETHER
) -> tuple[MovableRequest, ...] | None:
    """The requests that together move exactly `target`, or None where no set of them does.

    First all within some distance of the edge are tried, as a provider's clock or another instant of the request
    chooses them; then any set of the nearest, as many as are tried `together`, the smallest first.
    """
    near = sorted(candidates, key=lambda each: (each.distance_us, each.id))
    for some in _orders(near):
        sums = list(accumulate((each.moves for each in some), _plus))
        if target in sums:
            return tuple(some[: sums.index(target) + 1])
    return _any_set(near[:together], target)


def _orders(near: Sequence[MovableRequest]) -> Iterator[list[MovableRequest]]:
    conditions: tuple[Callable[[MovableRequest], bool], ...] = (
        lambda each: each.is_spanning,
        lambda each: each.is_before,
        lambda each: not each.is_before,
        lambda each: True,
    )
    for holds in conditions:
        yield [each for each in near if holds(each)]


def _any_set(near: Sequence[MovableRequest], target: Vector) -> tuple[MovableRequest, ...] | None:
    half = len(near) // 2
    nothing: Vector = (0,) * len(target)
    first, second = (_sums(part, nothing) for part in (near[:half], near[half:]))
    best: tuple[int, ...] | None = None
    for total, chosen in first.items():
        rest = second.get(tuple(want - have for want, have in zip(target, total, strict=True)))
        if rest is not None:
            found = (*chosen, *(half + each for each in rest))
            if best is None or (len(found), found) < (len(best), best):
                best = found
    return None if not best else tuple(near[each] for each in best)


def _sums(part: Sequence[MovableRequest], nothing: Vector) -> dict[Vector, tuple[int, ...]]:
    """What every set of `part` moves, each by the fewest of its places."""
    found: dict[Vector, tuple[int, ...]] = {nothing: ()}
    for place, each in enumerate(part):
        for total, chosen in list(found.items()):
            key = _plus(total, each.moves)
            if key not in found or len(found[key]) > len(chosen) + 1:
                found[key] = (*chosen, place)
    return found


def _plus(one: Vector, other: Vector) -> Vector:
    return tuple(map(add, one, other))
