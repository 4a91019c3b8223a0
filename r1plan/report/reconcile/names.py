"""Which names of the bill and of the log are one model."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from r1plan.report.reconcile.sides import PriceSpan

_IN_BRACKETS = re.compile(r"\s*\(.*\)$")
# What sellers put around a model's name: who made it, a variant, the day of a version.
_AROUND = re.compile(r"^.*/|:[a-z]+$|-20[0-9]{6}$|-20[0-9]{2}-[0-9]{2}-[0-9]{2}$")


def one_model(
    billed: Mapping[str, int],
    logged: Mapping[str, int],
    asked_and_served: Iterable[tuple[str, str]],
    prices: Iterable[PriceSpan],
) -> dict[str, tuple[str, ...]]:
    """Each name with all names that are taken as one model with it, itself included.

    `billed` and `logged` say how much each name stands for. Names that may be one, since one answered for the other,
    since the book has one price for both or since they are spelled alike, are taken as one only where the two sides
    agree better so: a model that the bill lacks is not hidden in another.
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
    found: dict[str, tuple[str, ...]] = {}
    for group in links.groups():
        apart = sum(abs(billed.get(name, 0) - logged.get(name, 0)) for name in group)
        together = abs(sum(billed.get(name, 0) - logged.get(name, 0) for name in group))
        for name in group:
            found[name] = group if together < apart else (name,)
    return found


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
