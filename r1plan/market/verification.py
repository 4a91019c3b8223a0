"""What asking providers for their prices brought: of each provider, or why it told none."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from r1plan.errors import R1PlanError
from r1plan.market.published import PriceDifference


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedProvider:
    """One provider that was asked at `at`: what its list at `url` says of the models that we know, and of how many.

    `error` is why it told nothing. `written` are the models of which a new row stands in `file` now.
    """

    provider: str
    name: str
    at: datetime
    url: str | None = None
    listed: int = 0
    found: tuple[PriceDifference, ...] = ()
    error: R1PlanError | None = None
    written: tuple[str, ...] = ()
    file: Path | None = None

    @property
    def differing(self) -> tuple[PriceDifference, ...]:
        """Those that are not as in our book."""
        return tuple(each for each in self.found if each.outcome != "same")

    @property
    def gone(self) -> tuple[PriceDifference, ...]:
        """Those of them that are listed no more."""
        return tuple(each for each in self.found if each.outcome == "gone")
