"""The lengths of many requests as a few that stand for them: joint in input, cached part, thinking and answer. Pure.

Requests are first counted in cells, half a power of two wide in each of the four, of which only the sums are kept;
cells are then parted where they differ most. So a month of any size is read once, and every mean stays what it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from heapq import heappop, heappush
from math import fsum

from r1plan.plan.month.demand import RequestLength

MOST_GROUPS = 64

# How many requests, and their tokens: input, cached, thinking, answer.
Cell = list[float]
Cells = dict[tuple[int, ...], Cell]
_PARTS = range(1, 5)


def count_in(cells: Cells, key: tuple[int, ...], tokens: Sequence[float]) -> None:
    """Add one request of so many `tokens` to the cell `key`."""
    cell = cells.get(key)
    if cell is None:
        cells[key] = [1.0, *tokens]
        return
    cell[0] += 1
    for place, each in enumerate(tokens, 1):
        cell[place] += each


def width_class(tokens: int) -> int:
    """The half power of two that `tokens` fall into."""
    bits = tokens.bit_length()
    return bits if bits < 2 else bits << 1 | (tokens >> (bits - 2) & 1)


def grouped(cells: Iterable[Cell], most: int = MOST_GROUPS) -> tuple[RequestLength, ...]:
    """At most `most` requests that stand for those in `cells`, at least one of them filled, the commonest first.

    Means are kept to a fraction of a token.
    """
    filled = [each for each in cells if each[0]]
    scales = _scales(filled)
    whole = _Group(filled, scales)
    heap, done, number = [(-whole.spread, 0, whole)], list[_Group](), 0
    while heap and len(heap) + len(done) < most:
        spread, _, group = heappop(heap)
        parts = group.parted(scales) if spread < 0 else None
        if parts is None:
            done.append(group)
            continue
        for part in parts:
            number += 1
            heappush(heap, (-part.spread, number, part))
    groups = sorted([*done, *(group for _, _, group in heap)], key=lambda each: (-each.sums[0], each.sums[1:]))
    return _lengths([each.sums for each in groups])


class _Group:
    """Cells that one request stands for. `spread` is how far they are from their mean, along the part `by`."""

    def __init__(self, cells: list[Cell], scales: Sequence[float]) -> None:
        self.cells = cells
        self.sums = [fsum(column) for column in zip(*cells, strict=True)]
        number = self.sums[0]
        spreads = []
        for part in _PARTS:
            mean = self.sums[part] / number
            squares = fsum(cell[0] * (cell[part] / cell[0] - mean) ** 2 for cell in cells)
            spreads.append((squares * scales[part - 1], -part))
        self.spread, by = max(spreads)
        self.by = -by

    def parted(self, scales: Sequence[float]) -> tuple[_Group, _Group] | None:
        """The cells below the mean, and the others; None where rounding leaves nothing on one side."""
        mean = self.sums[self.by] / self.sums[0]
        low = [cell for cell in self.cells if cell[self.by] / cell[0] < mean]
        high = [cell for cell in self.cells if cell[self.by] / cell[0] >= mean]
        return (_Group(low, scales), _Group(high, scales)) if low and high else None


def _scales(cells: Sequence[Cell]) -> tuple[float, ...]:
    """What makes squares of each part comparable: one over the square of its mean."""
    number = fsum(cell[0] for cell in cells)
    means = [fsum(cell[part] for cell in cells) / number for part in _PARTS]
    return tuple(1 / mean**2 if mean > 0 else 0.0 for mean in means)


def _lengths(sums: Sequence[Sequence[float]]) -> tuple[RequestLength, ...]:
    """The mean of each group, the commonest first. What rounding leaves of one goes to the next, rarer one."""
    total = fsum(each[0] for each in sums)
    left = [0.0] * 4
    found = []
    for number, *tokens in sums:
        rounded = []
        for place, each in enumerate(tokens):
            due = each + left[place]
            mean = max(0, round(due / number)) if each else 0
            left[place] = due - mean * number
            rounded.append(mean)
        entire, hit, thinking, answer = rounded
        found.append(RequestLength(entire, min(hit, entire), thinking, answer, number / total))
    return tuple(found)
