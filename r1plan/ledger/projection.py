"""Fast readers of some columns of the log: a class says which ones, the row's own table says what is in them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from inspect import get_annotations
from typing import Annotated, Any, Literal, TypeVar, cast, dataclass_transform

from msgspec import Meta, defstruct

from r1plan.ledger.schema import INSTANT, SCHEMA, TOKENS, Kind, columns

T = TypeVar("T")

# A row with a local time, or with more tokens than anything can write, was not written by us.
_STRICTER: dict[Kind, Any] = {
    INSTANT: Annotated[datetime, Meta(tz=True)],
    TOKENS: Annotated[int, Meta(ge=0, le=100_000_000)],
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
        kinds: dict[str, Any] = {name: _value(each.kind) for name, each in columns(row).items()}
        kinds["schema"] = Literal[SCHEMA]
        values: list[Any] = []
        for name in get_annotations(reader):
            if name not in vars(reader):
                values.append((name, kinds[name]))
            elif (default := vars(reader)[name]) is None:
                values.append((name, kinds[name] | None, None))
            else:
                values.append((name, kinds[name], default))
        properties = {name: each for name, each in vars(reader).items() if isinstance(each, property)}
        made = defstruct(
            reader.__name__,
            values,
            namespace={"__doc__": reader.__doc__, **properties},
            module=reader.__module__,
            frozen=True,
            kw_only=True,
            gc=False,
        )
        return cast("type[T]", made)

    return made_of


def _value(kind: Kind) -> Any:
    return _STRICTER.get(kind, kind.python)
