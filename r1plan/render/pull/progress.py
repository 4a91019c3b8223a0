"""A pull as it runs, on stderr: a bar with rate and time left on a terminal, a line for every tenth elsewhere."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from r1plan.models.pull.pinned import PinnedModel
from r1plan.models.pull.watcher import PullEvent
from r1plan.render import output
from r1plan.render.pull.words import begin_text, event_text, progress_text, stopped_text
from r1plan.render.text.sanitize import one_line

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

_TENTHS = 10


class PlainProgress:
    """Lines. `clock` gives seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.size = self.done = 0
        self._begun_at = 0.0
        self._begun_bytes = 0
        self._told = 0

    def begins(self, model: PinnedModel, here_bytes: int) -> None:
        """Say what is to be had."""
        self.size, self.done = model.bytes, here_bytes
        self._begun_at, self._begun_bytes = self._clock(), here_bytes
        self._told = self._tenth()
        self._say(begin_text(model.repo, len(model.files), model.bytes, here_bytes))

    def moves(self, done_bytes: int) -> None:
        """Say how far it is at each tenth of the whole."""
        if done_bytes < self.done:  # wrong bytes were removed
            self._begun_at, self._begun_bytes = self._clock(), done_bytes
            self.done = done_bytes
            self._told = self._tenth()
        self.done = done_bytes
        if self._tenth() > self._told:
            self._told = self._tenth()
            passed = self._clock() - self._begun_at
            rate = (self.done - self._begun_bytes) / passed if passed > 0 else None
            self._say(progress_text(self.done, self.size, rate))

    def tells(self, event: PullEvent) -> None:
        """Say it."""
        self._say(event_text(event))

    def _tenth(self) -> int:
        return self.done * _TENTHS // self.size if self.size else _TENTHS

    def _say(self, text: str) -> None:
        output.note(one_line(text))


class BarProgress:
    """A bar, and lines above it."""

    def __init__(self, bar: Progress) -> None:
        self._bar = bar
        self._task: TaskID | None = None
        self.size = self.done = 0

    def begins(self, model: PinnedModel, here_bytes: int) -> None:
        """Say what is to be had, and begin a bar."""
        self.size, self.done = model.bytes, here_bytes
        self._say(begin_text(model.repo, len(model.files), model.bytes, here_bytes))
        if self._task is not None:
            self._bar.remove_task(self._task)
        self._task = self._bar.add_task("", total=model.bytes, completed=here_bytes)

    def moves(self, done_bytes: int) -> None:
        """Move the bar."""
        if self._task is None:
            return
        if done_bytes < self.done:
            self._bar.reset(self._task, total=self.size, completed=done_bytes)
        else:
            self._bar.update(self._task, completed=done_bytes)
        self.done = done_bytes

    def tells(self, event: PullEvent) -> None:
        """Say it above the bar."""
        self._say(event_text(event))

    def _say(self, text: str) -> None:
        self._bar.console.print(one_line(text), markup=False, highlight=False, style="dim")


@contextmanager
def pull_progress(clock: Callable[[], float]) -> Iterator[PlainProgress | BarProgress]:
    """Shows a pull as long as it lasts; where it is stopped, what remains of it is said."""
    shown: PlainProgress | BarProgress | None = None
    try:
        if sys.stderr is not None and sys.stderr.isatty() and os.environ.get("TERM", "dumb") not in ("dumb", "unknown"):
            with _bar() as bar:
                shown = BarProgress(bar)
                yield shown
        else:
            shown = PlainProgress(clock)
            yield shown
    except KeyboardInterrupt:
        if shown is not None and shown.size:
            output.note(stopped_text(shown.done, shown.size))
        raise


def _bar() -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn, TransferSpeedColumn

    columns = (BarColumn(bar_width=24), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn(compact=True))
    return Progress(*columns, console=Console(stderr=True), refresh_per_second=5)
