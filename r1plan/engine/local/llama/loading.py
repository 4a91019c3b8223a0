"""Loads beside the program, so that Ctrl-C ends it at once: llama.cpp listens only between tensors, which are large.

What was given up goes on to the end of its tensor, and then frees what it has; only who loads next waits for that.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Lock, Thread, current_thread, main_thread
from typing import Generic, TypeVar

T = TypeVar("T")
Progress = Callable[[float], object]
_LOOK_EVERY_S = 0.05


class GivenUp(Exception):
    """Nobody waits any more for what is loaded."""


class _Loading(Thread, Generic[T]):
    """One loading. `close` frees what came of it too late."""

    def __init__(self, load: Callable[[Progress], T], progress: Progress | None, close: Callable[[T], None]) -> None:
        super().__init__(name="load", daemon=True)
        self._load, self._progress, self._close = load, progress, close
        self._is_given_up, self._handing_over = Event(), Lock()
        # Thread.join takes a thread for ended when a signal comes (bpo-45274), until Python 3.13.
        self.has_ended = Event()
        self.came: T | None = None
        self.error: BaseException | None = None

    def run(self) -> None:
        """Load, and free what nobody wants any more."""
        try:
            came = self._load(self._told)
            with self._handing_over:
                self.came = came
                if self._is_given_up.is_set():
                    self._close(came)
        except BaseException as error:  # raised again where it is waited for
            self.error = error
        finally:
            self.has_ended.set()

    def give_up(self) -> None:
        """End it where llama.cpp asks next; what has come already is freed."""
        with self._handing_over:
            self._is_given_up.set()
            if self.came is not None:
                self._close(self.came)

    def _told(self, share: float) -> None:
        if self._is_given_up.is_set():
            raise GivenUp
        if self._progress is not None:
            self._progress(share)


_last: _Loading[object] | None = None


def loaded_beside(load: Callable[[Progress], T], progress: Progress | None, close: Callable[[T], None]) -> T:
    """What `load` gives, which is told how to tell its progress. Raises what it raises, and KeyboardInterrupt at once.

    Outside the main thread, which alone meets signals, it loads where it is called.
    """
    global _last
    if current_thread() is not main_thread():
        return load(progress or (lambda _share: None))
    if _last is not None:
        _last.has_ended.wait()  # it still has its memory
    loading = _Loading(load, progress, close)
    loading.start()
    _last = loading  # type: ignore[assignment]
    try:
        while not loading.has_ended.wait(_LOOK_EVERY_S):
            pass
    except BaseException:
        loading.give_up()
        raise
    if loading.came is None:
        raise loading.error or GivenUp
    return loading.came


def is_loading() -> bool:
    """Whether something that was given up is not through yet: the program must not be taken apart around it."""
    return _last is not None and not _last.has_ended.is_set()
