"""Requests to one provider: who gets the key, how much may come back and how long that may take."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import httpx
import httpx_sse

from r1plan.catalog.provider import Provider
from r1plan.engine.address import server_address
from r1plan.engine.dialects.openai import message_of
from r1plan.engine.http.client import Clients, place_of
from r1plan.engine.http.faults import addressed, gave_up, translated, unwritable
from r1plan.engine.http.watchdog import Watchdog
from r1plan.engine.keys import ApiKey
from r1plan.engine.limits import ServerLimits
from r1plan.engine.plain_http import check_way
from r1plan.engine.refusal import refusal
from r1plan.errors import ProviderError

_STREAM = "text/event-stream"
_FINE = (httpx.codes.OK, httpx.codes.CREATED)


class Transport:
    """Sends requests to `provider`. Nothing that a person reads of it holds the key; an answer stays as it came."""

    def __init__(
        self,
        provider: Provider,
        model: str,
        *,
        base_url: str,
        key: ApiKey | str | None,
        limits: ServerLimits,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.provider = provider
        self._model = model
        self._key = ApiKey(key) if isinstance(key, str) and key else key or None
        self._limits = limits
        self._first_token_s = provider.first_token_s if limits.first_token_s is None else limits.first_token_s
        self._network: Any = None  # httpcore's stream of the newest connection
        self._clients = Clients(provider.name)
        self._has_sent = False

    def close(self) -> None:
        """Close the connections."""
        self._clients.close()

    @contextmanager
    def exchange(
        self,
        method: str,
        url: str,
        *,
        body: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
        limits: ServerLimits | None = None,
    ) -> Iterator[HttpExchange]:
        """A request whose reply has begun with a status that is fine. Raises ProviderError."""
        limits = limits or self._limits
        first_token_s = self._first_token_s if limits is self._limits else limits.total_s
        watchdog = Watchdog(limits, first_token_s, self._socket)
        sent = {"Accept": _STREAM, "Accept-Encoding": "identity", **(headers or {})}
        # The watchdog is stricter with what comes: it sums up.
        timeout = httpx.Timeout(connect=limits.connect_s, read=max(first_token_s, limits.stall_s), write=30, pool=10)
        with self._guarded(url, watchdog), watchdog:
            client, content = self._clients.opened(url), self._encoded(body)
            if content is not None:
                sent["Content-Type"] = "application/json"
            self._has_sent = False
            with addressed(self.provider.name, place_of(url), lambda: self._has_sent):
                request = client.build_request(
                    method, url, content=content, headers=sent, timeout=timeout, extensions={"trace": self._traced}
                )
                request.headers.update(self._authorization(url))
                watchdog.begin()
                try:
                    response = client.send(request, stream=True)
                finally:
                    watchdog.end()
            try:
                exchange = HttpExchange(self, response, watchdog, limits)
                if response.status_code not in _FINE:
                    raise self._refused(exchange)
                exchange.check_encoding()
                yield exchange
            finally:
                response.close()

    def hide_key(self, text: str) -> str:
        """`text`, which a server wrote and a person will read, without the key."""
        return self._key.hide_in(text) if self._key else text

    def hide_key_in_json(self, text: str) -> str:
        """`text`, JSON from a server, without a key that no answer holds by chance; a word like EMPTY stays."""
        return self._key.hide_in_json(text) if self._key else text

    def guarded(self, exchange: HttpExchange) -> Any:
        """A context in which httpx's errors become ours."""
        return self._guarded(str(exchange.response.url), exchange.watchdog)

    @contextmanager
    def _guarded(self, url: str, watchdog: Watchdog) -> Iterator[None]:
        try:
            with translated(self.provider.name, place_of(url), watchdog):
                yield
        except ProviderError as error:
            error.message = self.hide_key(error.message)
            error.args = (error.message,)
            raise

    def _encoded(self, body: Mapping[str, object] | None) -> bytes | None:
        if body is None:
            return None
        try:
            return json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode("utf-8")
        except ValueError as error:
            raise unwritable(self.provider.name, error) from error

    def _authorization(self, url: str) -> dict[str, str]:
        """The key's header where it may go to `url`. Raises ProviderError where others could read it on the way."""
        if not self._key or not self._is_trusted(url):
            return {}
        check_way(self.provider, server_address(url), self._key, os.environ)
        return {"Authorization": self._key.authorization}

    def _is_trusted(self, url: str) -> bool:
        """Whether the key may go to `url`: the address that was given, or a host that the provider's file names."""
        here, there = urlsplit(self.base_url), urlsplit(url)
        if (here.scheme, here.netloc) == (there.scheme, there.netloc):
            return True
        host = there.hostname or ""
        return there.scheme == "https" and any(
            host == each or host.endswith(f".{each}") for each in self.provider.key_hosts
        )

    def _traced(self, event: str, info: Mapping[str, Any]) -> None:
        if event.endswith(("connect_tcp.complete", "start_tls.complete")):
            self._network = info["return_value"]
        elif event.endswith("send_request_headers.started"):
            self._has_sent = True

    def _socket(self) -> socket.socket | None:
        found = self._network.get_extra_info("socket") if self._network is not None else None
        return found if isinstance(found, socket.socket) else None

    def _refused(self, exchange: HttpExchange) -> ProviderError:
        response = exchange.response
        return refusal(
            self.provider,
            self._model,
            response.status_code,
            exchange.said().rstrip("."),
            response.headers,
            datetime.now(UTC),
        )


