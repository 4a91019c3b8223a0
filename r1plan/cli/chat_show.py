"""What a person sees of one question of `r1plan chat`: the answer as it comes, the closing line, what went wrong."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from decimal import Decimal
from typing import TYPE_CHECKING

import typer

from r1plan.errors import ProviderError

if TYPE_CHECKING:
    from r1plan.conversation.session import ThinkingShown
    from r1plan.engine.chat import Event
    from r1plan.render.live_chat import LiveScreen
    from r1plan.route.run import ChatResult

Show = Callable[["Event"], None]


def terminal_is_able() -> bool:
    """Whether a person sees both streams on a terminal that can be painted."""
    return sys.stdout.isatty() and sys.stderr.isatty() and os.environ.get("TERM", "dumb") != "dumb"


def terminal_size() -> tuple[int, int]:
    """Columns and rows."""
    size = shutil.get_terminal_size()
    return size.columns, size.lines


@contextmanager
def painted(screen: LiveScreen) -> Iterator[Show]:
    """Where events are shown on a terminal, until the block ends."""
    from r1plan.render.live_chat import Ticker

    try:
        with Ticker(screen):
            yield screen.show
    finally:
        screen.done()


@contextmanager
def streamed(thinking: ThinkingShown) -> Iterator[Show]:
    """Where events are written when one stream is a pipe or a file: the answer on stdout, the rest on stderr."""
    from r1plan.render.chat import ChatScreen

    screen = ChatScreen(sys.stdout, sys.stderr, "hide" if thinking == "fold" else thinking)
    yield screen.show
    try:
        screen.done()
    except BrokenPipeError:
        # Python would complain at its exit, when it flushes a pipe that nobody reads.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def shown(
    thinking: ThinkingShown, *, model: str, fold: bool, usd_before: Decimal | None, usd_per_token: Decimal | None
) -> AbstractContextManager[Show]:
    """The context in which one answer is shown."""
    if not terminal_is_able():
        return streamed(thinking)
    from r1plan.render.live_chat import LiveScreen

    screen = LiveScreen(
        sys.stdout,
        thinking,
        model=model,
        size=terminal_size,
        fold=fold,
        usd_before=usd_before,
        usd_per_token=usd_per_token,
    )
    return painted(screen)


def closing(result: ChatResult, *, where: bool = True) -> None:
    """The closing line, and the row that could not be logged. `where`: also the file it was logged in."""
    from r1plan.render.chat import closing_line
    from r1plan.render.output import note

    # What broke off may be billed all the same; what was refused is not.
    if result.error is None or result.entry.cost_high_usd:
        note(closing_line(result, where=where))
    unlogged(result)


def unlogged(result: ChatResult) -> None:
    """Say that the row could not be logged, and how it can be."""
    from r1plan.render.output import note
    from r1plan.render.plain import printable

    if result.log_error is not None:
        note(f"warning: {result.log_error.message}")
        # Not through note(), which breaks lines: this one is to be copied.
        typer.echo(f"hint:  {printable(result.log_error.hint or '')}", err=True)


def raise_failure(result: ChatResult) -> None:
    """Raise what made the request fail."""
    if result.error is not None:
        raise result.error
    if result.finish == "failed":
        raise ProviderError(
            f"{result.entry.provider} broke off the answer: it ran out of resources.",
            "what had come is kept; ask again.",
        )
