"""A chat on a terminal: the answer as Markdown while it streams, the thinking dimmed, the last line saying how far it is.

Settled text is written once and never again; only what may still change is repainted, in the last rows of the screen.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from decimal import Decimal
from time import monotonic
from typing import TYPE_CHECKING, Literal, TextIO

from r1plan.engine.chat import Answer, Event, Thinking, WasThinking
from r1plan.engine.dialects.usage import estimated_tokens
from r1plan.render.chat import Cleaner
from r1plan.render.progress import Phase, Progress, folded_line, status_line

if TYPE_CHECKING:
    from r1plan.render.blocks import Block, BlockStream
    from r1plan.render.markdown import MarkdownRows
    from r1plan.render.region import Region

LiveThinking = Literal["show", "dim", "fold", "hide"]

_PAINT_EVERY_S = 0.05
_SHARE = 9  # painting waits nine times as long as it took: at most a tenth of a core
_WINDOW_ROWS = 8
_DIM, _PLAIN = "\x1b[2m", "\x1b[0m"


class LiveScreen:
    """Shows one request's events as they come. `paint` may be called from another thread, to keep the seconds running.

    `fold` closes the thinking to one line when the answer begins, and shows no more than its last rows before; without
    it the thinking stays as it was shown. `size` tells columns and rows of the terminal.
    """

    def __init__(
        self,
        out: TextIO,
        thinking: LiveThinking,
        *,
        model: str,
        size: Callable[[], tuple[int, int]],
        fold: bool = True,
        usd: Decimal | None = None,
        tick: Callable[[], float] = monotonic,
    ) -> None:
        self._out, self._size, self._tick = out, size, tick
        self._mode: LiveThinking = thinking
        self._fold = fold and thinking != "show"
        self._model, self._usd = model, usd
        self._lock = threading.Lock()
        self._came: list[str] = []  # not looked at yet
        self._cleaner = Cleaner()
        self._phase: Phase = "waiting"
        self._tokens = 0
        self._phase_tokens = 0
        self._started = self._phase_started = tick()
        self._first: float | None = None
        self._next_paint = float("-inf")
        self._thought = ""  # the thinking, as it can be shown
        self._thought_settled = 0  # how much of it is written for good
        self._said = False
        self._region: Region | None = None
        self._rows: MarkdownRows | None = None
        self._blocks: BlockStream | None = None

    def show(self, event: Event) -> None:
        """Take one event, and show what came when it is time to."""
        if type(event) is Answer or type(event) is Thinking:
            with self._lock:
                phase: Phase = "thinking" if type(event) is Thinking else "answering"
                if phase != self._phase:
                    self._enter(phase)
                self._came.append(event.text)
            if self._tick() >= self._next_paint:
                self.paint()
        elif type(event) is WasThinking:
            with self._lock:
                self._enter("waiting")
                self._painter().paint(["", f"{_DIM}(that was the thinking){_PLAIN}", ""], [])

    def paint(self) -> None:
        """Bring the screen up to date."""
        with self._lock:
            start = self._tick()
            settled, live = self._taken()
            self._painter().paint(settled, [*live, *self._status()])
            end = self._tick()
            self._next_paint = end + max(_PAINT_EVERY_S, _SHARE * (end - start))

    def done(self) -> None:
        """Write what is left, and take the status line away."""
        with self._lock:
            self._enter("waiting")
            self._painter().paint([], [])

    def _enter(self, phase: Phase) -> None:
        """End what is shown now, for good, and begin `phase`."""
        settled, _ = self._taken()
        settled += self._closed()
        self._painter().paint(settled, self._status())
        self._phase, self._phase_started, self._phase_tokens = phase, self._tick(), 0
        self._cleaner = Cleaner()
        if self._first is None and phase != "waiting":
            self._first = self._phase_started

    def _taken(self) -> tuple[list[str], list[str]]:
        """The rows of what came since the last look: those that are settled, and those that are not."""
        raw = "".join(self._came)
        self._came.clear()
        if self._phase == "waiting":
            return [], []
        text = self._cleaner.feed(raw)
        if raw:
            tokens = estimated_tokens(raw)
            self._tokens += tokens
            self._phase_tokens += tokens
        if self._phase == "thinking":
            self._thought += text
            return self._thinking_rows()
        return self._answer_rows(self._stream().feed(text) if text else [])

    def _closed(self) -> list[str]:
        """The last rows of the phase that ends."""
        rest = self._cleaner.rest()
        if self._phase == "thinking":
            self._thought += rest
            seconds, thought = self._tick() - self._phase_started, self._thought
            settled = self._thought_settled
            self._thought, self._thought_settled = "", 0
            if self._mode == "hide":
                return []
            if self._fold:
                return [f"{_DIM}{folded_line(seconds, self._phase_tokens)} (/thinking){_PLAIN}", ""]
            return [*self._dimmed(thought[settled:].rstrip("\n").split("\n") if thought[settled:] else []), ""]
        if self._phase == "answering":
            stream, self._blocks = self._stream(), None
            settled_rows, _ = self._answer_rows([*stream.feed(rest), *stream.rest()], tail=False)
            return settled_rows
        return []

    def _thinking_rows(self) -> tuple[list[str], list[str]]:
        if self._mode in ("hide", "fold"):
            return [], []
        columns, height = self._size()
        if self._fold:
            window = min(_WINDOW_ROWS, max(1, height - 3))
            recent = self._thought[-columns * window :].rstrip("\n")
            rows = [row for line in recent.split("\n") for row in _wrapped(line, columns)]
            return [], self._dimmed(rows[-window:])
        whole, newline, partial = self._thought[self._thought_settled :].rpartition("\n")
        self._thought_settled += len(whole) + len(newline)
        return self._dimmed(whole.split("\n") if newline else []), self._dimmed([partial] if partial else [])

    def _dimmed(self, rows: list[str]) -> list[str]:
        return rows if self._mode == "show" else [f"{_DIM}{row}{_PLAIN}" if row else row for row in rows]

    def _answer_rows(self, blocks: list[Block], *, tail: bool = True) -> tuple[list[str], list[str]]:
        from r1plan.render.blocks import CodeLine

        columns, _ = self._size()
        renderer = self._renderer()
        settled: list[str] = []
        lines: list[CodeLine] = []
        for block in blocks:
            if isinstance(block, CodeLine):
                lines.append(block)
                continue
            settled += renderer.code(lines) if lines else []
            lines = []
            settled += renderer.rows(block, columns)
        settled += renderer.code(lines) if lines else []
        opened = self._blocks.tail() if tail and self._blocks is not None else None
        if isinstance(opened, CodeLine):
            return settled, [opened.text]
        return settled, [] if opened is None else renderer.rows(opened, columns)

    def _status(self) -> list[str]:
        now = self._tick()
        line = status_line(
            Progress(
                model=self._model,
                phase=self._phase,
                tokens=self._tokens,
                phase_s=now - self._phase_started,
                decode_s=0.0 if self._first is None else now - self._first,
                usd=self._usd,
            )
        )
        columns, _ = self._size()
        return ["", f"{_DIM}{line[: columns - 1]}{_PLAIN}"]

    def _painter(self) -> Region:
        if self._region is None:
            from r1plan.render.markdown import cells
            from r1plan.render.region import Region

            self._region = Region(self._out, self._size, cells)
        return self._region

    def _renderer(self) -> MarkdownRows:
        if self._rows is None:
            from r1plan.render.markdown import MarkdownRows, colours

            self._rows = MarkdownRows(colours())
        return self._rows

    def _stream(self) -> BlockStream:
        if self._blocks is None:
            from r1plan.render.blocks import BlockStream

            self._blocks = BlockStream()
        return self._blocks


class Ticker:
    """Paints a screen ten times a second while a `with` block runs: the seconds go on when nothing comes."""

    def __init__(self, screen: LiveScreen) -> None:
        self._screen = screen
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Ticker:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(0.1):
            self._screen.paint()


def _wrapped(line: str, columns: int) -> list[str]:
    """`line` cut into rows of `columns`, by characters: good enough for what is shown in passing."""
    from r1plan.render.markdown import cells

    rows, row, width = [], "", 0
    for character in line:
        size = cells(character)
        if width + size >= columns:
            rows.append(row)
            row, width = "", 0
        row, width = row + character, width + size
    return [*rows, row]
