"""Quality against speed as a picture: every option of a plan as a point, the offered ones with their names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10
from typing import Literal, NamedTuple

from r1plan.plan.plan import Plan, Rejection
from r1plan.plan.reasons import NeedsMemory, RanksBelow, Slow
from r1plan.render.page.labels import Alignment, Box, Label, placed, width_of
from r1plan.render.plan.view import OptionT
from r1plan.render.text.units import plain, rate

PointKind = Literal["chosen", "offered", "behind", "slow"]
# What is drawn besides the offered options: so much lesser quality than theirs in points, and speeds down to this part
# of the least that is any use. Two bits of a small model would else stretch the axis to where nobody looks.
_LESSER_POINTS = 12.0
_SLOWER_PART = 1 / 30
_RADII: dict[PointKind, float] = {"chosen": 9.0, "offered": 8.0, "behind": 3.5, "slow": 3.5}


class Size(NamedTuple):
    """How large a picture is drawn, in pixels: `letters` high are its texts."""

    width: int
    height: int
    letters: float


WIDE = Size(880, 440, 13)
NARROW = Size(294, 380, 11)


class QualitySpeed(NamedTuple):
    """One option: the index of its quality, in points of GPQA, and tokens a second.

    `number` is its row in the table of options, None for those that have none.
    """

    kind: PointKind
    id: str
    points: float
    tok_s: float
    number: int | None = None


class PicturePoint(NamedTuple):
    """An option where it is drawn."""

    kind: PointKind
    x: float
    y: float
    radius: float
    said: str
    number: int | None


class Tick(NamedTuple):
    """A mark of an axis: where, and what is written there."""

    at: float
    text: str


class Limit(NamedTuple):
    """Where options begin to be fast enough: the line's place, and the box of what is written beside its foot."""

    at: float
    text: str
    box: Box


