"""The missing bytes of a file in their order, over several connections at once.

Parts that come before their turn wait in memory. So an unfinished file is always a beginning of the whole: its length
is all that the next pull needs to know, whatever ended this one, and another program that uses the cache may go on with
it. (A file with holes would be taken for whole by huggingface_hub, which sums nothing.)

hf-xet, the store's newer way, is left out for the same reason: it writes its file in any order, goes on with none, and
neither its waits nor the servers that it asks are ours to bound. What is stored so comes by HTTP too: the hub redirects
to a server that puts it together.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from queue import Empty, Full, Queue
from threading import Event, Thread
from typing import TYPE_CHECKING

from r1plan.models.pull.pinned import PinnedFile
from r1plan.models.pull.transfer.pace import paced
from r1plan.models.pull.transfer.trouble import ConnectionCut, SendsWhole, ServerBusy, Trickle

if TYPE_CHECKING:
    from r1plan.models.pull.access import TransferLimits
    from r1plan.models.pull.transfer.connections import ConnectionCount
    from r1plan.models.pull.transfer.part import PartSource
    from r1plan.models.pull.transfer.patience import Patience

_BATCH_BYTES = 1 << 20
_BATCH_S = 0.25
_MOST_EVENTS = 16
_MOST_AHEAD = 2  # parts that are whole, and not the first
_LOOKS_EACH_S = 0.2
_MOST_END_S = 1.0
# Some stores send no more than 50 GB in one answer.
_MOST_PART_BYTES = 32 << 30


@dataclass(slots=True, eq=False)
class _Part:
    """Bytes from `at` to `end` that are still to come; `waiting` are those that came before their turn.

    `request` counts the requests for it: what an older one brings is not taken. `is_asked` says whether the last is
    under way, `after_failures` how many failures had been counted when it was made.
    """

    at: int
    end: int
    waiting: deque[bytearray] = field(default_factory=deque)
    request: int = 0
    is_asked: bool = False
    after_failures: int = 0

    @property
    def is_whole(self) -> bool:
        return self.at >= self.end


@dataclass(frozen=True, slots=True)
class _News:
    """What a connection brought; with neither bytes nor trouble it has ended."""

    part: _Part
    request: int
    data: bytearray | None = None
    trouble: Exception | None = None


class PartStream:
    """The bytes of one file. `had_trouble` says whether they came from more than one undisturbed answer."""

    def __init__(
        self,
        source: PartSource,
        file: PinnedFile,
        limits: TransferLimits,
        patience: Patience,
        connections: ConnectionCount,
        clock: Callable[[], float],
    ) -> None:
        self._source, self._file, self._limits = source, file, limits
        self._patience, self._clock = patience, clock
        self._news: Queue[_News] = Queue(_MOST_EVENTS)
        self._is_over = Event()
        self._parts: deque[_Part] = deque()
        self._upcoming = 0
        self._connections = connections
        self._part_bytes = _MOST_PART_BYTES
        self._threads: list[Thread] = []
        self._failures = 0
        self.had_trouble = False

    def from_offset(self, offset: int) -> Generator[bytearray]:
        """The bytes from `offset` to the file's end, in their order. Close it where it is left early.

        Waits where a server is busy or a connection is lost. Raises EngineError and FileChanged for what does not pass.
        """
        self._upcoming = offset
        self._connections.begins()
        if self._file.bytes - offset >= self._limits.parallel_from_bytes:
            self._part_bytes = self._limits.part_bytes
        try:
            while self._parts or self._upcoming < self._file.bytes:
                self._begin_parts()
                self._take(self._next())
                yield from self._in_order()
        finally:
            self._end()

    def _end(self) -> None:
        """Have the connections end before their client does; one that is silent is not waited for."""
        self._is_over.set()
        for each in self._threads:
            each.join(_MOST_END_S / len(self._threads))

    def _begin_parts(self) -> None:
        """Ask for parts in their order, as long as there is a connection and room in memory for them."""
        most = self._connections.count
        running = sum(each.is_asked for each in self._parts)
        for part in self._parts:
            if running < most and not part.is_asked and not part.is_whole:
                self._ask(part)
                running += 1
        while self._upcoming < self._file.bytes and running < most and len(self._parts) < most + _MOST_AHEAD:
            part = _Part(self._upcoming, min(self._file.bytes, self._upcoming + self._part_bytes))
            self._upcoming = part.end
            self._parts.append(part)
            self._ask(part)
            running += 1

    def _in_order(self) -> Generator[bytearray]:
        while self._parts:
            first = self._parts[0]
            while first.waiting:
                yield first.waiting.popleft()
            if not first.is_whole:
                return
            self._parts.popleft()

    def _next(self) -> _News | None:
        """What comes next; None where nothing came for so long that the connections are given up."""
        while True:
            try:
                # More than what every step of a request may take by itself.
                news = self._news.get(timeout=2 * self._limits.slow_s)
            except Empty:
                return None
            if news.request == news.part.request:
                return news

    def _take(self, news: _News | None) -> None:
        if news is None:
            for each in self._parts:
                each.is_asked = False
            self._wait(Trickle("nothing came"))
            return
        part = news.part
        if news.data is not None:
            part.at += len(news.data)
            part.waiting.append(news.data)
            part.is_asked = not part.is_whole
            self._patience.worked(len(news.data))
            self._connections.came(len(news.data))
            return
        if part.is_whole:
            return
        part.is_asked = False
        match news.trouble or ConnectionCut("it ended before all of it came"):
            case SendsWhole():
                self._go_on_with_one()
            case ServerBusy() | ConnectionCut() as trouble:
                if part.after_failures == self._failures:  # else it failed together with one that was waited for
                    self._wait(trouble)
            case error:
                raise error

    def _wait(self, trouble: ServerBusy | ConnectionCut) -> None:
        self.had_trouble = True
        self._failures += 1
        if isinstance(trouble, ServerBusy):  # it asks for less
            self._connections.one_only()
        self._patience.failed(trouble)

    def _go_on_with_one(self) -> None:
        """Ask for all that is missing at once, of a server that knows no parts."""
        self._connections.one_only()
        self._part_bytes = self._file.bytes
        first = self._parts[0]
        for each in self._parts:
            each.request += 1
        self._upcoming = first.at
        first.end = first.at
        while len(self._parts) > 1:
            self._parts.pop()

    def _ask(self, part: _Part) -> None:
        part.request += 1
        part.is_asked, part.after_failures = True, self._failures
        thread = Thread(target=self._bring, args=(part, part.request, part.at, part.end), daemon=True)
        self._threads = [*(each for each in self._threads if each.is_alive()), thread]
        thread.start()

    def _bring(self, part: _Part, request: int, at: int, end: int) -> None:
        """Bring a part, in a thread of its own. Whatever happens is told to the other, which decides."""
        batch = bytearray()
        trouble: Exception | None = None
        try:
            with self._source.opened(self._file, at, end - 1) as answer:
                if answer.is_whole and end < self._file.bytes:
                    raise SendsWhole
                told_at = self._clock()
                for piece in paced(answer.pieces, self._limits, self._clock):
                    if self._is_over.is_set():
                        return
                    batch += piece[: end - at - len(batch)]
                    has_all = at + len(batch) >= end
                    if has_all or len(batch) >= _BATCH_BYTES or self._clock() - told_at >= _BATCH_S:
                        at += len(batch)
                        if not self._tell(_News(part, request, batch)) or has_all:
                            return
                        batch, told_at = bytearray(), self._clock()
        except Exception as error:
            trouble = error
        if batch:
            self._tell(_News(part, request, batch))
        self._tell(_News(part, request, trouble=trouble))

    def _tell(self, news: _News) -> bool:
        """Hand it over; False where nobody takes it any more."""
        while not self._is_over.is_set():
            try:
                self._news.put(news, timeout=_LOOKS_EACH_S)
            except Full:
                continue
            return True
        return False
