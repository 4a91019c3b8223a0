"""How far the loading of a model is: a bar on stderr while it lasts, where that is a terminal, and gone after it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from r1plan.render.text.sanitize import one_line

if TYPE_CHECKING:
    from rich.progress import Progress

_QUIET_S = 0.4
"""What is loaded sooner needs no bar."""


class _LoadBar:
    """A bar that begins to show once loading is seen to take long. `clock` gives seconds."""

    def __init__(self, model: str, clock: Callable[[], float]) -> None:
        self._model, self._clock = model, clock
        self._begun_at = clock()
        self._bar: Progress | None = None

    def move(self, share: float) -> None:
        """Show that `share` is loaded, 0 to 1."""
        if self._bar is None:
            if self._clock() - self._begun_at < _QUIET_S or share >= 1:
                return
            self._bar = _bar(one_line(self._model))
            self._bar.start()
        self._bar.update(self._bar.task_ids[0], completed=share)

    def end(self) -> None:
        """Take it off the screen."""
        if self._bar is not None:
            self._bar.stop()


@contextmanager
def load_progress(model: str, clock: Callable[[], float]) -> Iterator[Callable[[float], None]]:
    """What is told how far the loading of `model` is, as long as that lasts."""
    if sys.stderr is None or not sys.stderr.isatty() or os.environ.get("TERM", "dumb") in ("dumb", "unknown"):
        yield lambda _share: None
        return
    shown = _LoadBar(model, clock)
    try:
        yield shown.move
    finally:
        shown.end()


def _bar(model: str) -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

    words = TextColumn("loading {task.description}", style="dim", markup=False)
    bar = Progress(words, BarColumn(bar_width=24), TaskProgressColumn(), console=Console(stderr=True), transient=True)
    bar.add_task(model, total=1.0)
    return bar