class HttpExchange:
    """One request and its reply, as far as it has come."""

    def __init__(
        self, transport: Transport, response: httpx.Response, watchdog: Watchdog, limits: ServerLimits
    ) -> None:
        self._transport = transport
        self._limits = limits
        self._pending_bytes = 0  # since the last whole event
        self.response = response
        self.watchdog = watchdog

    def check_encoding(self) -> None:
        """Raise ProviderError when the reply is compressed, which was not asked for: a little may expand to any size.

        Compressed, a stream would wait in the compressor's buffer, too.
        """
        encoding = self.response.headers.get("content-encoding", "")
        if any(each.strip().lower() not in ("", "identity") for each in encoding.split(",")):
            name, shown = self._transport.provider.name, ascii(self._transport.hide_key(encoding)[:40])
            raise ProviderError(
                f"{name} sent an encoded answer (Content-Encoding: {shown}), which was not asked for.",
                "check the server's address, and what stands before it: a proxy may compress.",
                fault="bad_stream",
            )

    def events(self) -> Iterator[httpx_sse.ServerSentEvent]:
        """The stream's events, as they came but for a secret key. Raises ProviderError for no or a broken stream."""
        kind = self.response.headers.get("content-type", "")
        name = self._transport.provider.name
        if _STREAM not in kind:
            said, kind = self.said(), self._transport.hide_key(kind)
            raise ProviderError(
                f"{name} answered with {kind[:80] or 'nothing'} instead of a stream{f': {said}' if said else ''}.",
                "check the address: the server must speak OpenAI's chat completions with streaming.",
                fault="bad_stream",
            )
        # The blank line lets an event through whose server closed right after it.
        bounded = httpx.Response(200, headers={"content-type": _STREAM}, stream=_Body(self._bytes, end=b"\n\n"))
        hide = self._transport.hide_key_in_json
        with self._transport.guarded(self):
            for event in httpx_sse.EventSource(bounded).iter_sse():
                self._pending_bytes = 0
                data = hide(event.data)
                yield event if data is event.data else httpx_sse.ServerSentEvent(event=event.event, data=data)

    def json(self) -> Mapping[str, object]:
        """The reply as one JSON object. Raises ProviderError."""
        parsed = self._parsed()
        if not isinstance(parsed, dict):
            raise ProviderError(
                f"{self._transport.provider.name} answered with something that is not a JSON object.",
                "check the server's address.",
                fault="bad_stream",
            )
        return parsed

    def said(self) -> str:
        """The sentence in a body that is not a stream; at most a few hundred characters, "" when there is none."""
        parsed = self._parsed()
        if not isinstance(parsed, dict):
            return ""
        try:
            # Before it is cut to a length that may leave the half of the key.
            return message_of(self._without_key(parsed.get("error") or parsed))
        except RecursionError:
            return ""

    def _without_key(self, value: object) -> object:
        if isinstance(value, str):
            return self._transport.hide_key(value)
        return {name: self._without_key(each) for name, each in value.items()} if isinstance(value, dict) else value

    def _parsed(self) -> object:
        body = bytearray()
        try:
            for data in self._bytes():
                body += data
                if len(body) > self._limits.body_bytes:
                    return None
            text = self._transport.hide_key_in_json(body.decode("utf-8", "replace"))
            return json.loads(text, parse_float=Decimal)
        except (httpx.HTTPError, ValueError, RecursionError):
            return None  # broken off, or a proxy's page

    def _bytes(self) -> Iterator[bytes]:
        """The bytes of the reply, as long as they come in time and are not too many."""
        watchdog, limits, name = self.watchdog, self._limits, self._transport.provider.name
        total = 0
        pieces = self.response.iter_raw()
        while True:
            try:
                data = next(pieces, None) if watchdog.begin() else None
            finally:
                watchdog.end()
            if data is None:
                break
            total += len(data)
            self._pending_bytes += len(data)
            if total > limits.total_bytes or self._pending_bytes > limits.event_bytes:
                over = limits.total_bytes if total > limits.total_bytes else limits.event_bytes
                what = "in all" if total > limits.total_bytes else "without one whole event"
                raise ProviderError(
                    f"{name} sent more than {over:,} bytes {what}.", "check the server's address.", fault="bad_stream"
                )
            yield data
        if watchdog.expired is not None:
            raise gave_up(name, watchdog)


class _Body(httpx.SyncByteStream):
    """Bytes as httpx wants them, with `end` after them."""

    def __init__(self, pieces: Callable[[], Iterator[bytes]], end: bytes) -> None:
        self._pieces = pieces
        self._end = end

    def __iter__(self) -> Iterator[bytes]:
        yield from self._pieces()
        yield self._end
