"""What the parts of a server's reply say was counted, gathered as they come: every number, and none believed yet."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from decimal import Decimal
from itertools import chain
from typing import Final, Literal

from r1plan.catalog.provider import UsagePaths

MOST_TOKENS = 10**6
"""More than any model reads or writes in one request."""

_ABSURD_USD = 10**6
_NUMBER_MOST = 10**15
_KEPT = 8
_STEP = re.compile(r"\[(\d{1,4})\]|([^\[\]]+|.)")
_COUNT_TEXT = re.compile(r"\s*([0-9]{1,15})(\.0{0,30})?\s*", re.ASCII)
_USD_TEXT = re.compile(r"\s*[0-9]{1,7}(\.[0-9]{1,40})?([eE][+-]?[0-9]{1,2})?\s*", re.ASCII)

Field = Literal["input", "output", "cache_hit", "cache_miss", "thinking", "total"]
_USAGE: Final = "usage"


class _Said:
    """What was said at one path, one part of the reply after another."""

    __slots__ = ("falls", "is_input", "is_money", "is_output", "last", "numbers", "since", "total")

    def __init__(self) -> None:
        self.is_input = self.is_output = self.is_money = False
        self.last: object = None
        self.numbers: list[int] = []
        self.falls = False
        self.total = 0
        """The sum of all numbers, were each a part."""
        self.since = 0
        """The sum of those since the input was told, were that the last whole count."""

    def hear(self, value: object) -> None:
        """Keep the last amount that is more than nothing: nothing at the end of a stream is no correction either."""
        if isinstance(value, bool) or dollars(self.last) is None or dollars(value):
            self.last = value

    def may_be(self, most: int) -> bool:
        """Whether any of what was said is a number of `most` at most."""
        last = tokens(self.last)
        return any(number <= most for number in (*self.numbers, *(() if last is None else (last,))))

    def take(self, number: int, *, restated: bool) -> None:
        if not self.numbers or self.numbers[-1] != number:
            self.falls |= bool(self.numbers) and number < self.numbers[-1]
            self.numbers.append(number)
            if len(self.numbers) > 2 * _KEPT:
                del self.numbers[:-_KEPT]
        self.total += number
        self.since = number if restated else self.since + number


class _Node:
    """A name or a place in a list, on the way to what is said."""

    __slots__ = ("below", "said")

    def __init__(self) -> None:
        self.below: dict[str | int, _Node] = {}
        self.said: _Said | None = None

    def at(self, path: str) -> _Node:
        node = self
        for place, name in (step for part in path.split(".") for step in _STEP.findall(part)):
            node = node.below.setdefault(int(place) if place else name, _Node())
        return node

    def find(self, value: object, found: list[tuple[_Said, object]]) -> None:
        """Add what stands at the paths below to `found`, where `value` is what stands here; null is nothing."""
        if self.said is not None:
            found.append((self.said, value))
        if isinstance(value, dict):
            for name, node in self.below.items():
                each = value.get(name)
                if each is None:
                    continue
                if node.below:
                    node.find(each, found)
                elif node.said is not None:
                    found.append((node.said, each))
        elif isinstance(value, list):
            for place, node in self.below.items():
                if type(place) is int and place < len(value) and value[place] is not None:
                    node.find(value[place], found)

    def entries(self) -> Iterator[tuple[tuple[str | int, ...], _Node]]:
        """Where the ways part for the first time: most replies have nothing there, and that is quickly seen."""
        for step, node in self.below.items():
            steps: tuple[str | int, ...] = (step,)
            while node.said is None and len(node.below) == 1:
                ((step, node),) = node.below.items()
                steps += (step,)
            yield steps, node


class Counts:
    """Gathers what `paths` lead to. Each way of a field gives candidates, the likeliest first.

    That is the last number that was said, then the ones before it. A server may also count each part of its reply for
    itself: an output that falls while the input is told no more is such a part, and then the sum comes first.
    """

    def __init__(self, paths: UsagePaths) -> None:
        self._paths = paths
        self._root = _Node()
        ways = chain.from_iterable(getattr(paths, each.name) or () for each in fields(paths) if each.name != "usage_at")
        self._said = {path: self._put(path) for path in chain.from_iterable(ways)}
        for way in paths.input or ():
            self._said[way[0]].is_input = True
        for way in paths.output or ():
            self._said[way[0]].is_output = True
        for path in chain(*(paths.reported_usd or ()), *(paths.billed_elsewhere or ())):
            self._said[path].is_money = True
        usage = self._root.below.get(_USAGE)
        if usage is not None:
            for place, *_ in paths.usage_at or ():
                above, _, name = place.rpartition(".")
                self._root.at(above).below[name] = usage
        self._entries = {steps[0]: (steps[1:], node) for steps, node in self._root.entries()}
        self._falls = self._falls_beside_zero = 0

    def take(self, reply: Mapping[str, object]) -> None:
        """Take in one part of the reply."""
        found: list[tuple[_Said, object]] = []
        for name, value in reply.items():
            if value is None or name not in self._entries:
                continue
            steps, node = self._entries[name]
            for step in steps:
                if type(step) is int:
                    value = value[step] if isinstance(value, list) and step < len(value) else None
                else:
                    value = value.get(step) if isinstance(value, dict) else None
                if value is None:
                    break
            else:
                node.find(value, found)
        if found:
            self._take(found)

    def candidates(self, field: Field) -> Iterator[int]:
        """The numbers that `field` may have, by each way to read it."""
        for first, *others in getattr(self._paths, field) or ():
            more = sum(next(self._numbers(path), 0) for path in others)
            for number in self._numbers(first):
                yield number + more

    def is_told(self, field: Field) -> bool:
        """Whether anything was said where `field` stands, a number or not."""
        return any(self._said[first].last is not None for first, *_ in getattr(self._paths, field) or ())

    def is_nonsense(self, field: Field, most: int) -> bool:
        """Whether a place where `field` stands never held a number of tokens, of `most` at most."""
        said = (self._said[first] for first, *_ in getattr(self._paths, field) or ())
        return any(each.last is not None and not each.may_be(most) for each in said)

    @property
    def usd(self) -> Decimal | None:
        """The dollars that the server says it bills; None where it says none that could be a request's."""
        for first, *others in self._paths.reported_usd or ():
            if (amount := dollars(self._said[first].last)) is not None:
                more = (dollars(self._said[path].last) for path in others)
                whole = sum((each for each in more if each is not None), start=amount)
                return whole if whole < _ABSURD_USD else None
        return None

    @property
    def usd_is_told(self) -> bool:
        """Whether anything was said of the bill, an amount or not."""
        return any(self._said[first].last is not None for first, *_ in self._paths.reported_usd or ())

    @property
    def is_billed_elsewhere(self) -> bool:
        """Whether the server says that somebody else bills the request too, so that its own bill is a part of it."""
        for path, *_ in self._paths.billed_elsewhere or ():
            said = self._said[path].last
            if isinstance(said, bool):
                return said
            if (amount := dollars(said)) is not None:
                return amount > (self.usd or 0)
        return False

    def _put(self, path: str) -> _Said:
        node = self._root.at(path)
        node.said = node.said or _Said()
        return node.said

    def _take(self, found: Sequence[tuple[_Said, object]]) -> None:
        counted: dict[_Said, int] = {}
        totals: list[int] = []
        restated = False
        for said, value in found:
            number = value if type(value) is int and 0 <= value <= MOST_TOKENS else tokens(value)
            # The same may stand in two places of one part.
            if number is None or counted.get(said):
                continue
            counted[said] = number
            if said.is_input or said.is_output:
                totals.append(number)
                restated |= said.is_input and number > 0
        # Zeros at the end of a stream are no correction of what was counted before.
        is_empty = bool(totals) and not any(totals)
        for said, value in found:
            if said.is_money:
                said.hear(value)
            elif not is_empty or said.is_input or said.is_output:
                said.last = value
        if is_empty:
            return
        if totals and not restated:
            self._see_falls(counted)
        for said, number in counted.items():
            said.take(number, restated=restated)

    def _see_falls(self, counted: Mapping[_Said, int]) -> None:
        """Note outputs that fall in a part that does not tell the input, or tells one of 0."""
        for said, number in counted.items():
            if said.is_output and number and said.numbers and number < said.numbers[-1]:
                self._falls += 1
                self._falls_beside_zero += any(each.is_input for each in counted)

    def _numbers(self, path: str) -> Iterator[int]:
        said = self._said[path]
        if not said.numbers:
            return
        # One fall alone may be a guess put right, where no input of 0 says that each counts its own part.
        if self._falls_beside_zero or self._falls > 1:
            yield said.since
        yield from reversed(said.numbers)
        if said.falls or said.numbers == [1]:
            yield said.total


def tokens(value: object) -> int | None:
    """A number of tokens, also as a text or with zeros behind the point; None for what could be none."""
    if isinstance(value, str):
        found = _COUNT_TEXT.fullmatch(value)
        return int(found[1]) if found else None
    if isinstance(value, float):
        value = Decimal(value)
    if isinstance(value, Decimal):
        if not value.is_finite() or not 0 <= value <= _NUMBER_MOST or value != int(value):
            return None
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 <= value <= _NUMBER_MOST else None


def dollars(value: object) -> Decimal | None:
    """A sum of money, also as a text; None for what could be none."""
    if isinstance(value, str):
        return Decimal(value.strip()) if _USD_TEXT.fullmatch(value) else None
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    if isinstance(value, int):
        return Decimal(value) if 0 <= value <= _NUMBER_MOST else None
    amount = Decimal(repr(value)) if isinstance(value, float) else value
    return amount if amount.is_finite() and 0 <= amount <= _NUMBER_MOST else None
