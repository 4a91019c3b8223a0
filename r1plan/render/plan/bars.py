"""The memory of a plan as a bar for each device."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Literal, NamedTuple

from r1plan.render.text.bar import bar
from r1plan.render.text.colour import Colour, in_colour
from r1plan.render.text.screen import Screen
from r1plan.render.text.units import gib

BarTerm = Literal["weights", "kv_cache", "compute", "overhead", "free", "taken"]
"""`free` stays free; `taken` is held by others, the system and the driver among them."""

_BLOCKS: dict[BarTerm, str] = {
    "weights": "█",
    "kv_cache": "▓",
    "compute": "▒",
    "overhead": "░",
    "free": "·",
    "taken": "x",
}
_ASCII: dict[BarTerm, str] = {**_BLOCKS, "weights": "#", "kv_cache": "=", "compute": "+", "overhead": "-", "free": "."}
_COLOURS: dict[BarTerm, Colour] = {
    "weights": "blue",
    "kv_cache": "cyan",
    "compute": "magenta",
    "overhead": "magenta",
    "free": "faint",
    "taken": "faint",
}
_REST: tuple[BarTerm, ...] = ("compute", "overhead")
_GAP = "  "
_LEAST_COLUMNS = 8
_MOST_COLUMNS = 48


class MemoryBar(NamedTuple):
    """One device, by what people call it, and what fills it."""

    device: str
    parts: tuple[tuple[BarTerm, int], ...]

    def bytes_of(self, *terms: BarTerm) -> int:
        """The bytes of some terms together."""
        return sum(size for term, size in self.parts if term in terms)


def mark(term: BarTerm, screen: Screen) -> str:
    """The character of a term."""
    return _characters(screen)[term]


def whole_bar(shown: MemoryBar, columns: int, screen: Screen) -> str:
    """All of a device's memory."""
    return _bar([((term,), size) for term, size in shown.parts], columns, screen)


def bar_lines(bars: Iterable[MemoryBar], screen: Screen) -> list[str]:
    """A line for each device that holds weights or cache, with its own legend; none where they have no room.

    They show what a new process may take of the memory; compute buffers and overhead are one part.
    """
    told = [each for each in bars if each.bytes_of("weights", "kv_cache")]
    legends = [_legend(each, screen._replace(colours=False)) for each in told]
    label = max((len(each.device) for each in told), default=0)
    legend = max((len(each) for each in legends), default=0)
    room = screen.columns - label - legend - 2 * len(_GAP)
    if room < _LEAST_COLUMNS:
        return []
    columns = min(room, _MOST_COLUMNS)
    return [
        f"{each.device:<{label}}{_GAP}{_bar(_sizes(each), columns, screen)}{_GAP}{_legend(each, screen)}"
        for each in told
    ]


def _bar(parts: Iterable[tuple[tuple[BarTerm, ...], int]], columns: int, screen: Screen) -> str:
    characters = _characters(screen)
    plain = bar([(characters[terms[0]], size) for terms, size in parts], columns)
    return "".join(_painted("".join(run), screen) for _, run in groupby(plain))


def _sizes(shown: MemoryBar) -> Iterator[tuple[tuple[BarTerm, ...], int]]:
    return ((terms, shown.bytes_of(*terms)) for terms in _groups(shown))


def _characters(screen: Screen) -> dict[BarTerm, str]:
    return _BLOCKS if screen.blocks else _ASCII


def _painted(run: str, screen: Screen) -> str:
    """A run of one term's characters."""
    if not screen.colours:
        return run
    term = next((term for term, character in _characters(screen).items() if character == run[0]), None)
    return run if term is None else in_colour(run, _COLOURS[term])


def _groups(shown: MemoryBar) -> Sequence[tuple[BarTerm, ...]]:
    groups: tuple[tuple[BarTerm, ...], ...] = (("weights",), ("kv_cache",), _REST, ("free",))
    return [terms for terms in groups if shown.bytes_of(*terms) > 0]


def _legend(shown: MemoryBar, screen: Screen) -> str:
    names = {"weights": "weights", "kv_cache": "cache", "compute": "rest", "free": "free"}
    said = [
        f"{_painted(mark(each[0], screen), screen)} {names[each[0]]} {gib(shown.bytes_of(*each))}"
        for each in _groups(shown)
    ]
    return f"{_GAP.join(said)} GiB"
