"""Which names of the bill and of the log are one model."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations

from r1plan.report.reconcile.sides import PriceSpan

_IN_BRACKETS = re.compile(r"\s*\(.*\)$")
# How many names one may stand for, of how many; and how well their days must agree.
_MOST_NAMES, _TRIED_NAMES, _NEARLY = 4, 8, 10
# What sellers put around a model's name: who made it, a variant, the day of a version.
_AROUND = re.compile(r"^.*/|:[a-z]+$|-20[0-9]{6}$|-20[0-9]{2}-[0-9]{2}-[0-9]{2}$")


Usage = Mapping[str, Mapping[int, int]]
"""How much a name stands for on each day."""


def one_model(
    billed: Usage, logged: Usage, asked_and_served: Iterable[tuple[str, str]], prices: Iterable[PriceSpan]
) -> dict[str, tuple[str, ...]]:
    """Each name with all names that are taken as one model with it, itself included.

    Names that may be one, since one answered for the other, since the book has one price for both or since they are
    spelled alike, are taken as one only where the two sides agree better so: a model that the bill lacks is not hidden
    in another. Names that one side alone has are one where their days agree.
    """
    names = sorted({*billed, *logged})
    links = _Links(names)
    for asked, served in asked_and_served:
        links.join(asked, served)
    spans = sorted(prices, key=lambda each: each.start_us)
    by_row: dict[str, str] = {}
    for span in spans:
        links.join(span.model, by_row.setdefault(span.price_id, span.model))
        if span.served:
            links.join(span.model, _IN_BRACKETS.sub("", span.served))
    alike: dict[str, str] = {}
    for name in names:
        links.join(name, alike.setdefault(_bare(name), name))
    for one, others in (*_by_figures(billed, logged), *_by_figures(logged, billed)):
        for other in others:
            links.join(one, other)
    found: dict[str, tuple[str, ...]] = {}
    for group in links.groups():
        apart = sum(_off([name], [name], billed, logged) for name in group)
        for name in group:
            found[name] = group if _off(group, group, billed, logged) < apart else (name,)
    return found


def _off(some: Iterable[str], others: Iterable[str], billed: Usage, logged: Usage) -> int:
    """How much the days of some billed names and other logged ones disagree."""
    off: Counter[int] = Counter()
    for name in some:
        off.update(billed.get(name, {}))
    for name in others:
        off.subtract(logged.get(name, {}))
    return sum(map(abs, off.values()))


def _by_figures(these: Usage, those: Usage) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each name of `these` alone with the names of `those` alone whose days are nearly its own."""
    left = sorted((name for name in those if name not in these), key=lambda name: -sum(those[name].values()))
    for name in sorted(these):
        if name in those:
            continue
        some = [tuple(each) for size in range(1, _MOST_NAMES + 1) for each in combinations(left[:_TRIED_NAMES], size)]
        best = min(some, key=lambda each: _off([name], each, these, those), default=None)
        if best is not None and _NEARLY * _off([name], best, these, those) <= sum(these[name].values()):
            left = [each for each in left if each not in best]
            yield name, best


def _bare(name: str) -> str:
    name, before = name.lower(), ""
    while name != before:
        name, before = _AROUND.sub("", name), name
    return name


class _Links:
    """Names joined to groups. Names that nobody asks about may join others."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = list(names)
        self._above: dict[str, str] = {}

    def join(self, one: str, other: str) -> None:
        self._above[self._top(one)] = self._top(other)

    def groups(self) -> list[tuple[str, ...]]:
        found: dict[str, list[str]] = {}
        for name in self._names:
            found.setdefault(self._top(name), []).append(name)
        return [tuple(group) for group in found.values()]

    def _top(self, name: str) -> str:
        while (above := self._above.get(name, name)) != name:
            name = above
        return name
