"""The text of one stream as it comes, told apart into thinking and answer, and kept for counting."""

from __future__ import annotations

from collections.abc import Iterator

from r1plan.engine.chat import Answer, Event, Thinking, WasThinking
from r1plan.engine.thinking import ThinkSplitter


class StreamText:
    """Takes pieces of text, gives events, and keeps what they said."""

    def __init__(self) -> None:
        self._splitter = ThinkSplitter()
        self._thinking: list[str] = []
        self._answer: list[str] = []

    def thinking(self, text: str) -> Iterator[Event]:
        """The events of a piece that the server calls thinking."""
        self._splitter.open()
        if event := self._splitter.piece(text):
            yield self._kept(event)

    def answer(self, text: str) -> Iterator[Event]:
        """The events of a piece that the server calls the answer, after thinking that it called so."""
        if self._splitter.thinking:
            self._splitter.close()
        yield from self.feed(text)

    def feed(self, text: str) -> Iterator[Event]:
        """The events of a piece that may hold `<think>` and `</think>`, or parts of them."""
        for event in self._splitter.feed(text):
            yield self._kept(event)

    def rest(self) -> Iterator[Event]:
        """What was held back, to be asked for when the stream is over, however it ended."""
        if event := self._splitter.rest():
            yield self._kept(event)

    @property
    def thinking_so_far(self) -> str:
        """All the thinking so far."""
        return "".join(self._thinking)

    @property
    def answer_so_far(self) -> str:
        """All the answer so far."""
        return "".join(self._answer)

    def _kept(self, event: Thinking | Answer | WasThinking) -> Event:
        match event:
            case Thinking(text):
                self._thinking.append(text)
            case Answer(text):
                self._answer.append(text)
            case WasThinking():
                self._thinking, self._answer = self._thinking + self._answer, []
        return event
