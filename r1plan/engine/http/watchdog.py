"""Ends a connection whose server keeps us waiting too long.

A timeout on each read cannot do that: a comment every few seconds would satisfy it for ever. So a thread looks at how
long we have waited in all, and shuts the socket down; whoever reads from it then finds it closed, and `expired` says
why. Only time spent waiting counts: a reader that rests, as in a pager, is not the server's fault.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import suppress
from threading import Event, Lock, Thread
from time import monotonic
from types import TracebackType
from typing import Literal

from r1plan.engine.limits import ServerLimits

Expiry = Literal["first_token", "stall", "total"]
_LOOK_EVERY_S = 0.5


class Watchdog:
    """Watches one exchange. `connection` gives its socket, None where there is none yet.

    As a context manager it runs the thread. `begin` and `end` stand around each wait for the server; `token` says that
    a part of the answer came, `last` that it has ended.
    """

    def __init__(
        self,
        limits: ServerLimits,
        first_token_s: float,
        connection: Callable[[], socket.socket | None],
        tick: Callable[[], float] = monotonic,
    ) -> None:
        self.limits = limits
        self._tick = tick
        self._first_token_s = first_token_s
        self._connection = connection
        self.waiting_for: Expiry = "first_token"
        self._last_s = limits.stall_s  # what is waited for the last bytes, once the answer has ended
        self._look_every_s = min(_LOOK_EVERY_S, limits.stall_s)
        self._waited_s = 0.0  # for this token
        self._waited_total_s = 0.0
        self._begun: float | None = None
        self._deadline = float("inf")
        self._lock, self._wake, self._stopped = Lock(), Event(), False
        self._thread = Thread(target=self._look, name="r1plan-watch", daemon=True)
        self.expired: Expiry | None = None

    def __enter__(self) -> Watchdog:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped = True
        self._wake.set()
        self._thread.join()

    @property
    def limit_s(self) -> float:
        """The limit that is passed next, or was."""
        return self._limit_s(self.expired or self.waiting_for)

    def begin(self) -> bool:
        """We wait for the server from here on. False, with `expired` set, when it is too late already."""
        now = self._tick()
        token_left = self._limit_s(self.waiting_for) - self._waited_s
        total_left = self.limits.total_s - self._waited_total_s
        left = min(token_left, total_left)
        if left <= 0 and self.expired is None:
            self.expired = self.waiting_for if token_left <= total_left else "total"
        is_first = self._deadline == float("inf")
        with self._lock:
            self._begun = now
            self._deadline = now + left
        if is_first:
            self._wake.set()
        return self.expired is None

    def end(self) -> None:
        """The server has answered something, or the connection has ended."""
        with self._lock:
            begun, self._begun = self._begun, None
        if begun is not None:
            waited = self._tick() - begun
            self._waited_s += waited
            self._waited_total_s += waited

    def token(self) -> None:
        """A part of the answer came: the next one has its own time."""
        self._waited_s = 0.0
        if self.waiting_for == "first_token":
            self.waiting_for = "stall"
            self._wake.set()

    def last(self, wait_s: float) -> None:
        """The answer has ended: at most `wait_s` from here on is waited for what may follow."""
        self._waited_s, self.waiting_for = 0.0, "stall"
        self._last_s = min(wait_s, self.limits.stall_s)
        self._look_every_s = min(self._look_every_s, wait_s / 4)
        self._wake.set()

    def _limit_s(self, expiry: Expiry) -> float:
        if expiry == "total":
            return self.limits.total_s
        return self._first_token_s if expiry == "first_token" else self._last_s

    def _look(self) -> None:
        while not self._stopped:
            with self._lock:
                left = self._deadline - self._tick()
                waiting = self._begun is not None
                if left <= 0 and waiting:
                    self._shut()
            # Within one wait the deadline never comes nearer; a new wait may set a nearer one.
            soon = max(left, 0.01) if waiting else _LOOK_EVERY_S
            self._wake.wait(min(soon, self._look_every_s))
            self._wake.clear()

    def _shut(self) -> None:
        if self.expired is None:
            is_total = self._waited_total_s + self._tick() - (self._begun or 0) >= self.limits.total_s
            self.expired = "total" if is_total else self.waiting_for
        if connection := self._connection():
            # Not SSLSocket's own shutdown, which would pull the state away from under the reading thread.
            with suppress(OSError):
                socket.socket.shutdown(connection, socket.SHUT_RDWR)
