"""One request and its reply: the events of a stream, or a body, within its limits."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal

import httpx
import httpx_sse

from r1plan.engine.dialects.server_error import message_of
from r1plan.engine.http.client import place_of
from r1plan.engine.http.faults import gave_up, translated
from r1plan.engine.http.watchdog import Watchdog
from r1plan.engine.limits import ServerLimits
from r1plan.errors import ProviderError

STREAM = "text/event-stream"


class HttpExchange:
    """One request and its reply, as far as it has come."""

    def __init__(
        self,
        name: str,
        response: httpx.Response,
        watchdog: Watchdog,
        limits: ServerLimits,
        hide_key: Callable[[str], str],
        hide_key_in_json: Callable[[str], str],
    ) -> None:
        self._name = name
        self._hide_key = hide_key
        self._hide_key_in_json = hide_key_in_json
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
            name, shown = self._name, ascii(self._hide_key(encoding)[:40])
            raise ProviderError(
                f"{name} sent an encoded answer (Content-Encoding: {shown}), which was not asked for.",
                "check the server's address, and what stands before it: a proxy may compress.",
                fault="bad_stream",
            )

    def events(self) -> Iterator[httpx_sse.ServerSentEvent]:
        """The stream's events, as they came but for a secret key. Raises ProviderError for no or a broken stream."""
        kind = self.response.headers.get("content-type", "")
        name = self._name
        if STREAM not in kind:
            said, kind = self.said(), self._hide_key(kind)
            raise ProviderError(
                f"{name} answered with {kind[:80] or 'nothing'} instead of a stream{f': {said}' if said else ''}.",
                "check the address: the server must speak OpenAI's chat completions with streaming.",
                fault="bad_stream",
            )
        # The blank line lets an event through whose server closed right after it.
        bounded = httpx.Response(200, headers={"content-type": STREAM}, stream=_Body(self._bytes, end=b"\n\n"))
        hide = self._hide_key_in_json
        with translated(self._name, place_of(str(self.response.url)), self.watchdog):
            for event in httpx_sse.EventSource(bounded).iter_sse():
                self._pending_bytes = 0
                data = hide(event.data)
                yield event if data is event.data else httpx_sse.ServerSentEvent(event=event.event, data=data)

    def json(self) -> Mapping[str, object]:
        """The reply as one JSON object. Raises ProviderError."""
        parsed = self._parsed()
        if not isinstance(parsed, dict):
            raise ProviderError(
                f"{self._name} answered with something that is not a JSON object.",
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
            return self._hide_key(value)
        return {name: self._without_key(each) for name, each in value.items()} if isinstance(value, dict) else value

    def _parsed(self) -> object:
        body = bytearray()
        try:
            for data in self._bytes():
                body += data
                if len(body) > self._limits.body_bytes:
                    return None
            text = self._hide_key_in_json(body.decode("utf-8", "replace"))
            return json.loads(text, parse_float=Decimal)
        except (httpx.HTTPError, ValueError, RecursionError):
            return None  # broken off, or a proxy's page

    def _bytes(self) -> Iterator[bytes]:
        """The bytes of the reply, as long as they come in time and are not too many."""
        watchdog, limits, name = self.watchdog, self._limits, self._name
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
