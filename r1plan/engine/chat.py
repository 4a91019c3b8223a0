"""The protocol between a conversation and whatever answers it, in this process or far away.

>>> for event in engine.stream(request):
...     match event:
...         case Thinking(text): ...
...         case Answer(text): ...
...         case WasThinking(): ...
...         case Finished(): ...
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, Protocol, runtime_checkable

from r1plan.prices.usage import Usage

Role = Literal["system", "user", "assistant", "tool"]
FinishReason = Literal["stop", "length", "content_filter", "aborted", "failed"]
Effort = Literal["none", "low", "high", "max"]
"""How hard a model is told to think, where it can be told: "none" is not at all."""
KeepsThinking = Literal["exactly", "about", "no"]
"""How a limit on the thinking is kept by the engine itself: to the token, as its server counts, or not at all."""

THINKING_CLOSED = "thinking_closed"
"""The flag of a usage whose thinking was closed for the model, and would have gone on."""
CONTEXT_NEARLY_FULL = "context_nearly_full"
"""The flag of a usage whose thinking was closed so that an answer found room in the context."""
MARK_UNKNOWN = "thinking_mark_unknown"
"""The flag of a usage whose thinking, if there is any, counts as the answer: what it stands between is not known."""


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool that the model asked for. `arguments` is its JSON, as text."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Message:
    """One turn. `content` of an assistant turn is the answer only; its `thinking` goes back where a model wants it.

    An assistant turn may hold `tool_calls`; a turn of role "tool" holds a tool's result, for the call `tool_call_id`.
    """

    role: Role
    content: str
    thinking: str | None = None
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatRequest:
    """What is asked. `max_tokens` None: as many as the engine allows. `temperature` None: the model's own.

    `max_thinking` is the most tokens of thinking: an engine that can closes its thinking there, and answers; any other
    leaves that to its caller. `effort` None: as the model does by itself, or its server has it.
    """

    messages: tuple[Message, ...]
    max_tokens: int | None = None
    max_thinking: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    seed: int | None = None
    effort: Effort | None = None


@dataclass(frozen=True, slots=True)
class Thinking:
    """A piece of the thinking, as it came."""

    text: str


@dataclass(frozen=True, slots=True)
class Answer:
    """A piece of the answer, as it came."""

    text: str


@dataclass(frozen=True, slots=True)
class WasThinking:
    """All that came as Answer so far was thinking: `</think>` arrived though nothing had opened it."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Nothing came, but the engine is at work: whoever asked may lose patience now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """The last event of every stream that was not broken off. After the reason "failed" its error is raised.

    `served_model` is what the engine says answered; None when it does not say. `reported_usd` is what the server says
    it bills, where it says so; it is not what r1plan computes.
    """

    reason: FinishReason
    usage: Usage
    served_model: str | None = None
    reported_usd: Decimal | None = None


Event = Thinking | Answer | WasThinking | Waiting | Finished


class ChatEngine(Protocol):
    """Something that answers. `provider` is "local" or a provider's id, `model` the id that was asked for."""

    @property
    def provider(self) -> str:
        """The provider's id, or "local"."""
        ...

    @property
    def model(self) -> str:
        """The id that was asked for."""
        ...

    def stream(self, request: ChatRequest) -> Iterator[Event]:
        """The answer as it comes. Closing the iterator stops the work.

        Raises EngineError or ProviderError; what had come before is kept by the caller.
        """
        ...

    def usage_so_far(self) -> Usage | None:
        """What a broken-off stream is known to have used, or None when nothing is known."""
        ...

    def served_so_far(self) -> str | None:
        """What a broken-off stream said answers, or None when it had not said so."""
        ...

    def billed_so_far(self) -> Decimal | None:
        """What the server of a broken-off stream said it bills, USD, or None when it had not said so."""
        ...

    def close(self) -> None:
        """Give back memory, files and connections."""
        ...


@runtime_checkable
class ClosesThinking(Protocol):
    """An engine that may be able to end its thinking where it is told to, and answer from what it has."""

    def keeps_thinking(self) -> KeepsThinking:
        """How it keeps `ChatRequest.max_thinking` itself. It may have to ask its server."""
        ...

    def close_thinking(self) -> bool:
        """End the thinking of the stream that runs, as soon as its next token. Without effect on an answer.

        False where that cannot be done.
        """
        ...
