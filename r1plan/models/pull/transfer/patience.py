"""How often and how long a server that fails is asked again."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from r1plan.errors import EngineError
from r1plan.models.pull.transfer.trouble import ConnectionCut, NotReachedError, ServerBusy, Trickle
from r1plan.models.pull.watcher import PullEvent, WaitsForServer

MOST_FAILURES = 6
"""How often in a row nothing may come."""
MOST_WAIT_S = 300.0
"""The longest wait that a server may ask for."""

MOST_CUTS = 300
"""How often a connection may be cut before `ENOUGH_BYTES` have come."""
ENOUGH_BYTES = 1 << 20
"""So many bytes between two cuts are worth another connection."""

_FIRST_WAIT_S = 1.0
_LONGEST_OWN_WAIT_S = 16.0
_AGAIN = "run the same command again later: what has come is kept"

T = TypeVar("T")


class Patience:
    """Counts failures since something last came, and waits between them."""

    def __init__(self, host: str, sleep: Callable[[float], None], tell: Callable[[PullEvent], None]) -> None:
        self._host, self._sleep, self._tell = host, sleep, tell
        self._failures = 0
        self._was_reached = False
        self._cuts = self._slow = self._came_bytes = 0

    def worked(self, came_bytes: int = 0) -> None:
        """Something came."""
        self._failures = 0
        self._was_reached = True
        self._came_bytes += came_bytes
        if self._came_bytes >= ENOUGH_BYTES:
            self._cuts = self._slow = self._came_bytes = 0

    def failed(self, trouble: ServerBusy | ConnectionCut) -> None:
        """Wait before the next try. Raises EngineError when it is time to give up."""
        self._failures += 1
        given_up = self._failures >= MOST_FAILURES
        if isinstance(trouble, ConnectionCut):
            if not trouble.was_reached and not self._was_reached:
                raise NotReachedError(
                    f"{self._host} cannot be reached: {trouble.words}.", "check the network, or HF_ENDPOINT and proxies"
                )
            self._cuts += 1
            self._slow += isinstance(trouble, Trickle)
            if given_up or self._slow >= MOST_FAILURES:
                failures = max(self._failures, self._slow)
                raise EngineError(f"{self._host} failed {failures} times: {trouble.words}.", _AGAIN)
            if self._cuts >= MOST_CUTS:
                raise EngineError(f"{self._host} ended {self._cuts} connections after a few bytes each.", _AGAIN)
            self._wait(self._own_wait_s(self._failures - 1), None, trouble.words)
            return
        asked_s = trouble.wait_s or 0.0
        if asked_s > MOST_WAIT_S:
            raise EngineError(
                f"{self._host} asks to wait {asked_s:,.0f} s (HTTP {trouble.status}), which is too long.", _AGAIN
            )
        if given_up:
            raise EngineError(f"{self._host} refused {self._failures} times (HTTP {trouble.status}).", _AGAIN)
        self._wait(self._own_wait_s(self._failures) if trouble.wait_s is None else asked_s, trouble.status, None)

    def until_done(self, ask: Callable[[], T]) -> T:
        """What `ask` gives, asked again as long as the server is busy or the connection fails."""
        while True:
            try:
                answer = ask()
            except (ServerBusy, ConnectionCut) as trouble:
                self.failed(trouble)
            else:
                self.worked()
                return answer

    def _own_wait_s(self, number: int) -> float:
        """A connection that was cut while it worked is made again at once."""
        return min(_FIRST_WAIT_S * 2 ** (number - 1), _LONGEST_OWN_WAIT_S) if number else 0.0

    def _wait(self, seconds: float, status: int | None, reason: str | None) -> None:
        if not seconds:
            return
        self._tell(WaitsForServer(self._host, seconds, status, reason))
        self._sleep(seconds)
