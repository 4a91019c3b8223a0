"""The text of one stream as it comes, told apart into thinking and answer, and kept for counting."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from io import StringIO

from r1plan.engine.chat import Answer, Event, Thinking, WasThinking
from r1plan.engine.dialects.surrogates import Halves
from r1plan.engine.thinking import ThinkSplitter


class StreamText:
    """Takes pieces of text, gives events, and keeps what they said. A character may come in halves.

    `names` are the elements that thinking stands in where it comes with the answer, `marks` what else it may stand
    between; without any it does not. `characters` counts all that was said.
    """

    def __init__(self, names: Sequence[str] = (), marks: Sequence[tuple[str, str]] = ()) -> None:
        self._splitter = ThinkSplitter(names=names, marks=marks)
        self._thinking_halves, self._halves = Halves(), Halves()
        # Millions of pieces would each take the memory of an object.
        self._thinking, self._answer = StringIO(), StringIO()
        self.characters = 0

    def thinking(self, text: str) -> Iterator[Event]:
        """The events of a piece that the server calls thinking."""
        yield from self._thought(self._thinking_halves.piece(text))

    def answer(self, text: str) -> Iterator[Event]:
        """The events of a piece that the server calls the answer, after thinking that it called so."""
        yield from self._thought(self._thinking_halves.rest())
        self._splitter.follows_fields()
        yield from self.feed(text)

    def feed(self, text: str) -> Iterator[Event]:
        """The events of a piece that may hold thinking between tags, or parts of such tags."""
        yield from self._fed(self._halves.piece(text))

    def plain(self, text: str) -> Iterator[Event]:
        """The events of a piece of the answer whose tags have been told apart already."""
        if event := self._splitter.piece(self._halves.piece(text)):
            yield self._kept(event)

    def rest(self) -> Iterator[Event]:
        """What was held back, to be asked for when the stream is over, however it ended."""
        yield from self._thought(self._thinking_halves.rest())
        yield from self._fed(self._halves.rest())
        for event in self._splitter.rest():
            yield self._kept(event)

    @property
    def has_come(self) -> bool:
        """Whether there is any text, of the thinking or of the answer."""
        return self.characters > 0

    @property
    def has_answer(self) -> bool:
        """Whether there is any text of the answer."""
        return self._answer.tell() > 0

    @property
    def thinking_so_far(self) -> str:
        """All the thinking so far."""
        return self._thinking.getvalue()

    @property
    def answer_so_far(self) -> str:
        """All the answer so far."""
        return self._answer.getvalue()

    def _thought(self, text: str) -> Iterator[Event]:
        if text:
            self._splitter.open()
            if event := self._splitter.piece(text):
                yield self._kept(event)

    def _fed(self, text: str) -> Iterator[Event]:
        if text:
            for event in self._splitter.feed(text):
                yield self._kept(event)

    def _kept(self, event: Thinking | Answer | WasThinking) -> Event:
        match event:
            case Thinking(text):
                self.characters += len(text)
                self._thinking.write(text)
            case Answer(text):
                self.characters += len(text)
                self._answer.write(text)
            case WasThinking():
                self._thinking.write(self._answer.getvalue())
                self._answer = StringIO()
        return event
