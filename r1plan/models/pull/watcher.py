"""What a pull tells while it runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from r1plan.models.pull.pinned import PinnedModel


@dataclass(frozen=True, slots=True)
class WaitsForServer:
    """Nothing comes for a while: the server asked for it (`status`), or a connection was lost (`reason`)."""

    host: str
    seconds: float
    status: int | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class WaitsForOther:
    """Another program fetches this file."""

    file: str


@dataclass(frozen=True, slots=True)
class ChecksFile:
    """Bytes that are here already are read and summed."""

    file: str
    bytes: int


@dataclass(frozen=True, slots=True)
class ChangedThere:
    """The file is another one at the server now; the pull begins anew with it."""

    file: str


@dataclass(frozen=True, slots=True)
class Discarded:
    """Wrong bytes of an earlier time were removed; the file is fetched anew."""

    file: str


@dataclass(frozen=True, slots=True)
class NotReached:
    """The server was not reached, and what is here is complete."""

    host: str


PullEvent = WaitsForServer | WaitsForOther | ChecksFile | ChangedThere | Discarded | NotReached


class PullWatcher(Protocol):
    """Sees a pull. Its methods are called in one thread."""

    def begins(self, model: PinnedModel, here_bytes: int) -> None:
        """What is to be had, and how much of it is here already. Called again when the pull begins anew."""

    def moves(self, done_bytes: int) -> None:
        """So much of the whole is here now."""

    def tells(self, event: PullEvent) -> None:
        """Something a person may wonder about."""
