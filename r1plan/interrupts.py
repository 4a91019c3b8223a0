"""Signals that end what runs: Ctrl-C, SIGTERM and SIGHUP, all as KeyboardInterrupt, and never within a row of the log.

A handler may raise between any two steps of the program. Inside `held()` it only takes note, and what waits there for
others, a server or a clock, stands inside `let_through()`: there a signal ends the wait, and the next one is noted
again, until the rows are written.

>>> with held():
...     row = begin()
...     try:
...         with let_through():
...             answer = wait_for_it()
...     except KeyboardInterrupt: ...
...     end(row)
"""

from __future__ import annotations

import signal
import sys
from contextlib import AbstractContextManager, nullcontext
from threading import Timer, current_thread, main_thread
from types import FrameType, TracebackType
from typing import Any, Literal

# None of them is on every system.
_ENDING = tuple(each for name in ("SIGTERM", "SIGHUP") if (each := getattr(signal, name, None)) is not None)
_AGAIN_S = 0.02

_mode: Literal["free", "held", "let_through"] = "free"
_noted: int | None = None
_received: int | None = None
_ends_by: int | None = None


class Terminated(KeyboardInterrupt):
    """SIGTERM or SIGHUP came. It ends a request as Ctrl-C does, and then the program."""


def listen() -> None:
    """Turn the signals into KeyboardInterrupt, but for those that were to be ignored when the program began (nohup).

    What came before is forgotten: it was for another run of the program in this process.
    """
    global _mode, _noted, _received, _ends_by
    if current_thread() is not main_thread():
        return
    _mode, _noted, _received, _ends_by = "free", None, None, None
    for each in (signal.SIGINT, *_ENDING):
        if signal.getsignal(each) is not signal.SIG_IGN:
            signal.signal(each, _handle)
    sys.unraisablehook = _handle_lost


def stop_listening() -> None:
    """Let the system end the program at the next signal: nothing is left to be kept."""
    global _mode
    _mode = "held"
    for each in (signal.SIGINT, *_ENDING):
        if signal.getsignal(each) is _handle:
            signal.signal(each, signal.SIG_DFL)
    _mode = "free"


def ends_by() -> int | None:
    """The signal after which the program is to end, None while there was none. Ctrl-C is no such signal."""
    return _ends_by


def received() -> int | None:
    """The last signal that came, Ctrl-C included."""
    return _received


def held() -> AbstractContextManager[None]:
    """Inside it, signals are only noted. What was noted in the outermost one and not let through is forgotten.

    In another thread than the main one, which alone meets signals, it does nothing.
    """
    return _Held() if current_thread() is main_thread() else nullcontext()


def let_through() -> AbstractContextManager[None]:
    """Inside it, one signal raises KeyboardInterrupt, at once where it was noted before; the next one is noted."""
    return _LetThrough() if current_thread() is main_thread() else nullcontext()


# Classes, and no generators: one that a signal broke off would set the mode when it is collected, whenever that is.
class _Held(AbstractContextManager[None]):
    def __enter__(self) -> None:
        global _mode
        self._outer = _mode
        _mode = "held"

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        global _mode, _noted
        _mode = self._outer
        if _mode == "let_through":
            _raise_noted()
        elif _mode == "free":
            _noted = None


class _LetThrough(AbstractContextManager[None]):
    def __enter__(self) -> None:
        global _mode
        self._outer = _mode
        _mode = "let_through" if _mode == "held" else _mode
        _raise_noted()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        global _mode
        _mode = self._outer


def _raise_noted() -> None:
    global _mode, _noted
    if _noted is not None:
        number, _noted = _noted, None
        _mode = "held" if _mode == "let_through" else _mode
        raise _error(number)


def _error(number: int) -> KeyboardInterrupt:
    return KeyboardInterrupt() if number == signal.SIGINT else Terminated()


def _handle(number: int, _frame: FrameType | None) -> None:
    global _mode, _noted, _received, _ends_by
    _received = number
    if number in _ENDING:
        _ends_by = number
    if _mode == "held":
        _noted = number
        return
    if _mode == "let_through":
        _mode = "held"
    raise _error(number)


def _send_again(number: int) -> None:
    to_thread = getattr(signal, "pthread_kill", None)
    if to_thread is not None:
        to_thread(main_thread().ident, number)
        return
    from _thread import interrupt_main  # what there is on Windows

    interrupt_main(signal.Signals(number))


def _handle_lost(lost: Any) -> None:
    """Send the signal again that was raised where nothing can be raised: in a finalizer, or a callback from C."""
    if isinstance(lost.exc_value, KeyboardInterrupt) and _received is not None:
        global _mode
        _mode = "let_through" if _mode == "held" else _mode
        # To the main thread: what waits in it is not woken by a signal that another one took.
        again = Timer(_AGAIN_S, _send_again, (_received,))
        again.daemon = True
        again.start()
        return
    sys.__unraisablehook__(lost)
