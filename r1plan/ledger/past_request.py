"""What a forecast learns from: the part of a log row that says how a request went."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

from msgspec import Meta, Struct

# A row with a local time, or with more tokens than anything can write, was not written by us.
Instant = Annotated[datetime, Meta(tz=True)]
Tokens = Annotated[int, Meta(ge=0, le=100_000_000)]


class PastRequest(Struct, frozen=True, kw_only=True, gc=False):
    """One ended request of the log. The fields are those of `UsageEntry`, by the same names and with the same units."""

    schema: Literal["r1plan.usage/1"]
    id: str
    started_at: Instant
    first_token_at: Instant | None = None
    ended_at: Instant
    provider: str
    model_requested: str
    project: str | None = None
    status: Literal["ok", "length", "aborted", "failed"]
    end_reason: str | None = None
    input_tokens: Tokens | None = None
    cache_hit_tokens: Tokens | None = None
    output_tokens: Tokens | None = None
    thinking_tokens: Tokens | None = None
    energy_wh: Decimal | None = None
    kind: str | None = None
    conversation: str | None = None
    estimated_input_tokens: Tokens | None = None

    @property
    def source(self) -> tuple[str, str]:
        """Who was asked for what: the provider and the model id."""
        return self.provider, self.model_requested

    @property
    def was_sent(self) -> bool:
        """Whether a server took the request, so that something may have been written and billed."""
        return self.end_reason not in ("unreachable", "refused")
