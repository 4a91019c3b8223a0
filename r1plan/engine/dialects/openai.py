"""The dialect that most providers speak: chat completions, streamed as chunks. Pure: text in, events out.

What differs between its speakers (names of the thinking, paths of the counts) is data: `profiles/providers/*.yaml`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from r1plan.catalog.provider import Provider
from r1plan.engine.chat import ChatRequest, Event, Finished, FinishReason
from r1plan.engine.dialects.endings import ENDS, FAILURES
from r1plan.engine.dialects.json_values import values_of
from r1plan.engine.dialects.parts import THINKING_FIELDS, said_in
from r1plan.engine.dialects.server_error import (
    MESSAGE_LIMIT,
    Hide,
    as_it_is,
    broken_off,
    error_in,
    without_a_word,
    without_text,
)
from r1plan.engine.dialects.stream_text import StreamText
from r1plan.engine.dialects.surrogates import whole
from r1plan.engine.dialects.usage import ReportedUsage
from r1plan.engine.thinking import OTHER_MARKS
from r1plan.errors import ProviderError
from r1plan.prices.usage import Usage

DONE = "[DONE]"
AFTER_END = "something_after_the_end"
UNREADABLE = "unreadable_event"
UNREADABLE_PART = "unreadable_part"

_DONE_LENGTH = 32
_UNREADABLE_MOST = 16  # events before the end: more is no answer


class ChunkReader:
    """Reads the data of one stream's events, one after another. `hide` takes the key out of what a person will read.

    `finish_reason` and `served_model` are None until the server gave one. `progress` grows with each chunk that holds a
    part of the answer. `is_done` is true once the server said that nothing more will come. `failure` is what keeps the
    answer from being whole: an end that is not known to be good, or an event that could not be read and that no good
    end followed.
    """

    def __init__(self, provider: Provider, request: ChatRequest, hide: Hide = as_it_is) -> None:
        self._provider = provider
        self._hide = hide
        self._prompt = "\n".join(each.content for each in request.messages)
        self._text = _stream_text(provider)
        self._fields = tuple(dict.fromkeys((*provider.thinking_fields, *THINKING_FIELDS)))
        self._by_field = self._by_delta = self._by_details = False
        self._reported = ReportedUsage(provider.usage, request)
        self._model = ""  # as the server spells it
        self.id = ""  # of the completion, where the server says one
        self.served_model: str | None = None
        self.progress = 0
        self.is_done = False
        self.finish_reason: FinishReason | None = None
        self.failure: ProviderError | None = None
        self.said: object = None  # the error object that the server told
        self._unreadable = 0
        self._unread: str | None = None
        self._calls_tools = False
        self._flags: dict[str, None] = {}

    @property
    def has_ended_well(self) -> bool:
        """Whether the server said that the answer is whole, or cut off where that was asked for."""
        return self.finish_reason not in (None, "failed")

    @property
    def is_counted(self) -> bool:
        """Whether the server has said how much it read and wrote."""
        return self._reported.is_complete

    @property
    def characters(self) -> int:
        """How long the thinking and the answer are by now."""
        return self._text.characters

    def read(self, data: str, kind: str = "message") -> Iterator[Event]:
        """The events of one event of the stream, which is of `kind`. Raises ProviderError for an error that it tells.

        What is not a chunk is passed over. After a good end nothing is an error, and no text is a part of the answer.
        """
        if len(data) < _DONE_LENGTH and data.strip() == DONE:
            self.is_done = True
            return
        for chunk in values_of(data):
            if chunk == DONE:
                self.is_done = True
            elif (error := error_in(kind, data if chunk is None else chunk)) is not None:
                self._fails(error, chunk)
            elif isinstance(chunk, dict):
                yield from self._chunk(chunk)
            else:
                self._passed_over(data)

    def followed(self) -> None:
        """Note that something came after a good end. It is no part of the answer, and does not spoil it."""
        self._flags[AFTER_END] = None

    def note(self, flag: str) -> None:
        """Put `flag` into the usage."""
        self._flags[flag] = None

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
        if self._unread and self.has_ended_well:
            self._flags[UNREADABLE_PART] = None
            if not self._text.has_answer:
                self.finish_reason, self.failure = "failed", without_text(self._provider, self._unread, self._hide)
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

    def _fails(self, error: object, chunk: object) -> None:
        """Take in an error. Raises ProviderError unless a good end has come."""
        if self.has_ended_well:
            self.followed()
            return
        if isinstance(chunk, dict):
            self._reported.take(chunk)
        self.said = error
        self.failure = broken_off(self._provider, error, self._hide)
        raise self.failure

    def _chunk(self, chunk: Mapping[str, object]) -> Iterator[Event]:
        if isinstance(model := chunk.get("model"), str) and model and model != self._model:
            self._model = model
            self.served_model = whole(" ".join(self._hide(model).split())[:MESSAGE_LIMIT])
        if not self.id and isinstance(name := chunk.get("id"), str):
            self.id = name[:MESSAGE_LIMIT]
        self._reported.take(chunk)
        choices = chunk.get("choices")
        if isinstance(choices, list) and choices and (choice := _first_answer(choices)):
            yield from self._choice(choice)

    def _choice(self, choice: Mapping[str, object]) -> Iterator[Event]:
        delta, message = choice.get("delta"), choice.get("message")
        if isinstance(delta, dict):
            if delta:
                yield from self._says(delta, is_delta=True)
        elif delta:
            self._unread = type(delta).__name__
        if isinstance(message, dict) and message:
            yield from self._tells_whole(message) if self._by_delta else self._says(message)
        if isinstance(text := choice.get("text"), str) and text and not delta and not message:
            yield from self._says({"content": text}, is_delta=True)
        reason = choice.get("finish_reason")
        if isinstance(reason, str) and reason:
            self._ends(reason)

    def _says(self, message: Mapping[str, object], *, is_delta: bool = False) -> Iterator[Event]:
        """The events of a piece of the answer, or of a message that comes in place of pieces."""
        said = said_in(message, self._fields, details=self._by_details or not self._by_field)
        self._calls_tools |= said.calls_tools
        self._unread = said.unread or self._unread
        self.progress += said.calls_tools
        if not said.parts:
            return
        if self.has_ended_well:
            self.followed()
            return
        self.progress += 1
        self._by_delta |= is_delta
        if said.by_field and not self._by_field:
            self._by_field, self._by_details = True, not any(message.get(name) for name in self._fields)
        for thinks, text in said.parts:
            if thinks:
                yield from self._text.thinking(text)
            else:
                yield from self._text.answer(text) if self._by_field else self._text.feed(text)

    def _tells_whole(self, message: Mapping[str, object]) -> Iterator[Event]:
        """The events of what a message, told whole after its pieces, goes beyond them. What differs is not taken."""
        told = _stream_text(self._provider)
        said = said_in(message, self._fields)
        for thinks, text in said.parts:
            for _ in told.thinking(text) if thinks else told.answer(text) if said.by_field else told.feed(text):
                pass
        for _ in told.rest():
            pass
        yield from self._text.rest()
        thought, answered = self._text.thinking_so_far, self._text.answer_so_far
        thinking = told.thinking_so_far.removeprefix(thought) if told.thinking_so_far.startswith(thought) else ""
        answer = told.answer_so_far.removeprefix(answered) if told.answer_so_far.startswith(answered) else ""
        if not thinking + answer:
            return
        if self.has_ended_well:
            self.followed()
            return
        self.progress += 1
        self._by_field |= bool(thinking)
        if thinking:
            yield from self._text.thinking(thinking)
        if answer:
            yield from self._text.answer(answer) if self._by_field else self._text.plain(answer)

    def _ends(self, said: str) -> None:
        """Take in a finish reason. The first one that is no good end stays; after a good one none is heard."""
        self.progress += 1
        reason = ENDS.get(said.strip().casefold())
        if self.has_ended_well:
            if reason is None:
                self.followed()
        elif reason is None:
            words = " ".join(self._hide(said).split())
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
            f"{self._provider.name} sent something that is not a chat chunk: {whole(self._hide(data)[:80])!r}.",
            f"check the server's address: it should be the one that {self._provider.chat_path} follows.",
            fault="bad_stream",
        )
        if self._unreadable > _UNREADABLE_MOST:
            raise self.failure


def _stream_text(provider: Provider) -> StreamText:
    """A server of one's own may run any model, and give its thinking as the model writes it."""
    any_model = provider.own_server and provider.inline_thinking
    return StreamText(provider.inline_thinking, OTHER_MARKS if any_model else ())


def _first_answer(choices: Sequence[object]) -> Mapping[str, object] | None:
    """The choice of index 0, of which more may have come; one without an index is it."""
    for choice in choices:
        if isinstance(choice, dict) and choice.get("index") in (0, None):
            return choice
    return None


def is_uncounted(usage: Usage) -> bool:
    """Whether the server has reported no output at all."""
    return usage.provenance.get("output_tokens") != "reported" or usage.output_tokens == 0
