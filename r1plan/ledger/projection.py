"""Fast readers of some columns of the log: a class says which ones, the row's own table says what is in them.

What a reader takes for a value is what a report does, and bounded where a report has no need: nothing is negative or
endless, every instant has its offset. A line with anything else is no row, for everybody who reads.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from inspect import get_annotations
from typing import Annotated, Any, Generic, Literal, TypeVar, cast, dataclass_transform

from msgspec import Meta, MsgspecError, defstruct
from msgspec.json import Decoder, Encoder

from r1plan.ledger.schema import FIGURE, INSTANT, NUMBER, SCHEMA, TOKENS, USD, Kind, columns

T = TypeVar("T")

_BAD = (MsgspecError, UnicodeDecodeError, RecursionError)
_YEARS = range(2000, 2100)
# What may stand before a row, or in a hole that a power cut left, and is no part of it.
_AROUND = b"\0 \t\r\xef\xbb\xbf"
_COMMA_AT_END = re.compile(rb",[ \t]*}\Z")
_BEGIN = re.compile(rb'(?=\{\s*"schema"\s*:\s*"' + re.escape(SCHEMA.encode()) + b'")')


class _Usd(Decimal):
    """An amount as a row holds it."""


class _Figure(Decimal):
    """A number that was worked out, as a row holds it."""


_TEXTS: Mapping[object, re.Pattern[str]] = {
    _Usd: re.compile(USD.json_pattern.strip('"')),
    _Figure: re.compile(FIGURE.json_pattern.strip('"')),
}

# A row with a local time, or with more tokens than anything can write, was not written by us.
_STRICTER: dict[Kind, Any] = {
    INSTANT: Annotated[datetime, Meta(tz=True)],
    TOKENS: Annotated[int, Meta(ge=0, le=100_000_000)],
    NUMBER: Annotated[int, Meta(ge=0, le=10**18 - 1)],
    USD: _Usd,
    FIGURE: _Figure,
}


@dataclass_transform(kw_only_default=True, frozen_default=True)
def projection(row: type) -> Callable[[type[T]], type[T]]:
    """Make of a class the reader of those columns of `row` that it names: a frozen msgspec struct.

    >>> @projection(UsageEntry)
    ... class Lengths:
    ...     id: str
    ...     output_tokens: int | None = None

    A column that is None by default may be null or absent; a line without one of the others is not read. `schema`,
    which every line has, can be read like a column.
    """

    def made_of(reader: type[T]) -> type[T]:
        known = columns(row)
        kinds: dict[str, Any] = {name: _STRICTER.get(each.kind, each.kind.python) for name, each in known.items()}
        kinds["schema"] = Literal[SCHEMA]
        values: list[Any] = []
        for name in get_annotations(reader):
            if name not in vars(reader):
                values.append((name, kinds[name]))
            elif (default := vars(reader)[name]) is None:
                values.append((name, kinds[name] | None, None))
            else:
                values.append((name, kinds[name], default))
        instants = tuple(name for name in get_annotations(reader) if name in known and known[name].kind is INSTANT)
        properties = {name: each for name, each in vars(reader).items() if isinstance(each, property)}
        made = defstruct(
            reader.__name__,
            values,
            namespace={"__doc__": reader.__doc__, "__post_init__": _check_years(instants), **properties},
            module=reader.__module__,
            frozen=True,
            kw_only=True,
            gc=False,
        )
        return cast("type[T]", made)

    return made_of


class RowReader(Generic[T]):
    """Reads lines of the log as a `projection`; a line that is no such row is left out."""

    def __init__(self, shape: type[T]) -> None:
        self._one = decoder(shape)
        self._many: Decoder[list[T]] = decoder(list[shape])  # type: ignore[valid-type]

    def rows(self, lines: Sequence[bytes]) -> list[T]:
        """The rows in `lines`, in their order. All are read at once, and one by one only where one of them is bad."""
        return self.counted_rows(lines)[0]

    def counted_rows(self, lines: Sequence[bytes]) -> tuple[list[T], int]:
        """The same, and how many lines are neither blank nor a row."""
        lines = [inner for line in lines if (inner := line.strip(_AROUND))]
        # Each line has to be a whole object, or two halves of a row could make one together.
        if all(line[0] == 0x7B and line[-1] == 0x7D for line in lines):
            try:
                found = self._many.decode(b"[" + b",".join(lines) + b"]")
            except _BAD:
                found = []
            if len(found) == len(lines):
                return found, 0
        rows = [self._of_line(line) for line in lines]
        return [row for each in rows for row in each], rows.count([])

    def _of_line(self, line: bytes) -> list[T]:
        """The row in `line`; none where it is no row; several where an end of line was lost between them.

        A comma too many at its end, which a report does not mind either, is passed over.
        """
        try:
            return [self._one.decode(line)]
        except _BAD:
            found = []
            # What stands before the first beginning may be a row whose columns are in another order.
            for part in _BEGIN.split(line):
                part = part.rstrip(_AROUND + b",")
                try:
                    found.append(self._one.decode(_COMMA_AT_END.sub(b"}", part)))
                except _BAD:
                    continue
            return found


def decoder(shape: Any) -> Decoder[Any]:
    """Reads `shape`, which may hold projections, from JSON."""
    return Decoder(shape, dec_hook=value)


def encoder() -> Encoder:
    """Writes what `decoder` reads."""
    return Encoder(enc_hook=lambda amount: format(amount, "f"))


def value(shape: type, given: object) -> object:
    """An amount as `shape`, from its text or a number. Raises ValueError where it is none that a row may hold.

    What is no amount, such as a value of an object, is given back.
    """
    pattern = _TEXTS.get(shape)
    if pattern is None:
        return given
    if type(given) is str:
        if pattern.fullmatch(given):
            return shape(given)
    elif isinstance(given, Decimal) and given.is_finite() and given >= 0:
        return shape(given)
    raise ValueError("no amount of 0 or more")


def _check_years(instants: Sequence[str]) -> Callable[[Any], None]:
    def check(row: Any) -> None:
        for name in instants:
            at = getattr(row, name)
            if at is not None and at.year not in _YEARS:
                raise ValueError(f"{name} is in no year of this century")

    return check
