"""Where a person types. The only module that imports prompt_toolkit."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path

from prompt_toolkit import PromptSession
from prompt_toolkit.application import get_app
from prompt_toolkit.completion import CompleteEvent, Completer
from prompt_toolkit.completion import Completion as Offered
from prompt_toolkit.document import Document
from prompt_toolkit.filters import Condition
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from prompt_toolkit.input import Input
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.output import Output
from prompt_toolkit.styles import Style

from r1plan.conversation.complete import Completion

_STYLE = Style.from_dict(
    {
        "bottom-toolbar": "noreverse dim",
        "prompt": "bold",
        "completion-menu.completion": "bg:default",
        "completion-menu.completion.current": "reverse",
        "completion-menu.meta.completion": "bg:default dim",
        "completion-menu.meta.completion.current": "bg:default dim",
    }
)


class _Names(Completer):
    def __init__(self, completions: Callable[[str], tuple[Completion, ...]]) -> None:
        self._completions = completions

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Offered]:
        for each in self._completions(document.text_before_cursor):
            yield Offered(each.text, start_position=-each.replaces, display_meta=each.about)


class TerminalReader:
    """Reads questions with editing, history and completion.

    `history` is the file of what was typed before, made with mode 0600; None keeps nothing. `toolbar` is the line below
    the prompt.
    """

    def __init__(
        self,
        completions: Callable[[str], tuple[Completion, ...]],
        toolbar: Callable[[], str],
        history: Path | None,
        *,
        input_: Input | None = None,
        output: Output | None = None,
    ) -> None:
        self._session: PromptSession[str] = PromptSession(
            message=[("class:prompt", "> ")],
            multiline=True,
            prompt_continuation="  ",
            completer=_Names(completions),
            # The names of models come from the catalogue, which takes a moment to read.
            complete_in_thread=True,
            complete_while_typing=Condition(lambda: get_app().current_buffer.text.startswith("/")),
            history=_history(history),
            key_bindings=_keys(),
            bottom_toolbar=lambda: [("", toolbar())],
            style=_STYLE,
            reserve_space_for_menu=6,
            input=input_,
            output=output,
        )

    def read(self) -> str | None:
        """What was typed, stripped; None for the end. Raises KeyboardInterrupt for Ctrl-C at an empty line."""
        try:
            return self._session.prompt().strip()
        except EOFError:
            return None


def _history(path: Path | None) -> History:
    if path is None:
        return InMemoryHistory()
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError:
        return InMemoryHistory()  # a conversation without a past is better than none
    return FileHistory(path)


def _keys() -> KeyBindings:
    keys = KeyBindings()

    @keys.add("enter")
    def _send(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        if buffer.document.current_line_before_cursor.endswith("\\") and not buffer.document.text_after_cursor:
            buffer.delete_before_cursor()
            buffer.insert_text("\n")
        elif buffer.text.strip():
            buffer.validate_and_handle()

    @keys.add("escape", "enter")
    def _new_line(event: KeyPressEvent) -> None:
        event.current_buffer.insert_text("\n")

    @keys.add("c-c")
    def _clear(event: KeyPressEvent) -> None:
        if event.current_buffer.text:
            event.current_buffer.reset()
        else:
            event.app.exit(exception=KeyboardInterrupt())

    return keys
