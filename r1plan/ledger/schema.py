"""What the columns of the usage log are; a row's JSON, its readers, the report's SQL and its checks follow from it.

The columns themselves stand in `entry.UsageEntry` and nowhere else: one more is one more line there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import datetime
from decimal import Decimal
from typing import Literal, NamedTuple, get_args

SCHEMA = "r1plan.usage/1"
MONEY_DIGITS = 15
"""As many decimal places as a report adds up exactly."""

Status = Literal["ok", "length", "aborted", "failed", "started"]

_INSTANT = (
    r"20[0-9]{2}-[01][0-9]-[0-3][0-9]T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,6})?"
    r"(Z|[+-](0[0-9]|1[0-4]):[0-5][0-9])"
)
_DECIMAL = f"TRY_CAST({{json}} ->> '$' AS DECIMAL(38, {MONEY_DIGITS}))"


# Tuples: every start of a chat makes these two classes, and dataclasses would take ten times as long.
class Kind(NamedTuple):
    """What the values of a column are: `python` in a row, `sql` in a report, made of the column's JSON in `{json}`.

    `expected` says it to a person. `json_pattern` is what the JSON text of a valid value matches as a whole, by the
    rules that Python's and the report's regular expressions share. `read` raises ValueError for a text of that form
    that is none all the same; its `sql` is NULL then.
    """

    python: object
    expected: str
    sql: str
    json_pattern: str
    read: Callable[[str], object] | None = None


# In the order in which what is wrong with a line is looked for: the first tells a person the most.
NAME = Kind(python=str, expected="a text", sql="{json} ->> '$'", json_pattern='".+"')
STATUS = Kind(
    python=Status,
    expected=f"one of {', '.join(get_args(Status))}",
    sql="{json} ->> '$'",
    json_pattern=f'"({"|".join(get_args(Status))})"',
)
INSTANT = Kind(
    python=datetime,
    expected="an ISO 8601 instant with its offset",
    sql="epoch_us(TRY_CAST({json} ->> '$' AS TIMESTAMPTZ))",
    json_pattern=f'"{_INSTANT}"',
    read=datetime.fromisoformat,  # 30 February has the form of an instant
)
TOKENS = Kind(
    python=int,
    expected="a whole number of tokens, 0 or more",
    sql="TRY_CAST(CAST({json} AS VARCHAR) AS BIGINT)",
    json_pattern="[0-9]{1,18}",
)
USD = Kind(
    python=Decimal,
    expected="an amount of USD as a text",
    sql=_DECIMAL,
    json_pattern=f'"[0-9]{{1,18}}([.][0-9]{{1,{MONEY_DIGITS}}})?"',
)
TEXT = Kind(python=str, expected="a text", sql="{json} ->> '$'", json_pattern='".*"')
OBJECT = Kind(python=dict[str, object], expected="an object", sql="{json}", json_pattern="[{].*[}]")
# What is worked out here may have many decimal places: a report rounds it.
FIGURE = Kind(
    python=Decimal,
    expected="a number, 0 or more, as a text",
    sql=_DECIMAL,
    json_pattern='"[0-9]{1,18}([.][0-9]{1,100})?"',
)
NUMBER = Kind(python=int, expected="a whole number, 0 or more", sql=TOKENS.sql, json_pattern=TOKENS.json_pattern)
WORDS = Kind(
    python=tuple[str, ...],
    expected="a list of texts",
    sql="CASE WHEN CAST({json} AS VARCHAR) = '[]' THEN [] ELSE TRY_CAST({json} AS VARCHAR[]) END",
    json_pattern=r"\[.*\]",
)
_KINDS = (NAME, STATUS, INSTANT, TOKENS, USD, TEXT, OBJECT, FIGURE, NUMBER, WORDS)


class Column(NamedTuple):
    """One column of the log. A line without a `needed` one, or with null there, is invalid.

    `in_report`: the report's name of it; None where reports do not read it, so that it spoils no line for them.
    `part_of`: the column of which it is a part, and so never more. `only_known`: left out of a row where it is None.
    """

    kind: Kind
    needed: bool = False
    in_report: str | None = None
    part_of: str | None = None
    only_known: bool = False


def column(
    kind: Kind,
    *,
    needed: bool = False,
    in_report: str | None = None,
    part_of: str | None = None,
    only_known: bool = False,
) -> Mapping[str, Column]:
    """The metadata of a dataclass field that is a `Column`."""
    return {"column": Column(kind=kind, needed=needed, in_report=in_report, part_of=part_of, only_known=only_known)}


def columns(row: type) -> Mapping[str, Column]:
    """The columns of `row`, a dataclass such as `UsageEntry`, by name in the order in which they are written."""
    return {each.name: each.metadata["column"] for each in fields(row)}


def report_columns(row: type) -> Mapping[str, Column]:
    """Those that a report reads, in the order in which what is wrong with one is looked for."""
    read = [(name, each) for name, each in columns(row).items() if each.in_report]
    return dict(sorted(read, key=lambda item: _KINDS.index(item[1].kind)))
