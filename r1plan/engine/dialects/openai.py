"""The dialect that most providers speak: chat completions, streamed as chunks. Pure: text in, events out.

What differs between its speakers (names of the thinking, paths of the counts) is data: `profiles/providers/*.yaml`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from r1plan.catalog.provider import Provider, ThinkingBack
from r1plan.engine.chat import ChatRequest, Event, Finished, FinishReason
from r1plan.engine.dialects.endings import ENDS, FAILURES
from r1plan.engine.dialects.server_error import MESSAGE_LIMIT, broken_off, error_in, without_a_word
from r1plan.engine.dialects.stream_text import StreamText
from r1plan.engine.dialects.surrogates import whole
from r1plan.engine.dialects.usage import ReportedUsage
from r1plan.engine.history import sent_messages
from r1plan.errors import ProviderError
from r1plan.prices.usage import Usage

DONE = "[DONE]"
AFTER_END = "something_after_the_end"
UNREADABLE = "unreadable_event"

_UNREADABLE_MOST = 16  # events before the end: more is no answer


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


class ChunkReader:
    """Reads the data of one stream's events, one after another.

    `finish_reason` and `served_model` are None until the server gave one. `progress` grows with each chunk that holds a
    part of the answer. `failure` is what keeps the answer from being whole: an end that is not known to be good, or an
    event that could not be read and that no good end followed.
    """

    def __init__(self, provider: Provider, request: ChatRequest) -> None:
        self._provider = provider
        self._prompt = "\n".join(each.content for each in request.messages)
        self._text = StreamText()
        self._by_field = False
        self._reported = ReportedUsage(provider.usage, request)
        self.served_model: str | None = None
        self.progress = 0
        self.finish_reason: FinishReason | None = None
        self.failure: ProviderError | None = None
        self._unreadable = 0
        self._calls_tools = False
        self._flags: dict[str, None] = {}

    @property
    def has_ended_well(self) -> bool:
        """Whether the server said that the answer is whole, or cut off where that was asked for."""
        return self.finish_reason not in (None, "failed")

    def read(self, data: str, kind: str = "message") -> Iterator[Event]:
        """The events of one event of the stream, which is of `kind`. Raises ProviderError for an error that it tells.

        What is not a chunk is passed over. After a good end nothing is an error, and no text is a part of the answer.
        """
        chunk = _parsed(data)
        if (error := error_in(kind, data if chunk is None else chunk)) is not None:
            if self.has_ended_well:
                self.followed()
                return
            if isinstance(chunk, dict):
                self._reported.take(chunk)
            self.failure = broken_off(self._provider, error)
            raise self.failure
        if not isinstance(chunk, dict):
            self._passed_over(data)
            return
        if isinstance(model := chunk.get("model"), str) and model:
            self.served_model = whole(" ".join(model.split())[:MESSAGE_LIMIT])
        self._reported.take(chunk)
        choices = chunk.get("choices")
        if isinstance(choices, list) and choices and isinstance(choices[0], dict):
            yield from self._choice(choices[0])

    def followed(self) -> None:
        """Note that something came after a good end. It is no part of the answer, and does not spoil it."""
        self._flags[AFTER_END] = None

    def rest(self) -> Iterator[Event]:
        """What was held back, to be asked for when the stream is over, however it ended."""
        yield from self._text.rest()

    def usage(self) -> Usage:
        """What the server counted; estimates for what it did not, or had not yet when the stream broke off."""
        usage = self._reported.usage(
            prompt=self._prompt, thinking=self._text.thinking_so_far, answer=self._text.answer_so_far
        )
        return replace(usage, flags=(*usage.flags, *self._flags)) if self._flags else usage

    def reported_usd(self) -> Decimal | None:
        """What the server says it bills; None when it does not say, or had not yet when the stream broke off."""
        return self._reported.usd

    def finished(self) -> Finished:
        """The last event of a stream that gave an end, good or not. It may set `failure`: an empty answer is one."""
        usage = self.usage()
        if self._is_empty(usage):
            self.finish_reason, self.failure = "failed", without_a_word(self._provider)
        return Finished(
            reason=self.finish_reason or "failed",
            usage=usage,
            served_model=self.served_model,
            reported_usd=self.reported_usd(),
        )

    def _is_empty(self, usage: Usage) -> bool:
        if self.finish_reason not in ("stop", "length") or self._calls_tools:
            return False
        return not self._text.has_come and is_uncounted(usage)

    def _choice(self, choice: Mapping[str, object]) -> Iterator[Event]:
        delta = choice.get("delta") or choice.get("message")
        if isinstance(delta, Mapping):
            # Some servers send the same thinking under two names: the first name counts, never both.
            thoughts = (delta.get(field) for field in self._provider.thinking_fields)
            thought = next((each for each in thoughts if isinstance(each, str) and each), "")
            said = delta.get("content")
            content = said if isinstance(said, str) else ""
            if self.has_ended_well and thought + content:
                self.followed()
                return
            self._calls_tools |= bool(delta.get("tool_calls") or delta.get("function_call"))
            if thought:
                self.progress += 1
                self._by_field = True
                yield from self._text.thinking(thought)
            if content:
                self.progress += 1
                yield from self._text.answer(content) if self._by_field else self._text.feed(content)
        reason = choice.get("finish_reason")
        if isinstance(reason, str) and reason:
            self._ends(reason)

    def _ends(self, said: str) -> None:
        """Take in a finish reason. The first one that is no good end stays; after a good one none is heard."""
        self.progress += 1
        reason = ENDS.get(said.strip().casefold())
        if self.has_ended_well:
            if reason is None:
                self.followed()
        elif reason is None:
            words = " ".join(said.split())
            because = FAILURES.get(words, f"it gave '{words[:40]}' as the reason of its end")
            self.finish_reason, self.failure = "failed", broken_off(self._provider, because)
        elif self.finish_reason is None:
            self.finish_reason = reason
            self._calls_tools |= said in ("tool_calls", "tool_use", "function_call")

    def _passed_over(self, data: str) -> None:
        """Note an event that is no chunk. Raises ProviderError when they are so many that this is no answer."""
        if self.has_ended_well:
            self.followed()
            return
        self._flags[UNREADABLE] = None
        self._unreadable += 1
        self.failure = self.failure or ProviderError(
            f"{self._provider.name} sent something that is not a chat chunk: {whole(data[:80])!r}.",
            f"check the server's address: it should be the one that {self._provider.chat_path} follows.",
            fault="bad_stream",
        )
        if self._unreadable > _UNREADABLE_MOST:
            raise self.failure


def is_uncounted(usage: Usage) -> bool:
    """Whether the server has reported no output at all."""
    return usage.provenance.get("output_tokens") != "reported" or usage.output_tokens == 0


def _parsed(data: str) -> object:
    """The JSON in `data`; None when it is none."""
    try:
        return json.loads(data, parse_float=Decimal)
    except (ValueError, RecursionError):
        return None
