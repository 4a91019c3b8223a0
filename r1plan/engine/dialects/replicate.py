"""Replicate's predictions: one is created, its text streamed, and its counts told when it has ended. Pure.

The text is raw, its thinking inside it. Source: replicate.com/docs/reference/streaming and its HTTP reference.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from r1plan.catalog.provider import Provider
from r1plan.engine.chat import ChatRequest, Event, Finished, FinishReason, Message
from r1plan.engine.dialects.json_values import value_of
from r1plan.engine.dialects.openai import is_uncounted
from r1plan.engine.dialects.parts import text_of
from r1plan.engine.dialects.server_error import (
    MESSAGE_LIMIT,
    Hide,
    as_it_is,
    broken_off,
    error_in,
    without_a_word,
)
from r1plan.engine.dialects.stream_text import StreamText
from r1plan.engine.dialects.surrogates import whole
from r1plan.engine.dialects.usage import ReportedUsage
from r1plan.errors import ProviderError
from r1plan.prices.usage import Usage

_MODEL = re.compile(r"[\w.-]+/[\w.-]+", re.ASCII)
_ID = re.compile(r"\w{1,80}", re.ASCII)
_ENDED = ("succeeded", "failed", "canceled", "aborted")
_FAILED = {"failed": "it failed", "canceled": "it was canceled", "aborted": "it was aborted"}


def create_path(model: str) -> str:
    """Where a prediction of `model`, OWNER/NAME, is created. Raises ProviderError for what is no such id."""
    if not _MODEL.fullmatch(model):
        raise ProviderError(
            f"'{model}' is not OWNER/NAME.", "example: --model replicate/deepseek-ai/deepseek-r1", fault="refused"
        )
    return f"/models/{model}/predictions"


def request_body(request: ChatRequest, provider: Provider) -> dict[str, object]:
    """The JSON that creates a prediction. What the user left open is left out."""
    wishes = {
        "prompt": prompt_of(request.messages),
        provider.max_tokens_field: request.max_tokens,
        "temperature": request.temperature,
        "top_p": request.top_p,
        "seed": request.seed,
    }
    return {
        "input": {name: value for name, value in wishes.items() if value is not None} | provider.extra_request,
        "stream": True,
    }


def prompt_of(messages: Sequence[Message]) -> str:
    """A conversation as the one text that a prediction takes. The thinking of earlier turns is left out."""
    opening = [each.content for each in messages if each.role == "system"]
    turns = [each for each in messages if each.role != "system"]
    if len(turns) == 1:
        return "\n\n".join([*opening, turns[0].content])
    named = [f"{each.role.capitalize()}: {each.content}" for each in turns]
    return "\n\n".join([*opening, *named, "Assistant:"])


class Prediction:
    """Reads one prediction: what its creation answered, its stream's events, and its metrics at the end.

    `hide` takes the key out of what a person will read.
    `finish_reason` is None until the stream ended, `served_model` until the server named it. `progress` grows with each
    piece of text. `failure` is what keeps the answer from being whole though its stream ended.
    """

    def __init__(self, provider: Provider, request: ChatRequest, hide: Hide = as_it_is) -> None:
        self._provider = provider
        self._hide = hide
        self._request = request
        self._prompt = prompt_of(request.messages)
        self._text = StreamText(provider.inline_thinking)
        self._output = ""
        self._reported = ReportedUsage(provider.usage, request)
        self.served_model: str | None = None
        self.id = ""
        self.stream_url = ""
        self.has_ended = False
        self.progress = 0
        self.finish_reason: FinishReason | None = None
        self.failure: ProviderError | None = None

    def created(self, body: Mapping[str, object]) -> None:
        """Take in what the creation answered. Raises ProviderError when nothing can be streamed from it."""
        urls = body.get("urls")
        id_, url = body.get("id"), urls.get("stream") if isinstance(urls, Mapping) else None
        if isinstance(id_, str) and _ID.fullmatch(id_):
            self.id = id_
        self.state(body)
        if self.failure is not None or body.get("error"):
            raise self.failure or broken_off(self._provider, body["error"], self._hide)
        if self.has_ended and self._output:
            self.finish_reason = "stop"
            return
        if not (self.id and isinstance(url, str) and url):
            raise ProviderError(
                f"{self._provider.name} gave no address to stream the answer from.",
                "this model may not stream; choose another one, or another provider.",
                fault="bad_stream",
            )
        self.stream_url = url

    def read(self, kind: str, data: str) -> Iterator[Event]:
        """The events of one event of the stream. Raises ProviderError for an error that it tells."""
        if kind == "output":
            if data:
                self.progress += 1
                yield from self._text.feed(data)
            return
        said = value_of(data)
        if kind == "done":
            self.progress += 1
            reason = said.get("reason") if isinstance(said, dict) else None
            if reason:
                raise broken_off(self._provider, _FAILED.get(str(reason), "it failed"))
            self.finish_reason = "stop"
        elif (error := error_in(kind, data if said is None else said)) is not None:
            raise broken_off(self._provider, error, self._hide)

    def state(self, body: Mapping[str, object]) -> None:
        """Take in how the prediction stands: whether it has ended, which model answers, what was counted."""
        status = body.get("status")
        self.has_ended = isinstance(status, str) and status in _ENDED
        if self.has_ended and status != "succeeded":
            error = body.get("error") or _FAILED.get(str(status), "it was canceled")
            self.failure = broken_off(self._provider, error, self._hide)
        if isinstance(model := body.get("model"), str) and model:
            self.served_model = whole(" ".join(self._hide(model).split())[:MESSAGE_LIMIT])
        self._output = text_of(body.get("output")) or self._output
        self._reported.take(body)

    def unstreamed(self) -> Iterator[Event]:
        """The events of the output that the prediction's state holds, where its stream gave none."""
        if not self._text.has_come and self._output:
            yield from self._text.feed(self._output)
            yield from self._text.rest()

    @property
    def characters(self) -> int:
        """How long the thinking and the answer are by now."""
        return self._text.characters

    @property
    def is_counted(self) -> bool:
        """Whether the counts have come."""
        return self._reported.is_complete

    def rest(self) -> Iterator[Event]:
        """What was held back, to be asked for when the stream is over, however it ended."""
        yield from self._text.rest()

    def usage(self) -> Usage:
        """What Replicate counted; estimates for what it did not."""
        return self._reported.usage(
            prompt=self._prompt, thinking=self._text.thinking_so_far, answer=self._text.answer_so_far
        )

    def reported_usd(self) -> Decimal | None:
        """What the server says it bills; None when it does not say."""
        return self._reported.usd

    def finished(self) -> Finished:
        """The last event. Replicate does not say that a limit was reached: its count does.

        It may set `failure`: an empty answer of which nothing was counted is one.
        """
        usage, limit = self.usage(), self._request.max_tokens
        if self.failure is None and not self._text.has_come and is_uncounted(usage):
            self.failure = without_a_word(self._provider)
        reported = usage.provenance["output_tokens"] == "reported"
        cut = limit is not None and reported and usage.output_tokens >= limit
        return Finished(
            reason="failed" if self.failure else "length" if cut else "stop",
            usage=usage,
            served_model=self.served_model,
            reported_usd=self.reported_usd(),
        )
