"""Requests to one provider: who gets the key, how much may come back and how long that may take."""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import httpx
import httpx_sse

from r1plan.catalog.provider import Provider
from r1plan.engine.dialects.openai import message_of
from r1plan.engine.http.faults import gave_up, translated
from r1plan.engine.http.watchdog import Watchdog
from r1plan.engine.keys import ApiKey
from r1plan.engine.limits import ServerLimits
from r1plan.engine.refusal import refusal
from r1plan.errors import ProviderError

_STREAM = "text/event-stream"
_FINE = (httpx.codes.OK, httpx.codes.CREATED)


class Transport:
    """Sends requests to `provider`. What a server says is kept free of the key, whoever sees it.

    `elsewhere`: its replies may name other addresses than `base_url`, to be asked too.
    """

    def __init__(
        self,
        provider: Provider,
        model: str,
        *,
        base_url: str,
        key: ApiKey | str | None,
        limits: ServerLimits,
        elsewhere: bool = False,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.provider = provider
        self._model = model
        self._key = ApiKey(key) if isinstance(key, str) and key else key or None
        self._limits = limits
        self._first_token_s = provider.first_token_s if limits.first_token_s is None else limits.first_token_s
        self._network: Any = None  # httpcore's stream of the newest connection
        self._client = httpx.Client(verify=elsewhere or _tls(self.base_url), follow_redirects=False)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

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
        # Compressed, a stream would wait in the compressor's buffer.
        sent = {"Accept": _STREAM, "Accept-Encoding": "identity", **(headers or {})}
        with self._guarded(url, watchdog), watchdog:
            request = self._client.build_request(
                method,
                url,
                json=body,
                headers=sent | self._authorization(url),
                # The watchdog is stricter with what comes: it sums up.
                timeout=httpx.Timeout(
                    connect=limits.connect_s, read=max(first_token_s, limits.stall_s), write=30, pool=10
                ),
                extensions={"trace": self._traced},
            )
            watchdog.begin()
            try:
                response = self._client.send(request, stream=True)
            finally:
                watchdog.end()
            try:
                exchange = HttpExchange(self, response, watchdog, limits)
                if response.status_code not in _FINE:
                    raise self._refused(exchange)
                yield exchange
            finally:
                response.close()

    def hide_key(self, text: str) -> str:
        """`text`, which a server wrote, without the key."""
        return self._key.hide_in(text) if self._key else text

    def guarded(self, exchange: HttpExchange) -> Any:
        """A context in which httpx's errors become ours."""
        return self._guarded(str(exchange.response.url), exchange.watchdog)

    @contextmanager
    def _guarded(self, url: str, watchdog: Watchdog) -> Iterator[None]:
        try:
            with translated(self.provider.name, urlsplit(url).netloc.rpartition("@")[2], watchdog):
                yield
        except ProviderError as error:
            error.message = self.hide_key(error.message)
            error.args = (error.message,)
            raise

    def _authorization(self, url: str) -> dict[str, str]:
        return {"Authorization": self._key.authorization} if self._key and self._is_trusted(url) else {}

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

    def _socket(self) -> socket.socket | None:
        found = self._network.get_extra_info("socket") if self._network is not None else None
        return found if isinstance(found, socket.socket) else None

    def _refused(self, exchange: HttpExchange) -> ProviderError:
        response = exchange.response
        return refusal(
            self.provider,
            self._model,
            response.status_code,
            self.hide_key(exchange.said()).rstrip("."),
            response.headers.get("retry-after"),
            datetime.now(UTC),
        )


def _tls(base_url: str) -> ssl.SSLContext | bool:
    """How TLS is verified: as everywhere, or, where no TLS can be met, by a context that trusts nobody.

    Reading the authorities' certificates takes 40 ms, which a plain address, as of a server of one's own, never needs.
    """
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if base_url.startswith("http:") else True


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

    def events(self) -> Iterator[httpx_sse.ServerSentEvent]:
        """The stream's events, each free of the key. Raises ProviderError for what is no stream, or breaks off."""
        kind = self.response.headers.get("content-type", "")
        name = self._transport.provider.name
        if _STREAM not in kind:
            said = self.said()
            raise ProviderError(
                f"{name} answered with {kind[:80] or 'nothing'} instead of a stream{f': {said}' if said else ''}.",
                "check the address: the server must speak OpenAI's chat completions with streaming.",
                fault="bad_stream",
            )
        # The blank line lets an event through whose server closed right after it.
        bounded = httpx.Response(200, headers={"content-type": _STREAM}, stream=_Body(self._bytes, end=b"\n\n"))
        hide = self._transport.hide_key
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
        return message_of(parsed.get("error") or parsed) if isinstance(parsed, dict) else ""

    def _parsed(self) -> object:
        body = bytearray()
        try:
            for data in self._bytes():
                body += data
                if len(body) > self._limits.body_bytes:
                    return None
            # Before it is cut to a length that may leave the half of it.
            text = self._transport.hide_key(body.decode("utf-8", "replace"))
            return json.loads(text, parse_float=Decimal)
        except httpx.HTTPError:
            return None
        except (ValueError, RecursionError):
            return None  # a proxy's page

    def _bytes(self) -> Iterator[bytes]:
        """The bytes of the reply, as long as they come in time and are not too many."""
        watchdog, limits, name = self.watchdog, self._limits, self._transport.provider.name
        total = 0
        pieces = self.response.iter_bytes()
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
