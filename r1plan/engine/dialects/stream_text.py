"""The text of one stream as it comes, told apart into thinking and answer, and kept for counting."""

from __future__ import annotations

from collections.abc import Iterator

from r1plan.engine.chat import Answer, Event, Thinking, WasThinking
from r1plan.engine.dialects.surrogates import Halves
from r1plan.engine.thinking import ThinkSplitter


class StreamText:
    """Takes pieces of text, gives events, and keeps what they said. A character may come in halves."""

    def __init__(self) -> None:
        self._splitter = ThinkSplitter()
        self._thinking_halves, self._halves = Halves(), Halves()
        self._thinking: list[str] = []
        self._answer: list[str] = []

    def thinking(self, text: str) -> Iterator[Event]:
        """The events of a piece that the server calls thinking."""
        yield from self._thought(self._thinking_halves.piece(text))

    def answer(self, text: str) -> Iterator[Event]:
        """The events of a piece that the server calls the answer, after thinking that it called so."""
        yield from self._thought(self._thinking_halves.rest())
        if self._splitter.thinking:
            self._splitter.close()
        yield from self.feed(text)

    def feed(self, text: str) -> Iterator[Event]:
        """The events of a piece that may hold `<think>` and `</think>`, or parts of them."""
        yield from self._fed(self._halves.piece(text))

    def rest(self) -> Iterator[Event]:
        """What was held back, to be asked for when the stream is over, however it ended."""
        yield from self._thought(self._thinking_halves.rest())
        yield from self._fed(self._halves.rest())
        if event := self._splitter.rest():
            yield self._kept(event)

    @property
    def has_come(self) -> bool:
        """Whether there is any text, of the thinking or of the answer."""
        return bool(self._thinking or self._answer)

    @property
    def thinking_so_far(self) -> str:
        """All the thinking so far."""
        return "".join(self._thinking)

    @property
    def answer_so_far(self) -> str:
        """All the answer so far."""
        return "".join(self._answer)

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
                self._thinking.append(text)
            case Answer(text):
                self._answer.append(text)
            case WasThinking():
                self._thinking, self._answer = self._thinking + self._answer, []
        return event
