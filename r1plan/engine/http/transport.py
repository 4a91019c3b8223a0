"""Requests to one provider: who gets the key, how much may come back and how long that may take."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import httpx

from r1plan.catalog.provider import Provider
from r1plan.engine.address import server_address
from r1plan.engine.http.client import Clients, place_of
from r1plan.engine.http.exchange import STREAM, HttpExchange
from r1plan.engine.http.faults import addressed, translated, unwritable
from r1plan.engine.http.watchdog import Watchdog
from r1plan.engine.keys import ApiKey
from r1plan.engine.limits import ServerLimits
from r1plan.engine.plain_http import check_way
from r1plan.engine.refusal import refusal
from r1plan.errors import ProviderError

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
        sent = {"Accept": STREAM, "Accept-Encoding": "identity", **(headers or {})}
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
                exchange = HttpExchange(self.provider.name, response, watchdog, limits, self.hide_key)
                if response.status_code not in _FINE:
                    raise self.refused(exchange, response.status_code, exchange.said())
                exchange.check_encoding()
                yield exchange
            finally:
                response.close()

    def hide_key(self, text: str) -> str:
        """`text`, which a server wrote and a person will read, without the key."""
        return self._key.hide_in(text) if self._key else text

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

    def refused(self, exchange: HttpExchange, status: int, said: str) -> ProviderError:
        """The error for a refusal of `status`, the reply's own or one that its body tells."""
        headers = exchange.response.headers
        return refusal(self.provider, self._model, status, said.rstrip("."), headers, datetime.now(UTC))
