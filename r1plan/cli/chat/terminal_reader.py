"""Where a person types. The only module that imports prompt_toolkit."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from prompt_toolkit import PromptSession, search
from prompt_toolkit.application import get_app
from prompt_toolkit.completion import CompleteEvent, Completer
from prompt_toolkit.completion import Completion as Offered
from prompt_toolkit.document import Document
from prompt_toolkit.enums import DEFAULT_BUFFER
from prompt_toolkit.filters import Condition, has_focus, is_searching
from prompt_toolkit.formatted_text import StyleAndTextTuples, fragment_list_to_text
from prompt_toolkit.history import History
from prompt_toolkit.input import Input, create_input
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.keys import Keys
from prompt_toolkit.layout.processors import Processor, Transformation, TransformationInput
from prompt_toolkit.layout.utils import explode_text_fragments
from prompt_toolkit.output import Output
from prompt_toolkit.styles import Style

from r1plan.conversation.complete import Completion
from r1plan.conversation.pastes import Pastes
from r1plan.conversation.questions import prepared, remember, typed_before
from r1plan.errors import R1PlanError
from r1plan.render.text.sanitize import JOINERS, one_line, printable

if TYPE_CHECKING:
    from prompt_toolkit.input.posix_utils import PosixStdinReader

_STYLE = Style.from_dict(
    {
        "bottom-toolbar": "noreverse dim",
        "prompt": "bold",
        "pasted": "underline",
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
        try:
            found = self._completions(document.text_before_cursor)
        except R1PlanError:
            return  # a file of the catalogue is wrong: the command that needs it says so
        for each in found:
            yield Offered(
                each.text,
                start_position=-each.replaces,
                display=one_line(each.text),
                display_meta=one_line(each.about),
            )


class _Typed(History):
    """What was typed, whole in the file `path` and with long pieces folded on the screen. `path` None: in memory."""

    def __init__(self, path: Path | None, pastes: Pastes) -> None:
        super().__init__()
        self._path = path if path is not None and prepared(path) else None
        self._pastes = pastes

    def load_history_strings(self) -> Iterable[str]:
        return () if self._path is None else map(self._pastes.folded, typed_before(self._path))

    def store_string(self, string: str) -> None:
        if self._path is not None:
            remember(self._path, self._pastes.whole(string), datetime.now().astimezone())


class _Shown(Processor):
    """Shows what was pasted as its label, and nothing that would steer the terminal."""

    def __init__(self, pastes: Pastes) -> None:
        self._pastes = pastes
        self._label = cache(self._labelled)

    def _labelled(self, mark: str) -> str | None:
        from r1plan.render.chat.conversation import paste_label

        piece = self._pastes.piece(mark)
        return None if piece is None else paste_label(piece)

    def apply_transformation(self, transformation_input: TransformationInput) -> Transformation:
        line = fragment_list_to_text(transformation_input.fragments)
        if line.isascii():
            return Transformation(transformation_input.fragments)
        shown: StyleAndTextTuples = []
        starts = [0]  # of each character of the line, on the screen
        for style, character, *_ in explode_text_fragments(transformation_input.fragments):
            label = self._label(character)
            text = _safe(character) if label is None else label
            shown.append((style if label is None else f"{style} class:pasted", text))
            starts.append(starts[-1] + len(text))
        return Transformation(
            shown,
            source_to_display=lambda place: starts[min(place, len(starts) - 1)],
            display_to_source=lambda place: max(0, sum(start <= place for start in starts) - 1),
        )


def _safe(character: str) -> str:
    """`character`, or U+FFFD for one that reorders text; prompt_toolkit itself shows controls as "^A"."""
    return character if character <= "\xa0" or character in JOINERS or printable(character) else "\ufffd"


class _GatheringReader:
    """Reads what a terminal hands over, all of a paste at once where it can be.

    prompt_toolkit looks through all of a paste for its end at each 1,024 bytes: half a minute for five megabytes.
    """

    def __init__(self, reader: PosixStdinReader) -> None:
        self._reader = reader

    @property
    def closed(self) -> bool:
        return self._reader.closed

    def read(self, _count: int = 0) -> str:
        parts = [self._reader.read()]
        size = len(parts[0])
        while parts[-1] and size < _GATHERED_MOST and self._more_comes(_PASTE_WAIT_S if size >= _PASTE_LEAST else 0):
            parts.append(self._reader.read(_PASTE_READ_BYTES))
            size += len(parts[-1])
        return "".join(parts)

    def _more_comes(self, within_s: float) -> bool:
        import select

        return bool(select.select([self._reader.stdin_fd], [], [], within_s)[0])


_PASTE_LEAST = 250  # characters at once that nobody types
_PASTE_WAIT_S = 0.02
_PASTE_READ_BYTES = 1 << 16
_GATHERED_MOST = 64 << 20


def _input() -> Input:
    made = create_input()
    if (reader := getattr(made, "stdin_reader", None)) is not None:  # only where there are such terminals
        made.stdin_reader = _GatheringReader(reader)  # type: ignore[attr-defined]
    return made


class TerminalReader:
    """Reads questions with editing, history and completion; a long paste stands in the line as one mark.

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
        self._pastes = Pastes()
        self._session: PromptSession[str] = PromptSession(
            message=[("class:prompt", "> ")],
            multiline=True,
            prompt_continuation="  ",
            completer=_Names(completions),
            # The names of models come from the catalogue, which takes a moment to read.
            complete_in_thread=True,
            complete_while_typing=Condition(lambda: get_app().current_buffer.text.startswith("/")),
            history=_Typed(history, self._pastes),
            key_bindings=_keys(self._pastes),
            input_processors=[_Shown(self._pastes)],
            bottom_toolbar=lambda: [("", one_line(toolbar()))],
            style=_STYLE,
            reserve_space_for_menu=6,
            enable_suspend=True,
            input=input_ or _input(),
            output=output,
        )

    def read(self) -> str | None:
        """What was typed, whole and stripped; None for the end. KeyboardInterrupt: Ctrl-C at an empty line."""
        try:
            return self._pastes.whole(self._session.prompt()).strip()
        except EOFError:
            return None


