"""What a person sees of one question of `r1plan chat`: the answer as it comes, the closing line, what went wrong."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from decimal import Decimal
from typing import TYPE_CHECKING

from r1plan.route.execution.context import Unseen

if TYPE_CHECKING:
    from collections.abc import Callable

    from r1plan.conversation.session import ThinkingShown
    from r1plan.render.chat.live import LiveScreen
    from r1plan.render.chat.terminal import ChatScreen
    from r1plan.route.execution.context import Audience
    from r1plan.route.execution.notes import Note
    from r1plan.route.execution.result import ChatResult


def terminal_is_able() -> bool:
    """Whether a person sees both streams on a terminal that can be painted."""
    return sys.stdout.isatty() and sys.stderr.isatty() and os.environ.get("TERM", "dumb") != "dumb"


def terminal_size() -> tuple[int, int]:
    """Columns and rows."""
    size = shutil.get_terminal_size()
    return size.columns, size.lines


class Told(Unseen):
    """An audience that sees nothing of the answer: what is to be known of how it comes goes to `say`."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say

    def tell(self, note: Note) -> None:
        """Say it, but that an answer broke off: the error says that."""
        from r1plan.render.chat.words import note_text

        if note.kind != "broke_off":
            self._say(note_text(note))


class _Watching(Told):
    """An audience in front of a screen that shows the thinking in the way `thinking`."""

    def __init__(self, screen: ChatScreen | LiveScreen, thinking: ThinkingShown) -> None:
        super().__init__(screen.say)
        self.show = screen.show  # type: ignore[method-assign]  # the way of every token: no call in between
        self.asks = getattr(screen, "asks", self.asks)  # type: ignore[method-assign]
        self.sees_thinking = thinking in ("show", "dim")


@contextmanager
def unechoed() -> Iterator[None]:
    """Keys that are pressed in the block do not show, so that they move no row; who reads next gets them."""
    try:
        import termios
    except ImportError:  # Windows
        yield
        return
    try:
        keyboard = sys.stdin.fileno()
        if os.tcgetpgrp(keyboard) != os.getpgrp():  # a job in the background may not, and would be stopped
            raise OSError
        before = termios.tcgetattr(keyboard)
    except (OSError, ValueError, termios.error):
        yield
        return
    local = before[3] & ~termios.ECHO
    termios.tcsetattr(keyboard, termios.TCSANOW, [*before[:3], local, *before[4:]])
    try:
        yield
    finally:
        termios.tcsetattr(keyboard, termios.TCSANOW, before)


@contextmanager
def painted(screen: LiveScreen, thinking: ThinkingShown) -> Iterator[Audience]:
    """Where events are shown on a terminal, until the block ends."""
    from r1plan.render.chat.live import Ticker

    with unechoed():
        try:
            with Ticker(screen):
                yield _Watching(screen, thinking)
        finally:
            screen.done()


@contextmanager
def streamed(thinking: ThinkingShown) -> Iterator[Audience]:
    """Where events are written when one stream is a pipe or a file: the answer on stdout, the rest on stderr."""
    from r1plan.render.chat.terminal import ChatScreen

    screen = ChatScreen(sys.stdout, sys.stderr, thinking)
    yield _Watching(screen, thinking)
    with suppress(OSError):  # it is told at the end of the program
        screen.done()


def shown(
    thinking: ThinkingShown, *, fold: bool, usd_before: Decimal | None = None
) -> AbstractContextManager[Audience]:
    """The context in which one answer is shown. `usd_before` is what was spent before it."""
    if not terminal_is_able():
        return streamed(thinking)
    from r1plan.render.chat.live import LiveScreen

    screen = LiveScreen(
        sys.stdout,
        thinking,
        size=terminal_size,
        fold=fold,
        usd_before=usd_before,
    )
    return painted(screen, thinking)


def closing(result: ChatResult, *, alone: bool) -> None:
    """The closing line, what is to be told of the model that answered, and the row that could not be logged.

    `alone`: the question is no part of a conversation; then the file that it was logged in is said too.
    """
    from r1plan.render.chat.terminal import closing_line
    from r1plan.render.output import note

    # What broke off may be billed all the same; what was refused is not.
    if result.error is None or result.billed.high_usd != 0:
        note(closing_line(result, where=alone and "R1PLAN_DEMO" not in os.environ))  # that home is gone after it
    if result.error is None and result.thinking and not result.answer and result.finish != "aborted":
        note("No answer came: all that was written is thinking.")
    if result.entry.flags:
        from r1plan.render.chat.words import flag_texts

        for text in flag_texts(result.entry):
            note(text)
    # That an id has a new model is worth a line of a conversation, but not one of every call of the program.
    if result.served is not None and not (alone and result.served.why == "renewed"):
        from r1plan.render.chat.words import served_text

        note(served_text(result.served))
    unlogged(result)


def unlogged(result: ChatResult) -> None:
    """Say that the row could not be logged, and how it can be."""
    from r1plan.render.output import note, to_copy

    if result.log_error is not None:
        note(f"warning: {result.log_error.message}")
        # Not through note(), which breaks lines: this one is to be copied.
        to_copy(f"hint:  {result.log_error.hint or ''}")


def raise_failure(result: ChatResult, *, alone: bool) -> None:
    """Raise what made the request fail, and say how to go on. `alone`: it is no part of a conversation."""
    from r1plan.engine.refusal import KEPT
    from r1plan.render.chat.terminal import going_on
    from r1plan.render.output import note

    hint = going_on(result, alone=alone)
    error = result.error
    if error is not None:
        came = bool(result.answer or result.thinking)
        error.hint = hint or ("ask again." if error.hint == KEPT and not came else error.hint)
        raise error
    if hint is not None:
        note(f"hint:  {hint}")
