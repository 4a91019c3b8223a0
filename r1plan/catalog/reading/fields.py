"""Field types with a rule that a plain type cannot say: a bound, a quoted price, an instant in UTC.

The rules run only when a file is validated: pydantic finds them by the method name and is imported nowhere here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time
from decimal import Decimal
from typing import Annotated, Any, NamedTuple

from r1plan import instants
from r1plan.money import parsed

_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d", re.ASCII)
_TAG_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,31}")
_PATH = re.compile(r"[^\s.]+(\.[^\s.]+)*")


class AtLeast(NamedTuple):
    """A number of at least `minimum`, or above it when `exclusive`."""

    minimum: int
    exclusive: bool = False

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        schema = handler(source)
        number = schema["schema"] if schema["type"] == "nullable" else schema
        number["gt" if self.exclusive else "ge"] = self.minimum
        if number["type"] == "float":
            number["allow_inf_nan"] = False
        return schema


class Matching(NamedTuple):
    """A text that is wholly `pattern`."""

    pattern: str

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        schema = handler(source)
        schema["pattern"] = rf"^(?:{self.pattern})$"
        return schema


@dataclass(frozen=True, slots=True)
class Filled:
    """A list with something in it: an empty one says nothing, and was perhaps meant to."""

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        schema = handler(source)
        schema["min_length"] = 1
        return schema


class Counting(NamedTuple):
    """A list of `length` things, no more and no fewer."""

    length: int

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        schema = handler(source)
        schema["min_length"] = schema["max_length"] = self.length
        return schema


class _FromText(NamedTuple):
    """A value read by `parse` from text; `pattern` tells an editor what the text looks like.

    `or_list`: a list of such texts is read too.
    """

    parse: Any
    pattern: str
    or_list: bool = False

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        from pydantic_core import core_schema

        return core_schema.no_info_plain_validator_function(self.parse)

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict[str, Any]:
        text = {"type": "string", "pattern": self.pattern}
        return {"anyOf": [text, {"type": "array", "items": text, "minItems": 1}]} if self.or_list else text


def parse_price(value: object) -> Decimal:
    """A price of at least 0 from its quoted text, exactly as written."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise ValueError(f"expected a price in quotes, '{value}', got {value} without quotes (a float loses digits)")
    price = parsed(value) if isinstance(value, str) else None
    if price is None:
        raise ValueError("expected a price in quotes such as '0.55'")
    if price < 0:
        raise ValueError("expected a price of 0 or more")
    return price


def parse_usd(value: object) -> Decimal:
    """An amount of at least 0: a whole number, or quoted text exactly as written."""
    if isinstance(value, float):
        raise ValueError(f"expected an amount in quotes, '{value}', got {value} without quotes (a float loses digits)")
    amount = parsed(str(value)) if isinstance(value, str | int) and not isinstance(value, bool) else None
    if amount is None or amount < 0:
        raise ValueError("expected an amount of 0 or more, such as '12.50'")
    return amount


def parse_tag_name(value: object) -> str:
    """The name of an element, as it stands between `<` and `>`."""
    if isinstance(value, str) and _TAG_NAME.fullmatch(value):
        return value
    raise ValueError("expected the name of a tag without its brackets, such as think")


def parse_instant(value: object) -> datetime:
    """An instant in UTC from ISO 8601 text with a zone; a day alone is its midnight in UTC."""
    instant = instants.parsed(value) if isinstance(value, str) else None
    if instant is None or not isinstance(value, str):
        raise ValueError("expected an instant such as 2025-02-26T16:30:00Z, or a day such as 2025-02-26")
    if instants.is_day(value):
        return instant.replace(tzinfo=UTC)
    if instant.tzinfo is None:
        raise ValueError("expected an instant with its zone, such as 2025-02-26T16:30:00Z")
    return instant.astimezone(UTC)


def parse_time(value: object) -> time:
    """A time of day from `HH:MM`."""
    if not isinstance(value, str) or not _TIME.fullmatch(value):
        raise ValueError("expected a time such as 16:30")
    return time.fromisoformat(value)


def parse_sum(value: object) -> tuple[str, ...]:
    """The dotted paths whose values are added up, from one path or a list of them."""
    paths = [value] if isinstance(value, str) else value
    if not (
        isinstance(paths, list) and paths and all(isinstance(each, str) and _PATH.fullmatch(each) for each in paths)
    ):
        raise ValueError("expected a dotted path such as usage.prompt_tokens, or a list of those to add up")
    return tuple(paths)


Count = Annotated[int, AtLeast(1)]
Whole = Annotated[int, AtLeast(0)]
Positive = Annotated[float, AtLeast(0, exclusive=True)]
NotNegative = Annotated[float, AtLeast(0)]
DayHours = Annotated[tuple[NotNegative, ...], Counting(24)]
Price = Annotated[Decimal, _FromText(parse_price, r"^[0-9]+(\.[0-9]+)?$")]
Usd = Annotated[Decimal, _FromText(parse_usd, r"^[0-9]+(\.[0-9]+)?$")]
# May be left out; nothing after the field's name is no amount all the same.
UsdIfSaid = Annotated[Decimal | None, _FromText(parse_usd, r"^[0-9]+(\.[0-9]+)?$")]
TimeOfDay = Annotated[time, _FromText(parse_time, rf"^{_TIME.pattern}$")]
PathSum = Annotated[tuple[str, ...], _FromText(parse_sum, rf"^{_PATH.pattern}$", or_list=True)]
TagName = Annotated[str, _FromText(parse_tag_name, rf"^{_TAG_NAME.pattern}$")]
Instant = Annotated[
    datetime,
    _FromText(parse_instant, r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2}))?$"),
]
