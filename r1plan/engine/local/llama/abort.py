"""Breaks off what llama.cpp calculates when a signal comes: without it, Ctrl-C waits for a whole batch to end."""

from __future__ import annotations

import ctypes
import signal
import socket
import sys
from contextlib import suppress
from threading import Thread, current_thread, main_thread
from types import TracebackType
from typing import Any

from r1plan.interrupts import held

_ENDING = frozenset(
    int(each) for name in ("SIGINT", "SIGTERM", "SIGHUP") if (each := getattr(signal, name, None)) is not None
)


class AbortFlag:
    """A flag that llama.cpp looks at between two operations; inside `with`, a signal that ends a program puts it up.

    `was_up` says afterwards whether it was. Where signals are let through, leaving raises what came.

    Python's handlers of signals run when the calculation has returned, or in a callback from it, where nothing can be
    raised: there they only take note. So a thread waits for what the interpreter's
    own handler, in C, writes, and raises the flag; llama.cpp asks for it by a function of the C library, as a
    function of Python would cost more than the operations of a small model.
    """

    def __init__(self) -> None:
        self._text = ctypes.create_string_buffer(2)  # "" is down; anything else is up
        self._writing: socket.socket | None = None
        self._before: int | None = None
        self._held = held()
        self.was_up = False

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
        self.was_up = False

    def __enter__(self) -> AbortFlag:
        self.take_down()
        self._held = held()
        self._held.__enter__()
        if current_thread() is main_thread():
            writing = self._writing or self._listen()
            self._before = signal.set_wakeup_fd(writing.fileno(), warn_on_full_buffer=False)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._before is not None:
            with suppress(ValueError, OSError):  # whoever had it before has closed it
                signal.set_wakeup_fd(self._before)
            self._before = None
        was_up = bool(self._text.raw[0])
        self.take_down()
        self.was_up = was_up
        self._held.__exit__(kind, error, trace)

    def close(self) -> None:
        """Let the thread end."""
        if self._writing is not None:
            self._writing.close()
            self._writing = None

    def _listen(self) -> socket.socket:
        reading, writing = socket.socketpair()
        writing.setblocking(False)
        Thread(target=self._wait, args=(reading,), name="abort", daemon=True).start()
        self._writing = writing
        return writing

    def _wait(self, reading: socket.socket) -> None:
        with reading, suppress(OSError):
            while data := reading.recv(64):
                if _ENDING.intersection(data):
                    self.put_up()
