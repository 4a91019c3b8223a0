"""A checksum that is made beside the receiving, on another core."""

from __future__ import annotations

from queue import Queue
from threading import Thread
from types import TracebackType

from r1plan.models.pull.pinned import Hasher

_MOST_WAITING = 8


class RunningSum:
    """Sums what it is given, in a thread of its own, until it is closed."""

    def __init__(self, hasher: Hasher) -> None:
        self._hasher = hasher
        self._waiting: Queue[bytes | bytearray | None] = Queue(_MOST_WAITING)
        self._thread = Thread(target=self._run, daemon=True)

    def __enter__(self) -> RunningSum:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        # A signal that came while a queue was entered leaves it locked (bpo-29988): it is not entered again then, and
        # its thread is left behind.
        if kind is None or not issubclass(kind, KeyboardInterrupt):
            self._end()

    def add(self, data: bytes | bytearray) -> None:
        """Take more bytes, which nobody may change afterwards."""
        self._waiting.put(data)

    def hexdigest(self) -> str:
        """The sum of all that was added; nothing more is taken."""
        self._end()
        return self._hasher.hexdigest()

    def _end(self) -> None:
        if self._thread.is_alive():
            self._waiting.put(None)
            self._thread.join()

    def _run(self) -> None:
        while (data := self._waiting.get()) is not None:
            self._hasher.update(data)
