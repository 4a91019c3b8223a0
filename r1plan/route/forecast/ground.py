"""What the parts of a forecast rest on, as facts; `render.decision.words` makes the sentences. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

LengthBasis = Literal["own", "borrowed", "published", "assumed"]


@dataclass(frozen=True, slots=True)
class OwnRequests:
    """One's own requests to the model: of `kind`, None: of any; `is_as_long`: with a prompt about as long."""

    kind: str | None
    is_as_long: bool = False

    @property
    def basis(self) -> LengthBasis:
        """One's own."""
        return "own"


@dataclass(frozen=True, slots=True)
class AnyModels:
    """One's own requests of `kind` to any model, scaled to this one."""

    kind: str

    @property
    def basis(self) -> LengthBasis:
        """Borrowed from the others."""
        return "borrowed"


@dataclass(frozen=True, slots=True)
class Averages:
    """Averages that `source` published, or that are assumed after it."""

    basis: Literal["published", "assumed"]
    source: str


LengthGround = OwnRequests | AnyModels | Averages
"""Whose answers say how long this one will be."""


@dataclass(frozen=True, slots=True)
class LastTurn:
    """The last turn of the conversation, `age_s` ago: of `alike` turns as long after another `kept` found it cached."""

    age_s: float
    kept: int
    alike: int


@dataclass(frozen=True, slots=True)
class FirstTurns:
    """The first turns of the project's conversations: `with_hits` of `told` found a part cached."""

    with_hits: int
    told: int


@dataclass(frozen=True, slots=True)
class NothingSent:
    """Nothing of the prompt was sent there before."""


CacheGround = LastTurn | FirstTurns | NothingSent
"""What says how much is cached."""


@dataclass(frozen=True, slots=True)
class Assumed:
    """Nobody measured it or said so; `source` is where what is assumed is from."""

    source: str


SpeedGround = Literal["log", "plan"] | Assumed
WattsGround = Literal["log", "plan"] | Assumed
TariffGround = Literal["user"] | Assumed
