"""A measuring as it runs, on stderr: one line that changes on a terminal, a line for each stage elsewhere."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from r1plan.render import output
from r1plan.render.verify.words import loading_text, stage_text
from r1plan.verify.pace import PaceStage

if TYPE_CHECKING:
    from rich.status import Status


class PlainVerifyProgress:
    """Lines."""

    def __init__(self) -> None:
        self._has_begun = False

    def loads(self, _share: float) -> None:
        """Say once that it loads."""
        if not self._has_begun:
            self._has_begun = True
            output.note("loading")

    def measures(self, stage: PaceStage, depth: int) -> None:
        """Say it."""
        output.note(stage_text(stage, depth))


class LineVerifyProgress:
    """One line that changes."""

    def __init__(self, line: Status) -> None:
        self._line = line
        self._said = ""

    def loads(self, share: float) -> None:
        """Show how far it is."""
        self._show(loading_text(share))

    def measures(self, stage: PaceStage, depth: int) -> None:
        """Show it."""
        self._show(stage_text(stage, depth))

    def _show(self, text: str) -> None:
        if text != self._said:
            self._said = text
            self._line.update(text)


@contextmanager
def verify_progress() -> Iterator[PlainVerifyProgress | LineVerifyProgress]:
    """Shows a measuring as long as it lasts."""
    if not _is_terminal():
        yield PlainVerifyProgress()
        return
    from rich.console import Console

    with Console(stderr=True).status("loading") as line:
        yield LineVerifyProgress(line)


@contextmanager
def stages() -> Iterator[Callable[[str], None]]:
    """Shows what is being done, as it is told, as long as it lasts."""
    if not _is_terminal():
        yield output.note
        return
    from rich.console import Console

    with Console(stderr=True).status("") as line:
        yield line.update


def _is_terminal() -> bool:
    return sys.stderr is not None and sys.stderr.isatty() and os.environ.get("TERM", "dumb") not in ("dumb", "unknown")