class PlacedText(NamedTuple):
    """A name beside its point: where its lines of text are anchored, and the line that leads from a far one to it."""

    lines: tuple[str, ...]
    aligned: Alignment
    x: float
    y: float
    step: float
    lead: tuple[float, float, float, float] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture, laid out: everything in pixels from the left and the top.

    `limit` is None where it is not to be seen; so many options are `beyond` the edges.
    """

    size: Size
    plot: Box
    speeds: tuple[Tick, ...]
    qualities: tuple[Tick, ...]
    points: tuple[PicturePoint, ...]
    texts: tuple[PlacedText, ...]
    limit: Limit | None
    kinds: frozenset[PointKind]
    beyond: int


def quality_and_speed(plan: Plan[OptionT], points: Mapping[str, float]) -> tuple[QualitySpeed, ...]:
    """What is known of both: the offered options in their order, then the rejected ones.

    `points` are the indices of options that the plan does not offer, by their ids. A rejected option that does not fit
    has no speed and is left out, and so is one whose quality nobody knows.
    """
    offered = (
        QualitySpeed("offered" if number > 1 else "chosen", option.id, option.quality.index, option.tok_s, number)
        for number, option in enumerate(plan.options, 1)
        if option.fits
    )
    return (*offered, *_rejected(plan, points))


def laid_out(known: Sequence[QualitySpeed], plan: Plan[OptionT], size: Size) -> Picture | None:
    """The picture of `size`; None where there are not two options to compare."""
    offered = [each for each in known if each.kind in ("chosen", "offered")]
    least = plan.workload.min_tok_s
    lowest = min((each.points for each in offered), default=float("-inf")) - _LESSER_POINTS
    slowest = min([*([least] if least else []), *(each.tok_s for each in offered)], default=0.0) * _SLOWER_PART
    drawn = [each for each in known if each.points >= lowest and each.tok_s >= slowest]
    if len(drawn) < 2:
        return None
    plot = Box(size.letters * 3.4, size.letters * 2.6, size.width - size.letters * 1.2, size.height - size.letters * 4)
    speeds = _Scale.around([log10(each.tok_s) for each in drawn], plot.left, plot.right, least=0.7)
    qualities = _Scale.around([each.points for each in drawn], plot.bottom, plot.top, least=8)
    points = [
        PicturePoint(
            each.kind,
            round(speeds.at(log10(each.tok_s)), 1),
            round(qualities.at(each.points), 1),
            _RADII[each.kind],
            f"{each.id}: {rate(each.tok_s)} tok/s, quality {each.points:.0f}",
            each.number,
        )
        for each in drawn
    ]
    limit = _limit(speeds.at(log10(least)), least, plot, size) if least else None
    return Picture(
        size=size,
        plot=plot,
        speeds=tuple(_speed_ticks(speeds, size)),
        qualities=tuple(_quality_ticks(qualities)),
        points=tuple(reversed(points)),  # the chosen one is drawn last and covers the others
        texts=tuple(_texts(points, plan, plot, size, limit)),
        limit=limit,
        kinds=frozenset(each.kind for each in points),
        beyond=len(known) - len(drawn),
    )


def _rejected(plan: Plan[OptionT], points: Mapping[str, float]) -> Iterator[QualitySpeed]:
    for each in plan.rejected:
        index = points.get(each.id)
        match each.cause:
            case RanksBelow() as cause if plan.choice is not None and cause.choice_id == plan.choice.id:
                index = plan.choice.quality.index + cause.difference.quality_points
                yield QualitySpeed("behind", each.id, index, plan.choice.tok_s * cause.difference.speed_ratio)
            case _ if index is not None and (slow := _slow(each)):
                yield QualitySpeed("slow", each.id, index, slow)


def _slow(each: Rejection) -> float | None:
    cause = each.cause.from_disk if isinstance(each.cause, NeedsMemory) else each.cause
    return cause.tok_s if isinstance(cause, Slow) and cause.tok_s > 0 else None


class _Scale(NamedTuple):
    """An axis: `low` is drawn at `begin` and `high` at `end`."""

    low: float
    high: float
    begin: float
    end: float

    @staticmethod
    def around(values: Iterable[float], begin: float, end: float, *, least: float) -> _Scale:
        """The axis that holds `values` with some room, and is at least so long."""
        held = list(values)
        low, high = min(held), max(held)
        more = max(least - (high - low), 0) / 2 + 0.06 * max(high - low, least)
        return _Scale(low - more, high + more, begin, end)

    def at(self, value: float) -> float:
        return self.begin + (value - self.low) / (self.high - self.low) * (self.end - self.begin)


def _speed_ticks(scale: _Scale, size: Size) -> Iterator[Tick]:
    """Round speeds: 1, 2 and 5 of each power of ten, or fewer where those would be crowded."""
    decades = scale.high - scale.low
    steps = (1, 2, 5) if decades * 3 * size.letters * 3.2 < abs(scale.end - scale.begin) else (1,)
    for power in range(floor(scale.low), ceil(scale.high) + 1):
        for step in steps:
            value = log10(step) + power
            if scale.low <= value <= scale.high:
                yield Tick(round(scale.at(value), 1), f"{step * 10.0**power:,g}")


def _quality_ticks(scale: _Scale) -> Iterator[Tick]:
    step = next(step for step in (2, 5, 10, 20, 50, 100) if (scale.high - scale.low) / step < 7 or step == 100)
    for number in range(ceil(scale.low / step), floor(scale.high / step) + 1):
        yield Tick(round(scale.at(number * step), 1), f"{number * step}")


def _limit(at: float, least: float, plot: Box, size: Size) -> Limit | None:
    """The line at `least`; None where it would stand outside of the plot, or too near to its edge for its words."""
    text = f"{plain(least)} tok/s"
    left, height = at + size.letters * 0.4, size.letters * 1.2
    box = Box(left, plot.bottom - height - 2, left + width_of(text, size.letters), plot.bottom - 2)
    return Limit(round(at, 1), text, box) if at > plot.left and box.right < plot.right else None


def _texts(
    points: Sequence[PicturePoint], plan: Plan[OptionT], plot: Box, size: Size, limit: Limit | None
) -> Iterator[PlacedText]:
    named = [point for point in points if point.number is not None]
    options = [plan.options[(point.number or 1) - 1] for point in named]
    lines = [(option.model.id, option.quant_name) for option in options]
    labels = placed(
        [(point.x, point.y) for point in named],
        lines,
        [*((point.x, point.y) for point in points if point.number is None), *_along(limit, plot)],
        plot._replace(top=size.letters * 0.2),
        kept=[] if limit is None else [limit.box],
        letters=size.letters,
        radius=_RADII["chosen"],
    )
    for text, label in zip(lines, labels, strict=True):
        if label is not None:
            yield _placed_text(text, label, size)


def _along(limit: Limit | None, plot: Box) -> Iterator[tuple[float, float]]:
    """Places of the limit's line, which names had better not cover."""
    if limit is not None:
        for down in range(round(plot.top), round(plot.bottom), 8):
            yield limit.at, down


def _placed_text(lines: tuple[str, ...], label: Label, size: Size) -> PlacedText:
    box = label.box
    step = (box.bottom - box.top) / len(lines)
    lead = None
    if label.lead is not None:
        x, y, end_x, end_y = label.lead
        lead = (round(x, 1), round(y, 1), round(end_x, 1), round(end_y, 1))
    x = {"start": box.left, "middle": (box.left + box.right) / 2, "end": box.right}[label.aligned]
    return PlacedText(lines, label.aligned, round(x, 1), round(box.top + size.letters, 1), round(step, 1), lead)
