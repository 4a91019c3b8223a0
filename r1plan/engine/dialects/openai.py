"""The dialect that most providers speak: chat completions, streamed as chunks. Pure: text in, events out.

What differs between its speakers (names of the thinking, paths of the counts) is data: `profiles/providers/*.yaml`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from r1plan.catalog.provider import Provider
from r1plan.engine.chat import Answer, ChatRequest, Event, Finished, FinishReason, Thinking, WasThinking
from r1plan.engine.dialects.usage import normal_form
from r1plan.engine.thinking import ThinkSplitter
from r1plan.errors import ProviderError
from r1plan.prices.usage import Usage

PATH = "/chat/completions"
DONE = "[DONE]"

_REASONS: dict[str, FinishReason] = {
    "length": "length",
    "max_tokens": "length",
    "content_filter": "content_filter",
    "insufficient_system_resource": "failed",  # DeepSeek: it ran out of machines in mid answer
}
_MESSAGE_LIMIT = 300


def request_body(request: ChatRequest, model: str) -> dict[str, object]:
    """The JSON that asks for `request`. What the user left open is left out: the server's own default holds."""
    body: dict[str, object] = {
        "model": model,
        "messages": [{"role": each.role, "content": each.content} for each in request.messages],
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    wishes = {name: getattr(request, name) for name in ("max_tokens", "temperature", "top_p", "seed")}
    return body | {name: value for name, value in wishes.items() if value is not None}


def message_of(error: object) -> str:
    """The sentence in a server's error object, bounded; "" when there is none."""
    if isinstance(error, Mapping):
        error = error.get("message") or error.get("detail") or error.get("error") or error.get("code")
        if isinstance(error, Mapping):
            return message_of(error)
    return " ".join(error.split())[:_MESSAGE_LIMIT] if isinstance(error, str) else ""


class ChunkReader:
    """Reads the data of one stream's events, one after another.

    `finish_reason` is None until the server gave one.
    """

    def __init__(self, provider: Provider, request: ChatRequest) -> None:
        self._provider = provider
        self._prompt = "\n".join(each.content for each in request.messages)
        self._splitter = ThinkSplitter()
        self._by_field = False
        self._thinking: list[str] = []
        self._answer: list[str] = []
        self._usage: dict[str, object] = {}
        self._served: str | None = None
        self.finish_reason: FinishReason | None = None

    def read(self, data: str) -> Iterator[Event]:
        """The events of one chunk. Raises ProviderError for an error object and for what is not a chunk."""
        try:
            chunk = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise self._malformed(data) from error
        if not isinstance(chunk, dict):
            raise self._malformed(data)
        if chunk.get("error"):
            said = message_of(chunk["error"]) or "it gave no reason"
            raise ProviderError(
                f"{self._provider.name} broke off the answer: {said}.", "what had come is kept; ask again."
            )
        if isinstance(model := chunk.get("model"), str) and model:
            self._served = model[:_MESSAGE_LIMIT]
        if isinstance(usage := chunk.get("usage"), dict):
            # The last count that is not null wins; some servers send it in two parts.
            self._usage |= {name: value for name, value in usage.items() if value is not None}
        choices = chunk.get("choices")
        if isinstance(choices, list) and choices and isinstance(choices[0], dict):
            yield from self._choice(choices[0])

    def rest(self) -> Iterator[Event]:
        """What was held back, to be asked for when the stream is over, however it ended."""
        if event := self._splitter.rest():
            yield self._kept(event)

    def usage(self) -> Usage:
        """What the server counted; estimates for what it did not, or had not yet when the stream broke off."""
        return normal_form(
            self._usage,
            self._provider,
            prompt=self._prompt,
            thinking="".join(self._thinking),
            answer="".join(self._answer),
        )

    def finished(self) -> Finished:
        """The last event."""
        return Finished(reason=self.finish_reason or "stop", usage=self.usage(), served_model=self._served)

    def _choice(self, choice: Mapping[str, object]) -> Iterator[Event]:
        delta = choice.get("delta") or choice.get("message")
        if isinstance(delta, Mapping):
            # Some servers send the same thinking under two names: the first name counts, never both.
            thoughts = (delta.get(field) for field in self._provider.thinking_fields)
            thought = next((each for each in thoughts if isinstance(each, str) and each), "")
            content = delta.get("content")
            if thought:
                self._by_field = True
                self._splitter.open()
                if event := self._splitter.piece(thought):
                    yield self._kept(event)
            if isinstance(content, str) and content:
                if self._by_field and self._splitter.thinking:
                    self._splitter.close()
                for each in self._splitter.feed(content):
                    yield self._kept(each)
        reason = choice.get("finish_reason")
        if isinstance(reason, str) and reason:
            self.finish_reason = _REASONS.get(reason, "stop")

    def _kept(self, event: Thinking | Answer | WasThinking) -> Event:
        match event:
            case Thinking(text):
                self._thinking.append(text)
            case Answer(text):
                self._answer.append(text)
            case WasThinking():
                self._thinking, self._answer = self._answer, []
        return event

    def _malformed(self, data: str) -> ProviderError:
        return ProviderError(
            f"{self._provider.name} sent something that is not a chat chunk: {data[:80]!r}.",
            "check the server's address: it should be the one that /chat/completions follows.",
        )
