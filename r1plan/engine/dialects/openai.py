"""The dialect that most providers speak: chat completions, streamed as chunks. Pure: text in, events out.

What differs between its speakers (names of the thinking, paths of the counts) is data: `profiles/providers/*.yaml`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from r1plan.catalog.provider import Provider, ThinkingBack
from r1plan.engine.chat import ChatRequest, Event, Finished, FinishReason
from r1plan.engine.dialects.stream_text import StreamText
from r1plan.engine.dialects.usage import ReportedUsage
from r1plan.engine.history import sent_messages
from r1plan.engine.refusal import KEPT
from r1plan.errors import ProviderError
from r1plan.prices.usage import Usage

DONE = "[DONE]"

_REASONS: dict[str, FinishReason] = {
    "length": "length",
    "max_tokens": "length",
    "content_filter": "content_filter",
    "insufficient_system_resource": "failed",  # DeepSeek: it ran out of machines in mid answer
}
_MESSAGE_LIMIT = 300
_STATUS = re.compile(r"[45]\d\d")


def request_body(
    request: ChatRequest, model: str, provider: Provider, back: ThinkingBack = "never"
) -> dict[str, object]:
    """The JSON that asks `provider` for `request`, with the thinking that `back` says.

    What the user left open is left out: the server's own default holds.
    """
    body: dict[str, object] = {
        "model": model,
        "messages": sent_messages(request.messages, back, provider.thinking_fields[0]),
        "stream": True,
    }
    if provider.include_usage:
        body["stream_options"] = {"include_usage": True}
    wishes = {
        provider.max_tokens_field: request.max_tokens,
        "temperature": request.temperature,
        "top_p": request.top_p,
        "seed": request.seed,
    }
    body |= {name: value for name, value in wishes.items() if value is not None}
    body |= provider.extra_request
    if provider.max_thinking_path is not None and request.max_thinking is not None:
        body = _with(body, provider.max_thinking_path.split("."), request.max_thinking)
    return body


def _with(body: Mapping[str, object], path: Sequence[str], value: object) -> dict[str, object]:
    """`body` with `value` at `path`, beside what stands there."""
    name, *rest = path
    inner = body.get(name)
    return {**body, name: _with(inner if isinstance(inner, Mapping) else {}, rest, value) if rest else value}


def message_of(error: object) -> str:
    """The sentence in a server's error object, bounded; "" when there is none."""
    if isinstance(error, Mapping):
        error = error.get("message") or error.get("detail") or error.get("error") or error.get("code")
        if isinstance(error, Mapping):
            return message_of(error)
    return " ".join(error.split())[:_MESSAGE_LIMIT] if isinstance(error, str) else ""


def broken_off(provider: Provider, error: object) -> ProviderError:
    """The error for a server's error object in a stream that had begun with 200."""
    said = message_of(error) or "it gave no reason"
    code = error.get("code") if isinstance(error, Mapping) else None
    status = int(code) if isinstance(code, int | str) and _STATUS.fullmatch(str(code)) else None
    return ProviderError(f"{provider.name} broke off the answer: {said}.", KEPT, status=status)


class ChunkReader:
    """Reads the data of one stream's events, one after another.

    `finish_reason` and `served_model` are None until the server gave one. `progress` grows with each chunk that holds a
    part of the answer.
    """

    def __init__(self, provider: Provider, request: ChatRequest) -> None:
        self._provider = provider
        self._prompt = "\n".join(each.content for each in request.messages)
        self._text = StreamText()
        self._by_field = False
        self._reported = ReportedUsage(provider.usage)
        self.served_model: str | None = None
        self.progress = 0
        self.finish_reason: FinishReason | None = None

    def read(self, data: str) -> Iterator[Event]:
        """The events of one chunk. Raises ProviderError for an error object and for what is not a chunk."""
        try:
            chunk = json.loads(data, parse_float=Decimal)
        except (ValueError, RecursionError) as error:
            raise self._malformed(data) from error
        if not isinstance(chunk, dict):
            raise self._malformed(data)
        if chunk.get("error"):
            raise broken_off(self._provider, chunk["error"])
        if isinstance(model := chunk.get("model"), str) and model:
            self.served_model = " ".join(model.split())[:_MESSAGE_LIMIT]
        self._reported.take(chunk)
        choices = chunk.get("choices")
        if isinstance(choices, list) and choices and isinstance(choices[0], dict):
            yield from self._choice(choices[0])

    def rest(self) -> Iterator[Event]:
        """What was held back, to be asked for when the stream is over, however it ended."""
        yield from self._text.rest()

    def usage(self) -> Usage:
        """What the server counted; estimates for what it did not, or had not yet when the stream broke off."""
        return self._reported.usage(
            prompt=self._prompt, thinking=self._text.thinking_so_far, answer=self._text.answer_so_far
        )

    def reported_usd(self) -> Decimal | None:
        """What the server says it bills; None when it does not say, or had not yet when the stream broke off."""
        return self._reported.usd

    def finished(self) -> Finished:
        """The last event."""
        return Finished(
            reason=self.finish_reason or "stop",
            usage=self.usage(),
            served_model=self.served_model,
            reported_usd=self.reported_usd(),
        )

    def _choice(self, choice: Mapping[str, object]) -> Iterator[Event]:
        delta = choice.get("delta") or choice.get("message")
        if isinstance(delta, Mapping):
            # Some servers send the same thinking under two names: the first name counts, never both.
            thoughts = (delta.get(field) for field in self._provider.thinking_fields)
            thought = next((each for each in thoughts if isinstance(each, str) and each), "")
            content = delta.get("content")
            if thought:
                self.progress += 1
                self._by_field = True
                yield from self._text.thinking(thought)
            if isinstance(content, str) and content:
                self.progress += 1
                yield from self._text.answer(content) if self._by_field else self._text.feed(content)
        reason = choice.get("finish_reason")
        if isinstance(reason, str) and reason:
            self.progress += 1
            self.finish_reason = _REASONS.get(reason, "stop")

    def _malformed(self, data: str) -> ProviderError:
        return ProviderError(
            f"{self._provider.name} sent something that is not a chat chunk: {data[:80]!r}.",
            f"check the server's address: it should be the one that {self._provider.chat_path} follows.",
            fault="bad_stream",
        )
