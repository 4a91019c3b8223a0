"""What a forecast learns from: the part of a log row that says how a request went."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Literal

from r1plan.ledger.entry import Status, UsageEntry
from r1plan.ledger.projection import projection


@projection(UsageEntry)
class PastRequest:
    """One ended request of the log. The fields are those of `UsageEntry`, by the same names and with the same units."""

    schema: Literal["r1plan.usage/1"]
    id: str
    started_at: datetime
    first_token_at: datetime | None = None
    ended_at: datetime
    provider: str
    model_requested: str
    project: str | None = None
    status: Status
    end_reason: str | None = None
    input_tokens: int | None = None
    cache_hit_tokens: int | None = None
    output_tokens: int | None = None
    thinking_tokens: int | None = None
    energy_wh: Decimal | None = None
    kind: str | None = None
    conversation: str | None = None
    estimated_input_tokens: int | None = None

    @property
    def source(self) -> tuple[str, str]:
        """Who was asked for what: the provider and the model id."""
        return self.provider, self.model_requested

    @property
    def was_sent(self) -> bool:
        """Whether a server took the request, so that something may have been written and billed."""
        return self.end_reason not in ("unreachable", "refused")
