"""How many connections fetch a file at once: one more as long as that brings more."""

from __future__ import annotations

from collections.abc import Callable

from r1plan.models.pull.access import TransferLimits

_GAIN = 1.2
_AGAIN_AFTER = 30  # trials


class ConnectionCount:
    """Counts what comes over `count` connections, and tries one more for a while, within `limits`.

    A server or a line that limits each connection is met by several of them, and every other by one.
    """

    def __init__(self, limits: TransferLimits, clock: Callable[[], float]) -> None:
        self.count = min(limits.first_connections, limits.connections)
        self._most, self._trial_s, self._clock = limits.connections, limits.trial_s, clock
        self._begun_at: float | None = None
        self._came_bytes = 0
        self._rate_before: float | None = None
        self._rests = 0

    def begins(self) -> None:
        """A file begins: the time before it counts for nothing."""
        self._begun_at, self._came_bytes = None, 0

    def came(self, count_bytes: int) -> None:
        """So many bytes came, over whichever connection."""
        now = self._clock()
        if self._begun_at is None:
            self._begun_at = now
            return
        self._came_bytes += count_bytes
        passed_s = now - self._begun_at
        if passed_s >= self._trial_s:
            self._ended(self._came_bytes / passed_s)
            self._begun_at, self._came_bytes = now, 0

    def one_only(self) -> None:
        """The server asks for less."""
        self.count = self._most = 1
        self._rate_before = None

    def _ended(self, rate: float) -> None:
        """A trial has brought so many bytes a second."""
        if self._rate_before is not None and rate < self._rate_before * _GAIN:
            self.count -= 1
            self._rests, self._rate_before = _AGAIN_AFTER, None
        elif self._rests:
            self._rests -= 1
        elif self.count < self._most:
            self.count += 1
            self._rate_before = rate
        else:
            self._rate_before = None
