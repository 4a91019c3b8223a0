"""One row of the usage log: schema `r1plan.usage/1`, one JSON object a line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from decimal import Decimal
from operator import attrgetter
from typing import Literal

SCHEMA = "r1plan.usage/1"

Status = Literal["ok", "length", "aborted", "failed", "started"]
SETTLED: tuple[Status, ...] = ("ok", "length")
EndReason = Literal[
    "stop",
    "length",
    "content_filter",
    "interrupted",  # Ctrl-C
    "closed_pipe",  # nobody reads the answer any more
    "budget",  # it reached what the user allows it to cost
    "thinking_limit",  # it thought longer than the user wants
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
    `cost_high_usd` bound what may be billed. `text` is what was asked and answered, only where the user wants it kept.
    `attempt_of` is the id of the first request of several that were made for one question. `reserved_usd` is what a
    budget sets aside for the request until its cost is known: a request that outgrows it has a further row with status
    "started" and more set aside. `http_status` is that of a refusal.

    The fields from `kind` on are what later forecasts learn from, and are in a row only where known: one word for what
    was asked, an id that the turns of one conversation share, the tokens guessed from the length of what was sent, and
    what the request was expected to cost at most in half and in nine tenths of all cases.
    """

    id: str
    started_at: datetime
    first_token_at: datetime | None
    ended_at: datetime | None
    provider: str
    model_requested: str
    model_served: str | None
    project: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    policy: str | None = None
    status: Status
    end_reason: EndReason | None = None
    input_tokens: int | None
    cache_hit_tokens: int | None = None
    output_tokens: int | None
    thinking_tokens: int | None = None
    provenance: Mapping[str, str] = field(default_factory=dict)
    flags: tuple[str, ...] = ()
    price_id: str | None = None
    cost_usd: Decimal | None = None
    cost_low_usd: Decimal | None = None
    cost_high_usd: Decimal | None = None
    energy_wh: Decimal | None = None
    attempt_of: str | None = None
    text: Mapping[str, object] | None = None
    reserved_usd: Decimal | None = None
    http_status: int | None = None
    kind: str | None = None
    conversation: str | None = None
    estimated_input_tokens: int | None = None
    forecast_p50_usd: Decimal | None = None
    forecast_p90_usd: Decimal | None = None

    @property
    def placed_at(self) -> datetime:
        """The instant to which the request belongs: its end, or its start if it has not ended."""
        return self.ended_at or self.started_at

    @property
    def is_settled(self) -> bool:
        """Whether what it costs is known: it came to its end, or was refused. What broke off may be billed more."""
        if self.ended_at is None or self.cost_usd is None:
            return False
        return self.status in SETTLED or self.cost_low_usd == self.cost_high_usd

    def to_line(self) -> str:
        """The row as one line of JSON, ending in a newline. From `text` on, a field that is None is left out."""
        row = {"schema": SCHEMA, **dict(zip(_NAMES, _values(self), strict=True))}
        for name in _OPTIONAL:
            if row[name] is None:
                del row[name]
        return _encode(row) + "\n"


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


_NAMES = tuple(each.name for each in fields(UsageEntry))
_OPTIONAL = _NAMES[_NAMES.index("text") :]
_values = attrgetter(*_NAMES)
# Made once: json.dumps would make one for every row.
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=_plain).encode
