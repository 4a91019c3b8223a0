"""Whether bytes come fast enough to go on with a connection."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from queue import Empty, Queue
from threading import Thread
from typing import TypeVar

from r1plan.models.pull.access import TransferLimits
from r1plan.models.pull.transfer.trouble import ConnectionCut, Trickle

T = TypeVar("T")


def paced(pieces: Iterable[bytes], limits: TransferLimits, clock: Callable[[], float]) -> Iterator[bytes]:
    """`pieces` as they come. Raises Trickle where a server brings fewer than `limits` ask for, a byte now and then.

    Only the time that is spent waiting for them counts: a slow disk is not the server's fault.
    """
    waited_s, count = 0.0, 0
    source = iter(pieces)
    while True:
        asked_at = clock()
        piece = next(source, None)
        if piece is None:
            return
        waited_s, count = waited_s + clock() - asked_at, count + len(piece)
        yield piece
        if waited_s >= limits.slow_s:
            if count < limits.least_bytes_per_s * waited_s:
                raise Trickle(f"less than {limits.least_bytes_per_s / 1000:g} kB/s came")
            waited_s, count = 0.0, 0


def within(seconds: float, ask: Callable[[], T]) -> T:
    """What `ask` gives. Raises ConnectionCut where it has given nothing after `seconds`: it is left behind then.

    A library's own limit counts from the last byte, and a server may send one at a time for days.
    """
    answers: Queue[tuple[T | None, BaseException | None]] = Queue()

    def asking() -> None:
        try:
            answers.put((ask(), None))
        except BaseException as error:
            answers.put((None, error))

    Thread(target=asking, daemon=True).start()
    try:
        answer, error = answers.get(timeout=seconds)
    except Empty:
        raise ConnectionCut(f"no whole answer came in {seconds:g} s") from None
    if error is not None:
        raise error
    return answer  # type: ignore[return-value]  # None only beside an error
