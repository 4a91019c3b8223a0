"""One row of the usage log: schema `r1plan.usage/1`, one JSON object a line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Literal

SCHEMA = "r1plan.usage/1"

Status = Literal["ok", "length", "aborted", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageEntry:
    """What one request used and cost. Costs are USD; None is unknown and is never written as 0.

    Its file is named after the UTC month of `ended_at`.
    """

    id: str
    started_at: datetime
    first_token_at: datetime | None
    ended_at: datetime
    provider: str
    model_requested: str
    model_served: str | None
    project: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    policy: str | None = None
    status: Status
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

    def to_line(self) -> str:
        """The row as one line of JSON, ending in a newline."""
        row: dict[str, object] = {"schema": SCHEMA}
        for name in self.__slots__:
            value = getattr(self, name)
            if isinstance(value, datetime):
                row[name] = value.isoformat()
            elif isinstance(value, Decimal):
                row[name] = format(value, "f")
            elif isinstance(value, Mapping):
                row[name] = dict(value)
            else:
                row[name] = value
        return json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n"
