"""What may go wrong on the way and be mended by asking again; each is caught inside a pull."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from r1plan.errors import EngineError

_RESET = re.compile(r"(?:^|[;,\s])t=(\d{1,9})(?:[;,\s]|$)")


class ServerBusy(Exception):
    """The server asks to come again; `wait_s` is None where it does not say when."""

    def __init__(self, status: int, wait_s: float | None) -> None:
        super().__init__(status)
        self.status = status
        self.wait_s = wait_s


class ConnectionCut(Exception):
    """The connection ended or fell silent, or what came over it was no part of the file. `words` say how."""

    def __init__(self, words: str, *, was_reached: bool = True) -> None:
        super().__init__(words)
        self.words = words
        self.was_reached = was_reached


class Trickle(ConnectionCut):
    """Bytes come, and so few that the connection is given up for another."""


class SendsWhole(Exception):
    """The server answers with the whole file where a part was asked for."""


class FileChanged(Exception):
    """The server has another file under this name than when the pull began."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class NotReachedError(EngineError):
    """No connection to the server was ever made."""


class NotAtServer(EngineError):
    """The server has no such file; `repo_is_there` tells a name that is wrong from a repository that is."""

    def __init__(self, message: str, hint: str | None, *, repo_is_there: bool) -> None:
        super().__init__(message, hint)
        self.repo_is_there = repo_is_there


def retry_after_s(headers: Mapping[str, str], now: datetime) -> float | None:
    """How long a server asks to wait, in seconds or as a date; None where it does not say."""
    said = (headers.get("Retry-After") or "").strip()
    if said.isascii() and said.isdigit():
        return float(said[:9])
    if said:
        try:
            at = parsedate_to_datetime(said)
        except ValueError:
            return None
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
        return max((at - now).total_seconds(), 0.0)
    # Hugging Face's own: RateLimit: "resolvers";r=0;t=55
    found = _RESET.search(headers.get("RateLimit") or "")
    return float(found[1]) if found else None
