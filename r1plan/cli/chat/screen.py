"""What a person sees of one question of `r1plan chat`: the answer as it comes, the closing line, what went wrong."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from decimal import Decimal
from typing import TYPE_CHECKING

import typer

from r1plan.errors import ProviderError

if TYPE_CHECKING:
    from r1plan.ask.attempts import Audience
    from r1plan.conversation.session import ThinkingShown
    from r1plan.render.chat.live import LiveScreen
    from r1plan.render.chat.terminal import ChatScreen
    from r1plan.route.execution.run import ChatResult


_KEPT = "what had come is kept; "


def terminal_is_able() -> bool:
    """Whether a person sees both streams on a terminal that can be painted."""
    return sys.stdout.isatty() and sys.stderr.isatty() and os.environ.get("TERM", "dumb") != "dumb"


def terminal_size() -> tuple[int, int]:
    """Columns and rows."""
    size = shutil.get_terminal_size()
    return size.columns, size.lines


class _Written:
    """A chat written in pipes: who answers is in the closing line."""

    def __init__(self, screen: ChatScreen) -> None:
        self.show = screen.show
        self.say = screen.say

    def asks(self, model: str, usd_per_token: Decimal | None) -> None:
        """Say nothing."""


@contextmanager
def unechoed() -> Iterator[None]:
    """Keys that are pressed in the block do not show, so that they move no row; who reads next gets them."""
    try:
        import termios

        keyboard = sys.stdin.fileno()
        if os.tcgetpgrp(keyboard) != os.getpgrp():  # a job in the background may not, and would be stopped
            raise OSError
        before = termios.tcgetattr(keyboard)
    except (ImportError, OSError, ValueError, termios.error):
        yield
        return
    local = before[3] & ~termios.ECHO
    termios.tcsetattr(keyboard, termios.TCSANOW, [*before[:3], local, *before[4:]])
    try:
        yield
    finally:
        termios.tcsetattr(keyboard, termios.TCSANOW, before)


@contextmanager
def painted(screen: LiveScreen) -> Iterator[Audience]:
    """Where events are shown on a terminal, until the block ends."""
    from r1plan.render.chat.live import Ticker

    with unechoed():
        try:
            with Ticker(screen):
                yield screen
        finally:
            screen.done()


@contextmanager
def streamed(thinking: ThinkingShown) -> Iterator[Audience]:
    """Where events are written when one stream is a pipe or a file: the answer on stdout, the rest on stderr."""
    from r1plan.render.chat.terminal import ChatScreen

    screen = ChatScreen(sys.stdout, sys.stderr, thinking)
    yield _Written(screen)
    try:
        screen.done()
    except BrokenPipeError:
        # Python would complain at its exit, when it flushes a pipe that nobody reads.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


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
    return painted(screen)


def closing(result: ChatResult, *, where: bool = True) -> None:
    """The closing line, and the row that could not be logged. `where`: also the file it was logged in."""
    from r1plan.render.chat.terminal import closing_line
    from r1plan.render.output import note

    # What broke off may be billed all the same; what was refused is not.
    if result.error is None or result.billed.high_usd != 0:
        note(closing_line(result, where=where))
    if result.error is None and result.thinking and not result.answer and result.finish != "aborted":
        note("No answer came: all that was written is thinking.")
    unlogged(result)


def unlogged(result: ChatResult) -> None:
    """Say that the row could not be logged, and how it can be."""
    from r1plan.render.output import note
    from r1plan.render.text.sanitize import printable

    if result.log_error is not None:
        note(f"warning: {result.log_error.message}")
        # Not through note(), which breaks lines: this one is to be copied.
        typer.echo(f"hint:  {printable(result.log_error.hint or '')}", err=True)


def raise_failure(result: ChatResult, *, alone: bool) -> None:
    """Raise what made the request fail, and say how to go on. `alone`: it is no part of a conversation."""
    from r1plan.render.chat.terminal import going_on
    from r1plan.render.output import note

    hint = going_on(result, alone=alone)
    error = result.error
    if error is None and result.finish == "failed":
        error = ProviderError(
            f"{result.entry.provider} broke off the answer: it ran out of resources.",
            f"{_KEPT}ask again.",
        )
    if error is not None:
        kept = bool(result.answer or result.thinking)
        error.hint = hint or (error.hint if kept or error.hint is None else error.hint.removeprefix(_KEPT))
        raise error
    if hint is not None:
        note(f"hint:  {hint}")
