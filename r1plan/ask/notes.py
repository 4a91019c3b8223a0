"""What a person should know of who may answer, as facts; `render.decision.resolved` makes the sentences."""

from __future__ import annotations

from dataclasses import dataclass

from r1plan.engine.target import UnlistedModel
from r1plan.errors import ProviderError


@dataclass(frozen=True, slots=True)
class Demonstration:
    """The model inside the package answers, which is not R1; `surely` False: a route may choose it."""

    surely: bool = True


@dataclass(frozen=True, slots=True)
class BilledIn:
    """The account is billed in `currency`, while a log row holds dollars only."""

    currency: str


@dataclass(frozen=True, slots=True)
class UnusableKey:
    """A provider's key is there and cannot be used; `error` says why."""

    error: ProviderError


ResolutionNote = Demonstration | BilledIn | UnusableKey | UnlistedModel
