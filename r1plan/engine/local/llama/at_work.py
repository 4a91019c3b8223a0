"""Calculates beside the program, so that Ctrl-C ends the wait at once: llama.cpp gives nothing back within a batch.

What was given up is broken off between two of its operations where the processor calculates, and on a card goes on to
its end; only who calculates next waits for that.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from queue import SimpleQueue
from threading import Event, Thread, current_thread, main_thread
from typing import Any

_LOOK_EVERY_S = 0.05


class AbortFlag:
    """A flag that llama.cpp looks at between two operations of the processor, and then gives up.

    It asks by a function of the C library, as one of Python would cost more than the operations of a small model.
    """

    def __init__(self) -> None:
        self._text = ctypes.create_string_buffer(2)  # "" is down; anything else is up

    @property
    def callback(self) -> Any:
        """`ggml_abort_callback`: strlen, whose lowest byte is not 0 where the text is not empty."""
        library = ctypes.CDLL("msvcrt" if sys.platform == "win32" else None)
        return ctypes.cast(library.strlen, ctypes.c_void_p)

    @property
    def data(self) -> ctypes.c_void_p:
        """What the callback is called with."""
        return ctypes.cast(self._text, ctypes.c_void_p)

    def put_up(self) -> None:
        """End what runs. From any thread."""
        self._text[0] = b"!"

    def take_down(self) -> None:
        """What begins now may run."""
        self._text[0] = b"\0"


class Calculation:
    """One call, whose `code` is there once `has_ended` is set."""

    def __init__(self, call: Callable[[], int]) -> None:
        self.call = call
        self.has_ended = Event()
        self.code = 0


class Calculator:
    """A thread that calculates for the main one, in which alone signals are met."""

    def __init__(self) -> None:
        self._wanted: SimpleQueue[Calculation | None] | None = None
        self._last: Calculation | None = None

    def begin(self, calculation: Calculation) -> None:
        """Let it be calculated beside; at once and here where this is not the main thread."""
        if current_thread() is not main_thread():
            calculation.code = calculation.call()
            calculation.has_ended.set()
            return
        if self._wanted is None:
            self._wanted = SimpleQueue()
            Thread(target=_calculate, args=(self._wanted,), name="calculate", daemon=True).start()
        _at_work.add(self)
        self._last = calculation
        self._wanted.put(calculation)

    @property
    def is_at_work(self) -> bool:
        """Whether what was begun last has not ended."""
        return self._last is not None and not self._last.has_ended.is_set()

    def at_the_end(self, call: Callable[[], None]) -> None:
        """Call that when all that was begun has ended; at once where that is so."""
        if not self.is_at_work:
            call()
            return

        def last() -> int:
            call()
            return 0

        self.begin(Calculation(last))

    def close(self) -> None:
        """Let the thread end, after all that was begun."""
        if self._wanted is not None:
            self._wanted.put(None)
            self._wanted = None


_at_work: set[Calculator] = set()


def wait_for(calculation: Calculation) -> None:
    """Until it has ended. Raises KeyboardInterrupt when a signal comes meanwhile."""
    while not calculation.has_ended.wait(_LOOK_EVERY_S):
        pass


def is_calculating() -> bool:
    """Whether something that was given up is not through yet: the program must not be taken apart around it."""
    return any(each.is_at_work for each in _at_work)


def _calculate(wanted: SimpleQueue[Calculation | None]) -> None:
    while (calculation := wanted.get()) is not None:
        try:
            calculation.code = calculation.call()
        finally:
            calculation.has_ended.set()
