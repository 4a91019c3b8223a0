"""An engine behind a chat-completions address."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from uuid import uuid4

from r1plan.catalog.provider import Provider, ThinkingBack
from r1plan.engine.chat import THINKING_CLOSED, ChatRequest, Event, KeepsThinking
from r1plan.engine.dialects.openai import ChunkReader
from r1plan.engine.dialects.openai_request import request_body
from r1plan.engine.dialects.server_error import ERROR_EVENTS, message_of, status_of
from r1plan.engine.http.exchange import HttpExchange
from r1plan.engine.http.thinking_control import ThinkingControl
from r1plan.engine.http.transport import Transport
from r1plan.engine.keys import ApiKey
from r1plan.engine.limits import ServerLimits
from r1plan.engine.refusal import KEPT
from r1plan.errors import ProviderError, ProviderFault
from r1plan.prices.usage import Usage

# How long the server is heard after a good end: for its counts, for its last word, and after that.
_UNCOUNTED_S, _COUNTED_S, _AFTER_DONE_S = 15.0, 1.0, 0.25
_AFTER_END_BYTES = 256 << 10
_FOREVER_S = float("inf")
# What a server says of a request that it has not taken up. 408: it may have.
_REFUSALS = frozenset(range(400, 500)) - {408}

LOST: tuple[ProviderFault, ...] = ("connection_lost", "first_token_timeout", "stalled", "timeout")


class HttpEngine:
    """Asks `provider` for `model` over its chat-completions address.

    `key` None sends no authorization. Errors never hold the key, even where the server repeats it. `session` names the
    conversation to a provider whose cache needs that; None: a random one. `back` is the thinking that `model` wants.
    """

    def __init__(
        self,
        provider: Provider,
        model: str,
        *,
        base_url: str,
        key: ApiKey | str | None,
        limits: ServerLimits | None = None,
        session: str | None = None,
        back: ThinkingBack | None = None,
    ) -> None:
        self._provider = provider
        self._model = model
        self._transport = Transport(provider, model, base_url=base_url, key=key, limits=limits or ServerLimits())
        self._url = self._transport.base_url + provider.chat_path
        self._headers = {provider.session_header: session or uuid4().hex} if provider.session_header else {}
        self._back: ThinkingBack = back or provider.thinking_back
        self._reader: ChunkReader | None = None
        self._control = ThinkingControl(provider, model, base_url=base_url, key=key) if provider.own_server else None

    @property
    def provider(self) -> str:
        """The provider's id."""
        return self._provider.id

    @property
    def model(self) -> str:
        """The id that is asked for."""
        return self._model

    def stream(self, request: ChatRequest) -> Iterator[Event]:
        """The answer as it comes. Raises ProviderError."""
        self._reader = None
        provider = self._provider
        if request.max_thinking is not None and self.keeps_thinking() == "about":
            provider = replace(provider, ends_thinking=True)
        body = request_body(request, self._model, provider, self._back)
        with self._transport.exchange("POST", self._url, body=body, headers=self._headers) as exchange:
            reader = self._reader = ChunkReader(self._provider, request, self._transport.hide_key)
            try:
                yield from self._events(exchange, reader)
            except ProviderError as error:
                yield from reader.rest()
                # Whole when a good end has come: only the closing courtesies are missing. A bad end says more of it.
                if reader.finish_reason is None:
                    if refusal := self._refused(exchange, reader):
                        raise refusal from error
                    raise
                if reader.has_ended_well and error.fault not in LOST:
                    reader.followed()
            else:
                yield from reader.rest()
            yield reader.finished()
            if reader.finish_reason == "failed" and reader.failure is not None:
                raise reader.failure

    def usage_so_far(self) -> Usage | None:
        """What is known of a stream that broke off: estimates from the text that came, marked so."""
        return self._reader.usage() if self._reader else None

    def served_so_far(self) -> str | None:
        """The model that a chunk has named, if any has."""
        return self._reader.served_model if self._reader else None

    def billed_so_far(self) -> Decimal | None:
        """What a chunk has said that is billed, if any has."""
        return self._reader.reported_usd() if self._reader else None

    def keeps_thinking(self) -> KeepsThinking:
        """As its server counts, where that is llama.cpp's; a server of one's own is asked whether it is."""
        return "about" if self._control is not None and self._control.is_there() else "no"

    def close_thinking(self) -> bool:
        """Have the server end the thinking of the completion that runs, where it can."""
        control, reader = self._control, self._reader
        if control is None or reader is None or not reader.id or not control.ends(reader.id):
            return False
        reader.note(THINKING_CLOSED)
        return True

    def close(self) -> None:
        """Close the connections."""
        if self._control is not None:
            self._control.close()
        self._transport.close()

    def _events(self, exchange: HttpExchange, reader: ChunkReader) -> Iterator[Event]:
        seen, waits_s = 0, _FOREVER_S
        for event in exchange.events():
            if event.data or event.event in ERROR_EVENTS:
                yield from reader.read(event.data, event.event)
            if reader.has_ended_well:
                if reader.is_done and (reader.is_counted or not self._provider.include_usage):
                    break
                wait_s = _wait_s(reader)
                if wait_s < waits_s:
                    waits_s = wait_s
                    exchange.has_ended(wait_s, _AFTER_END_BYTES)
            elif reader.is_done:
                break
            elif reader.progress != seen:
                seen = reader.progress
                exchange.part_came(reader.characters)
        if reader.finish_reason is None:
            raise reader.failure or ended_early(self._provider)

    def _refused(self, exchange: HttpExchange, reader: ChunkReader) -> ProviderError | None:
        """The refusal that a body of status 200 tells, where the server has done nothing; None where it tells none."""
        status = status_of(reader.said)
        if status is None or reader.characters or not (exchange.form == "json" or status in _REFUSALS):
            return None
        self._reader = None  # nothing was written
        said = message_of(reader.said, self._transport.hide_key)
        refusal = self._transport.refused(exchange, status, said)
        refusal.here_alone |= reader.failure is not None and reader.failure.here_alone
        return refusal


def _wait_s(reader: ChunkReader) -> float:
    """How long an answer that has ended is followed: what is still to come are its counts."""
    if reader.is_done:
        return _AFTER_DONE_S
    return _COUNTED_S if reader.is_counted else _UNCOUNTED_S


def ended_early(provider: Provider) -> ProviderError:
    """The error for a stream that came to its end and said no end of the answer."""
    return ProviderError(
        f"{provider.name} broke off the answer before its end.",
        KEPT,
        fault="connection_lost",
    )
