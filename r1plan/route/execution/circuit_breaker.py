"""Whether a provider is worth asking now, from how its last requests went. Pure: the usage log is all the state.

After three failures in a row a provider is left alone for 30 seconds, and for twice as long after each further one, up
to 15 minutes. Then one request may try: when it is answered all is forgotten, else the wait goes on. A balance that is
used up counts as three failures: it is not mended by asking again. A provider's refusal of a request, a model or a key
says nothing of its health, wherever it tells it, and neither does a request that the user stopped.

With --no-log the failures of a run are known to itself alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from r1plan.ledger.requests import LoggedRequest


FAILURES_TO_OPEN = 3
FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(minutes=15)

# Older failures say nothing of now.
_REMEMBERED = timedelta(hours=1)
_NO_BALANCE = 402
_BUSY = frozenset({408, 425, 429})
_FAILURES = frozenset(
    {"unreachable", "first_token_timeout", "stalled", "timeout", "connection_lost", "server_failed", "bad_stream"}
)


@dataclass(frozen=True, slots=True)
class Breaker:
    """`until` is when an open one lets a request through again; `failures` how many there were in a row."""

    state: Literal["closed", "open", "half-open"]
    failures: int = 0
    until: datetime | None = None


def state(rows: Iterable[LoggedRequest], provider: str, now: datetime) -> Breaker:
    """The breaker of `provider` at `now`, from one row a request in any order."""
    its = [row for row in rows if row.provider == provider]
    ended = [
        (row.ended_at, row) for row in its if row.ended_at is not None and now - _REMEMBERED <= row.ended_at <= now
    ]
    ended.sort(key=lambda each: each[0], reverse=True)
    failures = 0
    last: datetime | None = None
    for at, row in ended:
        weight = _weight(row)
        if weight == 0:
            break
        if weight is not None:
            failures += weight
            last = last or at
    if last is None or failures < FAILURES_TO_OPEN:
        return Breaker("closed", failures)
    until = last + min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(failures - FAILURES_TO_OPEN, 10))
    tries = any(row.ended_at is None and until <= row.started_at and now - row.started_at < LONGEST_WAIT for row in its)
    return Breaker("open" if now < until or tries else "half-open", failures, until)


def _weight(row: LoggedRequest) -> int | None:
    """How many failures a request counts as; 0 for a success, None when it says nothing."""
    if row.end_reason == "refused" or (row.end_reason == "server_failed" and row.http_status is not None):
        status = row.http_status or 0
        if status == _NO_BALANCE:
            return FAILURES_TO_OPEN
        return 1 if status >= 500 or status in _BUSY else None
    if row.end_reason in _FAILURES:
        return 1
    # An answer that the user or a limit broke off had begun, so the provider was well.
    return 0 if row.status in ("ok", "length") or row.first_token_at is not None else None
