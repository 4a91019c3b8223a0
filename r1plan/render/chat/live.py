"""A chat on a terminal: the answer as Markdown while it streams, the thinking dimmed, and a line on how far it is.

Settled text is written once and never again; only what may still change is repainted, in the last rows of the screen.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from time import monotonic
from typing import TYPE_CHECKING, TextIO

from r1plan.engine.chat import Answer, Event, Thinking, WasThinking
from r1plan.engine.dialects.usage import estimated_tokens
from r1plan.render.chat.progress import Phase, Progress, fitted, status_line
from r1plan.render.chat.terminal import Cleaner
from r1plan.render.text.dim import dimmed
from r1plan.render.text.sanitize import printable
from r1plan.render.text.wrap import rows_of

if TYPE_CHECKING:
    from r1plan.conversation.session import ThinkingShown
    from r1plan.render.chat.live_answer import AnswerRows
    from r1plan.render.chat.live_thinking import ThinkingRows
    from r1plan.render.chat.region import Region

_PAINT_EVERY_S = 0.05
_SHARE = 9  # painting waits nine times as long as it took: at most a tenth of a core


class LiveScreen:
    """Shows one request's events.

    `show` only takes them; `paint`, which a `Ticker` calls from a thread of its own, brings the screen up to date, and
    `done` does so for the last time. So no token waits for the terminal, and Ctrl-C cannot fall into the middle of a
    repaint.

    `fold` closes the thinking to one line when the answer begins, and shows no more than its last rows before; without
    it the thinking stays as it was shown. `size` tells columns and rows of the terminal. `usd_before` is what the
    conversation cost so far; None: unknown.
    """

    def __init__(
        self,
        out: TextIO,
        thinking: ThinkingShown,
        *,
        size: Callable[[], tuple[int, int]],
        fold: bool = True,
        usd_before: Decimal | None = None,
        tick: Callable[[], float] = monotonic,
    ) -> None:
        self._out, self._size, self._tick = out, size, tick
        self._mode: ThinkingShown = thinking
        self._folded = fold and thinking != "show"
        self._model = ""
        self._usd_before = usd_before
        self._usd_per_token: Decimal | None = None
        self._came: deque[tuple[Event | str, float]] = deque()
        self._cleaner = Cleaner()
        self._phase: Phase = "waiting"
        self._raw = ""  # what came in this phase
        self._tokens_before = 0  # of the phases before
        self._phase_started = tick()
        self._first: float | None = None
        self._thinking: ThinkingRows | None = None
        self._answer: AnswerRows | None = None
        self._region: Region | None = None
        self._open_rows: list[str] = []  # as they were at the last look, at this size
        self._open_at = (0, 0)

    def asks(self, model: str, usd_per_token: Decimal | None) -> None:
        """`model` is asked now; what a token that it writes costs, None: unknown."""
        self._model, self._usd_per_token = model, usd_per_token

    def show(self, event: Event) -> None:
        """Take one event."""
        self._came.append((event, self._tick()))

    def say(self, text: str) -> None:
        """Take a sentence on how it goes; it is shown where it stands among the events."""
        self._came.append((text, self._tick()))

    def paint(self) -> float:
        """Bring the screen up to date. Returns the seconds to wait until the next time."""
        start = self._tick()
        seen = len(self._came), self._size()
        settled = self._taken()
        if seen != (0, self._open_at):
            self._open_rows, self._open_at = self._open(), seen[1]
        self._painter().paint(settled, [*self._open_rows, *self._status()])
        return max(_PAINT_EVERY_S, _SHARE * (self._tick() - start))

    def done(self) -> None:
        """Write what is left, and take the status line away."""
        settled = [*self._taken(), *self._closed(self._tick())]
        while settled and not settled[-1]:
            settled.pop()
        self._painter().paint(settled, [])

    def _taken(self) -> list[str]:
        """The rows that are settled by what came since the last look."""
        settled: list[str] = []
        pieces: list[str] = []
        while self._came:
            event, at = self._came.popleft()
            if isinstance(event, str):
                settled += [*self._grown(pieces), *self._closed(at), *self._said(event)]
                self._enter("waiting", at)
            elif type(event) is WasThinking:
                settled += [*self._grown(pieces), *self._closed(at), "", dimmed("(that was the thinking)"), ""]
                self._enter("waiting", at)
            elif type(event) is Answer or type(event) is Thinking:
                phase: Phase = "answering" if type(event) is Answer else "thinking"
                if phase != self._phase:
                    settled += [*self._grown(pieces), *self._closed(at)]
                    self._enter(phase, at)
                pieces.append(event.text)
        return [*settled, *self._grown(pieces)]

    def _said(self, text: str) -> list[str]:
        columns, _ = self._size()
        return [*(dimmed(row.rstrip()) for row in rows_of(printable(text), columns)), ""]

    def _enter(self, phase: Phase, at: float) -> None:
        self._tokens_before += self._phase_tokens()
        self._phase, self._phase_started, self._raw = phase, at, ""
        self._cleaner = Cleaner()
        if self._first is None and phase != "waiting":
            self._first = at

    def _grown(self, pieces: list[str]) -> list[str]:
        """The rows that `pieces` of the present phase settle; empties it."""
        raw = "".join(pieces)
        pieces.clear()
        if not raw:
            return []
        self._raw += raw
        text = self._cleaner.feed(raw)
        columns, _ = self._size()
        part = self._answers() if self._phase == "answering" else self._thoughts()
        return part.grown(text, columns)

    def _closed(self, at: float) -> list[str]:
        """The last rows of the phase that ends."""
        if self._phase == "waiting":
            return []
        rest = self._cleaner.rest()
        columns, _ = self._size()
        if self._phase == "answering":
            answer, self._answer = self._answers(), None
            return [*answer.grown(rest, columns), *answer.closed(columns)]
        thinking, self._thinking = self._thoughts(), None
        seconds = at - self._phase_started
        return [*thinking.grown(rest, columns), *thinking.closed(columns, seconds, self._phase_tokens())]

    def _open(self) -> list[str]:
        """The rows that may still change."""
        columns, height = self._size()
        if self._phase == "answering":
            return self._answers().open(columns)
        return self._thoughts().open(columns, height) if self._phase == "thinking" else []

    def _phase_tokens(self) -> int:
        return estimated_tokens(self._raw)

    def _status(self) -> list[str]:
        now = self._tick()
        tokens = self._tokens_before + self._phase_tokens()
        usd = self._usd_before
        if self._usd_per_token is not None:
            usd = (usd or Decimal(0)) + self._usd_per_token * tokens
        line = status_line(
            Progress(
                model=self._model,
                phase=self._phase,
                tokens=tokens,
                phase_s=now - self._phase_started,
                decode_s=0.0 if self._first is None else now - self._first,
                usd=usd,
            )
        )
        columns, _ = self._size()
        return ["", dimmed(fitted(line, columns - 1))]

    # What follows imports rich, when there is something to be set.

    def _painter(self) -> Region:
        if self._region is None:
            from r1plan.render.chat.region import Region

            self._region = Region(self._out, self._size)
        return self._region

    def _answers(self) -> AnswerRows:
        if self._answer is None:
            from r1plan.render.chat.live_answer import AnswerRows

            self._answer = AnswerRows()
        return self._answer

    def _thoughts(self) -> ThinkingRows:
        if self._thinking is None:
            from r1plan.render.chat.live_thinking import ThinkingRows

            self._thinking = ThinkingRows(self._mode, folded=self._folded)
        return self._thinking


class Ticker:
    """Paints a screen from a thread while a `with` block runs: the seconds go on when nothing comes."""

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
        wait_s = 0.0
        # A terminal that has gone cannot be painted; the answer goes on, into the log.
        with suppress(OSError):
            while not self._over.wait(wait_s):
                wait_s = self._screen.paint()
