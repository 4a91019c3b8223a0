"""One row of the usage log: schema `r1plan.usage/1`, one JSON object a line."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import cache
from operator import attrgetter
from typing import Literal, Protocol

from r1plan.ledger.schema import (
    FIGURE,
    INSTANT,
    NAME,
    NUMBER,
    OBJECT,
    SCHEMA,
    STATUS,
    TEXT,
    TOKENS,
    USD,
    WORDS,
    column,
    columns,
)
from r1plan.ledger.schema import Status as Status

SETTLED: tuple[Status, ...] = ("ok", "length")
"""The status of a request that came to its end, so that its cost, where it is known, is certain."""

EndReason = Literal[
    "stop",
    "length",
    "content_filter",
    "interrupted",  # Ctrl-C, SIGTERM, SIGHUP
    "closed_pipe",  # nobody reads the answer any more, or it cannot be written
    "budget",  # it reached what the user allows it to cost
    "thinking_limit",  # it thought longer than the user wants
    "thinking_loop",  # its thinking only repeated itself
    "answer_loop",  # its answer only repeated itself
    "handed_over",  # another was asked instead, before an answer had begun
    "first_token_timeout",
    "stalled",  # it had begun
    "timeout",
    "connection_lost",
    "unreachable",  # nothing was sent
    "refused",  # the server answered with an error instead of a stream
    "server_failed",  # the server said so in mid answer
    "bad_stream",  # what came could not be read
    "engine_failed",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageEntry:
    """What one request used and cost. Costs are USD; None is unknown and is never written as 0.

    A request has a row when it begins, with status "started" and `ended_at` None, and one with the same `id` at its
    end, which replaces it. A row's file is named after the UTC month of `placed_at`. `cost_low_usd` and
    `cost_high_usd` bound what may be billed, `reported_usd` is what the provider says it bills. `text` is what was
    asked and answered, only where the user wants it kept. `attempt_of` is the id of the first request of several that
    were made for one question. `reserved_usd` is what a budget sets aside for the request until its cost is known: a
    request that outgrows it has a further row with status "started" and more set aside. `http_status` is that of a
    refusal.

    The fields from `kind` on are what later forecasts learn from, and are in a row only where known: one word for what
    was asked, an id that the turns of one conversation share, the tokens guessed from the length of what was sent, and
    what the request was expected to cost at most in half and in nine tenths of all cases.
    """

    id: str = field(metadata=column(NAME, needed=True, in_report="id"))
    started_at: datetime = field(metadata=column(INSTANT, needed=True, in_report="started_us"))
    first_token_at: datetime | None = field(metadata=column(INSTANT, in_report="first_token_us"))
    ended_at: datetime | None = field(metadata=column(INSTANT, in_report="ended_us"))
    provider: str = field(metadata=column(NAME, needed=True, in_report="provider"))
    model_requested: str = field(metadata=column(NAME, needed=True, in_report="model"))
    model_served: str | None = field(metadata=column(TEXT, in_report="served"))
    project: str | None = field(default=None, metadata=column(TEXT, in_report="project"))
    tags: Mapping[str, str] = field(default_factory=dict, metadata=column(OBJECT, in_report="tags"))
    policy: str | None = field(default=None, metadata=column(TEXT))
    status: Status = field(metadata=column(STATUS, needed=True, in_report="status"))
    end_reason: EndReason | None = field(default=None, metadata=column(TEXT, in_report="end_reason"))
    input_tokens: int | None = field(metadata=column(TOKENS, in_report="input_tokens"))
    cache_hit_tokens: int | None = field(
        default=None, metadata=column(TOKENS, in_report="cache_hit_tokens", part_of="input_tokens")
    )
    output_tokens: int | None = field(metadata=column(TOKENS, in_report="output_tokens"))
    thinking_tokens: int | None = field(
        default=None, metadata=column(TOKENS, in_report="thinking_tokens", part_of="output_tokens")
    )
    provenance: Mapping[str, str] = field(default_factory=dict, metadata=column(OBJECT, in_report="provenance"))
    flags: tuple[str, ...] = field(default=(), metadata=column(WORDS, in_report="flags"))
    price_id: str | None = field(default=None, metadata=column(TEXT))
    cost_usd: Decimal | None = field(default=None, metadata=column(FIGURE, in_report="cost_usd"))
    cost_low_usd: Decimal | None = field(default=None, metadata=column(USD, in_report="cost_low_usd"))
    cost_high_usd: Decimal | None = field(default=None, metadata=column(USD, in_report="cost_high_usd"))
    reported_usd: Decimal | None = field(default=None, metadata=column(USD, in_report="reported_usd", only_known=True))
    energy_wh: Decimal | None = field(default=None, metadata=column(FIGURE, in_report="energy_wh"))
    attempt_of: str | None = field(default=None, metadata=column(TEXT, in_report="attempt_of"))
    text: Mapping[str, object] | None = field(default=None, metadata=column(OBJECT, only_known=True))
    reserved_usd: Decimal | None = field(default=None, metadata=column(FIGURE, only_known=True))
    http_status: int | None = field(default=None, metadata=column(NUMBER, only_known=True))
    kind: str | None = field(default=None, metadata=column(TEXT, only_known=True))
    conversation: str | None = field(default=None, metadata=column(TEXT, in_report="conversation", only_known=True))
    estimated_input_tokens: int | None = field(default=None, metadata=column(TOKENS, only_known=True))
    forecast_p50_usd: Decimal | None = field(
        default=None, metadata=column(FIGURE, in_report="forecast_p50_usd", only_known=True)
    )
    forecast_p90_usd: Decimal | None = field(
        default=None, metadata=column(FIGURE, in_report="forecast_p90_usd", only_known=True)
    )

    @property
    def placed_at(self) -> datetime:
        """The instant to which the request belongs: its end, or its start if it has not ended."""
        return placed_at(self)

    @property
    def is_settled(self) -> bool:
        """Whether what it costs is known: it came to its end, or was refused. What broke off may be billed more."""
        return is_settled(self)

    def to_line(self) -> str:
        """The row as one line of JSON, ending in a newline; an `only_known` column is left out where it is None."""
        kind: type = type(self)
        names, values, only_known = _written(kind)
        row = {"schema": SCHEMA, **dict(zip(names, values(self), strict=True))}
        for name in only_known:
            if row[name] is None:
                del row[name]
        return _encode(row) + "\n"


class EndOfRequest(Protocol):
    """The columns that say how a request ended and what it cost."""

    @property
    def status(self) -> Status: ...  # noqa: D102 -- as in UsageEntry, like all here
    @property
    def cost_usd(self) -> Decimal | None: ...  # noqa: D102


class PlacedRequest(EndOfRequest, Protocol):
    """And those that say when, and between what its cost may be."""

    @property
    def started_at(self) -> datetime: ...  # noqa: D102
    @property
    def ended_at(self) -> datetime | None: ...  # noqa: D102
    @property
    def cost_low_usd(self) -> Decimal | None: ...  # noqa: D102
    @property
    def cost_high_usd(self) -> Decimal | None: ...  # noqa: D102


def placed_at(row: PlacedRequest) -> datetime:
    """The instant to which a request belongs: its end, or its start if it has not ended."""
    return row.ended_at or row.started_at


def is_whole(row: EndOfRequest) -> bool:
    """Whether a request that has ended came to its end and its cost is known: then nothing else of its row counts."""
    return row.cost_usd is not None and row.status in SETTLED


def is_settled(row: PlacedRequest) -> bool:
    """Whether what a request costs is known: it came to its end, or was refused."""
    if row.ended_at is None or row.cost_usd is None:
        return False
    return is_whole(row) or row.cost_low_usd == row.cost_high_usd


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


@cache
def _written(row: type) -> tuple[Sequence[str], Callable[[UsageEntry], tuple[object, ...]], Sequence[str]]:
    """The columns of `row`, what gets their values, and the columns that are left out where they are None."""
    found = columns(row)
    return tuple(found), attrgetter(*found), tuple(name for name, each in found.items() if each.only_known)


# Made once: json.dumps would make one for every row.
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=_plain).encode
