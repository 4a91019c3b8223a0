"""Where the names in a picture stand, so that none covers another, a point that is named, or the picture's edge."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, NamedTuple

Alignment = Literal["start", "middle", "end"]

# A letter's width over its height in the fonts of a browser's own choice: a little more than they take.
_LETTER = 0.6
_LINE = 1.2
_AROUND = 4.0  # pixels left alone around a label
# How far from its point, in pixels, and in which directions; the first place that is free is taken, by its cost.
_DISTANCES = (12.0, 24.0, 40.0, 60.0, 84.0)
_DIRECTIONS = ((1, 0), (-1, 0), (0, -1), (0, 1), (1, -1), (1, 1), (-1, -1), (-1, 1))
_COST_OF_A_POINT = 3.0  # in pixels of distance, for each unnamed point that is covered


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
    """Lines of text in their box, aligned to the side of their point; `far` ones need a line to it."""

    box: Box
    aligned: Alignment
    far: bool


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
    cost, and the boxes that are `kept` free may not.
    """
    markers = [Box(x - radius, y - radius, x + radius, y + radius) for x, y in points]
    unnamed = list(others)
    taken = list(kept)
    labels: list[Label | None] = []
    for point, text in zip(points, texts, strict=True):
        width = max(width_of(line, letters) for line in text)
        height = len(text) * letters * _LINE
        free = [
            (cost + _COST_OF_A_POINT * sum(_covers(label.box, other) for other in unnamed), number, label)
            for number, (cost, label) in enumerate(_places(point, width, height, radius))
            if label.box.within(inside) and not any(_wider(label.box).meets(each) for each in (*markers, *taken))
        ]
        if not free:
            labels.append(None)
            continue
        _, _, label = min(free)
        taken.append(label.box)
        labels.append(label)
    return labels


def width_of(text: str, letters: float) -> float:
    """How wide a line of text is at most, in letters of so many pixels."""
    return len(text) * letters * _LETTER


def _places(point: tuple[float, float], width: float, height: float, radius: float) -> Iterator[tuple[float, Label]]:
    """Labels around a point, each with its cost."""
    x, y = point
    for distance in _DISTANCES:
        away = radius + distance - _DISTANCES[0] + _AROUND + 1
        for right, down in _DIRECTIONS:
            left = x + away if right > 0 else x - away - width if right < 0 else x - width / 2
            top = y + away if down > 0 else y - away - height if down < 0 else y - height / 2
            if right and down:  # a corner may be nearer than a side
                left, top = left - right * _AROUND, top - down * _AROUND
            aligned: Alignment = "start" if right > 0 else "end" if right < 0 else "middle"
            yield distance, Label(Box(left, top, left + width, top + height), aligned, distance > _DISTANCES[0])


def _wider(box: Box) -> Box:
    return Box(box.left - _AROUND, box.top - _AROUND / 2, box.right + _AROUND, box.bottom + _AROUND / 2)


def _covers(box: Box, point: tuple[float, float]) -> bool:
    return box.left - 3 < point[0] < box.right + 3 and box.top - 3 < point[1] < box.bottom + 3
