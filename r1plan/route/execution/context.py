"""What is the same for every target that is asked one question: what is asked, for whom, and with which means."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from random import random
from typing import TYPE_CHECKING, Protocol

from r1plan.engine.chat import ChatRequest, Event
from r1plan.ledger.usage_log import UsageLog
from r1plan.route.execution.record import Labels
from r1plan.route.execution.retry import RetryPolicy
from r1plan.route.spending.budget import SpendingLimits

if TYPE_CHECKING:
    from r1plan.route.execution.notes import Note


class Audience(Protocol):
    """Who sees an answer come."""

    @property
    def sees_thinking(self) -> bool:
        """Whether the thinking is among what is seen: what was seen is never taken back."""
        ...

    def asks(self, model: str, usd_per_token: Decimal | None) -> None:
        """`model` is asked now; what a token that it writes costs, None: unknown."""
        ...

    def show(self, event: Event) -> None:
        """Take one event. May raise OSError when nobody can see it any more."""
        ...

    def tell(self, note: Note) -> None:
        """Take something that is to be known of how it goes, between the events."""
        ...


class Unseen:
    """An audience that sees nothing: whoever asks wants the result."""

    sees_thinking = False

    def asks(self, model: str, usd_per_token: Decimal | None) -> None:
        """Look away."""

    def show(self, event: Event) -> None:
        """Look away."""

    def tell(self, note: Note) -> None:
        """Look away."""


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clocks:
    """The instant, seconds that only grow, waiting for so many, and a chance of [0, 1)."""

    now: Callable[[], datetime] = _utc_now
    tick: Callable[[], float] = time.perf_counter
    sleep: Callable[[float], None] = time.sleep
    random: Callable[[], float] = random


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestContext:
    """What is the same for every target of a question. `log_text` puts prompt and answer into the last row of each."""

    request: ChatRequest
    log: UsageLog
    audience: Audience = field(default_factory=Unseen)
    labels: Labels = field(default_factory=Labels)
    spending: SpendingLimits = field(default_factory=SpendingLimits)
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    clocks: Clocks = field(default_factory=Clocks)
    log_text: bool = False
