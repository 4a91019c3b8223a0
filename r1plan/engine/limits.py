"""How long and how much a server may answer before r1plan gives it up."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerLimits:
    """Seconds spent waiting for the server, and bytes that it sent.

    `connect_s`: until the connection stands. `first_token_s`: from the request on to the first token; comments and
    blank lines are no token. None: what the provider's file says. `stall_s`: between two tokens. `total_s`: for the
    whole answer. `event_bytes` bounds what comes without one whole event, `idle_bytes` whole events without a part of
    the answer, `body_bytes` any body that is not a stream, `text_characters` the thinking and the answer together.
    The time that our own reader takes does not count.
    """

    connect_s: float = 10
    first_token_s: float | None = None
    stall_s: float = 120
    total_s: float = 4 * 3600
    event_bytes: int = 8 << 20
    idle_bytes: int = 2 << 20
    total_bytes: int = 512 << 20
    text_characters: int = 16 << 20
    body_bytes: int = 256 << 10