def _keys(pastes: Pastes) -> KeyBindings:
    keys = KeyBindings()
    typing = has_focus(DEFAULT_BUFFER)
    _add_search_keys(keys)

    @keys.add("enter", filter=typing)
    def _send(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        if buffer.document.current_line_before_cursor.endswith("\\") and not buffer.document.text_after_cursor:
            buffer.delete_before_cursor()
            buffer.insert_text("\n")
        elif buffer.text.strip():
            buffer.validate_and_handle()

    @keys.add("escape", "enter", filter=typing)
    def _new_line(event: KeyPressEvent) -> None:
        event.current_buffer.insert_text("\n")

    @keys.add("c-c", filter=typing)
    def _clear(event: KeyPressEvent) -> None:
        if event.current_buffer.text:
            event.current_buffer.reset()
        else:
            event.app.exit(exception=KeyboardInterrupt())

    @keys.add(Keys.BracketedPaste, filter=typing)
    def _paste(event: KeyPressEvent) -> None:
        text = event.data.replace("\r\n", "\n").replace("\r", "\n")
        event.current_buffer.insert_text(pastes.folded(text))

    @keys.add("tab", filter=typing & Condition(lambda: pastes.piece(_before_cursor()) is not None))
    def _unfold(event: KeyPressEvent) -> None:
        piece = pastes.piece(event.current_buffer.delete_before_cursor())
        event.current_buffer.insert_text(piece or "")

    return keys


def _before_cursor() -> str:
    return get_app().current_buffer.document.char_before_cursor or "\0"


_BACKWARD = search.SearchDirection.BACKWARD


def _add_search_keys(keys: KeyBindings) -> None:
    """The keys of Ctrl-R as readline has them: Enter sends what was found, Ctrl-C and Ctrl-D leave."""

    @keys.add("enter", filter=is_searching)
    def _take(event: KeyPressEvent) -> None:
        wanted = event.current_buffer.text
        if not wanted:
            search.stop_search()
            return
        search.accept_search()
        line = event.app.current_buffer
        if wanted in line.text:  # else nothing was found: what was typed before stays to be edited
            line.validate_and_handle()

    @keys.add("c-c", filter=is_searching)
    def _leave(event: KeyPressEvent) -> None:
        search.stop_search()

    @keys.add("c-d", filter=is_searching)
    def _end(event: KeyPressEvent) -> None:
        wanted = event.current_buffer.text
        search.stop_search()
        line = event.app.current_buffer
        found = wanted and wanted in line.document_for_search(search.SearchState(wanted, _BACKWARD)).text
        if not (line.text or found):
            event.app.exit(exception=EOFError())
