"""Where the names in a picture stand, so that none covers another, a point that is named, or the picture's edge."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import hypot
from typing import Literal, NamedTuple

Alignment = Literal["start", "middle", "end"]

# A letter's width over its height in the fonts of a browser's own choice: a little more than they take.
_LETTER = 0.6
_LINE = 1.2
_AROUND = 4.0  # pixels left alone around a label
# How far from its point, in pixels, and in which directions; the first place that is free is taken, by its cost.
_DISTANCES = (12.0, 24.0, 40.0, 60.0, 84.0, 112.0, 144.0)
_DIRECTIONS = ((1, 0), (-1, 0), (0, -1), (0, 1), (1, -1), (1, 1), (-1, -1), (-1, 1))
_COST_OF_A_POINT = 6.0  # in pixels of distance, for each unnamed point that is covered
_STEP = 2.0  # pixels between the places at which a line is looked at

Segment = tuple[float, float, float, float]
"""A line from one point to another, in pixels."""


class Box(NamedTuple):
    """A rectangle, in pixels from the left and the top."""

    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: Box) -> bool:
        """Whether they have more than an edge in common."""
        return (
            self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom
        )

    def within(self, other: Box) -> bool:
        """Whether it lies wholly in `other`."""
        return (
            self.left >= other.left
            and self.right <= other.right
            and self.top >= other.top
            and self.bottom <= other.bottom
        )


class Label(NamedTuple):
    """Lines of text in their box, aligned to the side of their point; `lead` is the line from it to a far one."""

    box: Box
    aligned: Alignment
    lead: Segment | None


_Cost = tuple[float, int, Label]  # the number tells those of one cost apart


def placed(
    points: Sequence[tuple[float, float]],
    texts: Sequence[Sequence[str]],
    others: Iterable[tuple[float, float]],
    inside: Box,
    *,
    kept: Iterable[Box] = (),
    letters: float,
    radius: float,
) -> list[Label | None]:
    """The label of each point, in their order; None where no place is free.

    `points` are named by `texts` in letters of so many pixels, and drawn with `radius`. `others` may be covered, at a
    cost, and the boxes that are `kept` free may not. Of points that cover each other and have one name the first is
    named.
    """
    markers = [Box(x - radius, y - radius, x + radius, y + radius) for x, y in points]
    named = [
        place
        for place, marker in enumerate(markers)
        if not any(texts[one] == texts[place] and markers[one].meets(marker) for one in range(place))
    ]
    unnamed = list(others)
    possible = {
        place: sorted(
            (cost + _COST_OF_A_POINT * sum(_covers(label.box, other) for other in unnamed), number, label)
            for number, (cost, label) in enumerate(_places(points[place], texts[place], letters, radius))
            if label.box.within(inside)
        )
        for place in named
    }
    across = sorted(named, key=lambda place: points[place])
    held = list(kept)
    tried = [_in_order(order, possible, markers, held) for order in (named, named[::-1], across, across[::-1])]
    best = min(tried, key=lambda each: (-len(each), sum(cost for cost, _ in each.values())))
    return [best[place][1] if place in best else None for place in range(len(points))]


def _in_order(
    order: Sequence[int], possible: Mapping[int, Sequence[_Cost]], markers: Sequence[Box], kept: Sequence[Box]
) -> dict[int, tuple[float, Label]]:
    """The label of each point with its cost, where those before it in `order` have chosen first."""
    taken = list(kept)
    leads: list[Segment] = []
    labels: dict[int, tuple[float, Label]] = {}
    for place in order:
        beside = [*taken, *(each for each in markers if not each.meets(markers[place]))]
        for cost, _, label in possible[place]:
            if (
                any(_wider(label.box).meets(each) for each in (*markers, *taken))
                or any(_crosses(lead, label.box) for lead in leads)
                or (label.lead and any(_crosses(label.lead, each) for each in beside))
            ):
                continue
            labels[place] = cost, label
            taken.append(label.box)
            if label.lead:
                leads.append(label.lead)
            break
    return labels


def width_of(text: str, letters: float) -> float:
    """How wide a line of text is at most, in letters of so many pixels."""
    return len(text) * letters * _LETTER


def _places(
    point: tuple[float, float], text: Sequence[str], letters: float, radius: float
) -> Iterator[tuple[float, Label]]:
    """Labels around a point, each with its cost."""
    x, y = point
    width, height = max(width_of(line, letters) for line in text), len(text) * letters * _LINE
    for distance in _DISTANCES:
        away = radius + distance - _DISTANCES[0] + _AROUND + 1
        for right, down in _DIRECTIONS:
            left = x + away if right > 0 else x - away - width if right < 0 else x - width / 2
            top = y + away if down > 0 else y - away - height if down < 0 else y - height / 2
            if right and down:  # a corner may be nearer than a side
                left, top = left - right * _AROUND, top - down * _AROUND
            aligned: Alignment = "start" if right > 0 else "end" if right < 0 else "middle"
            box = Box(left, top, left + width, top + height)
            yield distance, Label(box, aligned, _lead(point, radius, box) if distance > _DISTANCES[0] else None)


def _lead(point: tuple[float, float], radius: float, box: Box) -> Segment:
    """From the edge of what is drawn at `point` to the nearest place of `box`, which lies outside of it."""
    x, y = point
    right, down = min(max(x, box.left), box.right) - x, min(max(y, box.top), box.bottom) - y
    edge = radius / hypot(right, down)
    return x + right * edge, y + down * edge, x + right, y + down


def _crosses(line: Segment, box: Box) -> bool:
    x, y, end_x, end_y = line
    steps = max(round(hypot(end_x - x, end_y - y) / _STEP), 1)
    places = ((x + (end_x - x) * step / steps, y + (end_y - y) * step / steps) for step in range(steps + 1))
    return any(box.left < across < box.right and box.top < down < box.bottom for across, down in places)


def _wider(box: Box) -> Box:
    return Box(box.left - _AROUND, box.top - _AROUND / 2, box.right + _AROUND, box.bottom + _AROUND / 2)


def _covers(box: Box, point: tuple[float, float]) -> bool:
    return box.left - 3 < point[0] < box.right + 3 and box.top - 3 < point[1] < box.bottom + 3
