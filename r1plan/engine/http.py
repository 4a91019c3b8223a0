"""An engine behind HTTP. The only module that imports httpx; it moves bytes, a dialect reads them.

TLS is verified, redirects are not followed, and the key goes into one header and nowhere else.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import httpx_sse

from r1plan.catalog.provider import Provider
from r1plan.engine.chat import ChatRequest, Event
from r1plan.engine.dialects.openai import DONE, PATH, ChunkReader, message_of, request_body
from r1plan.engine.refusal import refusal
from r1plan.errors import ProviderError
from r1plan.prices.usage import Usage

# A queued request at DeepSeek gets a comment every few seconds; other servers may read a long prompt in silence.
_TIMEOUT = httpx.Timeout(connect=10, read=180, write=30, pool=10)
_ERROR_BODY_BYTES = 64 << 10
_LINE_BYTES = 8 << 20


class HttpEngine:
    """Asks `provider` for `model` over its chat-completions address.

    `key` None sends no authorization. Errors never hold the key, even where the server repeats it.
    """

    def __init__(self, provider: Provider, model: str, *, base_url: str, key: str | None) -> None:
        self._provider = provider
        self._model = model
        self._url = base_url.rstrip("/") + PATH
        self._key = key
        self._reader: ChunkReader | None = None
        self._client = httpx.Client(timeout=_TIMEOUT, follow_redirects=False)

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
        # Compressed, a stream would wait in the compressor's buffer.
        headers = {"Accept": "text/event-stream", "Accept-Encoding": "identity"}
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        self._reader = None
        with (
            self._translated(),
            self._client.stream(
                "POST", self._url, json=request_body(request, self._model), headers=headers
            ) as response,
        ):
            if response.status_code != httpx.codes.OK:
                raise self._refused(response)
            reader = self._reader = ChunkReader(self._provider, request)
            try:
                yield from self._events(response, reader)
            except httpx.HTTPError:
                # The answer is whole when its finish reason has come; only the closing courtesies are missing.
                if reader.finish_reason is None:
                    yield from reader.rest()
                    raise
            yield from reader.rest()
            yield reader.finished()

    def usage_so_far(self) -> Usage | None:
        """What is known of a stream that broke off: estimates from the text that came, marked so."""
        return self._reader.usage() if self._reader else None

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _events(self, response: httpx.Response, reader: ChunkReader) -> Iterator[Event]:
        kind = response.headers.get("content-type", "")
        if "text/event-stream" not in kind:
            raise ProviderError(
                f"{self._provider.name} answered with {kind or 'nothing'} instead of a stream{self._said(response)}.",
                "check the address: the server must speak OpenAI's chat completions with streaming.",
            )
        bounded = httpx.Response(200, headers={"content-type": "text/event-stream"}, stream=_Bounded(response))
        for event in httpx_sse.EventSource(bounded).iter_sse():
            if event.data == DONE:
                return
            if event.data:
                yield from reader.read(event.data)
        if reader.finish_reason is None:
            yield from reader.rest()
            raise ProviderError(
                f"{self._provider.name} broke off the answer before its end.",
                "what had come is kept; ask again.",
                fault="connection_lost",
            )

    def _refused(self, response: httpx.Response) -> ProviderError:
        said = self._said(response).removeprefix(": ").rstrip(".")
        return refusal(self._provider, self._model, response.status_code, said, response.headers.get("retry-after"))

    def _said(self, response: httpx.Response) -> str:
        """The sentence in the body of a refusal, after a colon; at most a few hundred characters, without the key."""
        body = bytearray()
        try:
            for data in response.iter_bytes():
                body += data
                if len(body) > _ERROR_BODY_BYTES:
                    break
        except httpx.HTTPError:
            return ""
        try:
            parsed = json.loads(body)
        except (ValueError, RecursionError):
            return ""  # a proxy's page
        said = message_of(parsed.get("error") or parsed) if isinstance(parsed, dict) else ""
        if self._key:
            said = said.replace(self._key, "[key]")
        return f": {said}" if said else ""

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Turn httpx's errors into ours, with the server's host and never its user part or the key."""
        name, host = self._provider.name, httpx.URL(self._url).netloc.decode("ascii").rpartition("@")[2]
        try:
            yield
        except httpx.ConnectTimeout as error:
            raise ProviderError(
                f"{name} at {host} did not take the connection within 10 s.", _REACH, fault="unreachable"
            ) from error
        except httpx.ConnectError as error:
            raise ProviderError(
                f"cannot reach {name} at {host}: {_reason(error)}.", _REACH, fault="unreachable"
            ) from error
        except httpx.TimeoutException as error:
            raise ProviderError(
                f"{name} sent nothing for {_TIMEOUT.read:.0f} s.",
                "what had come is kept; ask again later.",
                fault="timeout",
            ) from error
        except httpx.HTTPError as error:
            raise ProviderError(
                f"the connection to {name} at {host} broke off.",
                "what had come is kept; ask again.",
                fault="connection_lost",
            ) from error


_REACH = "check the network and the address (--base-url, R1PLAN_<PROVIDER>_BASE_URL)."


def _reason(error: httpx.ConnectError) -> str:
    """The system's own words for it, without the number."""
    text = str(error).rpartition("] ")[2].rstrip(".") or "no connection"
    return text[:1].lower() + text[1:200] if not text.isupper() else text


class _Bounded(httpx.SyncByteStream):
    """A response's bytes, with a limit on a line, so that a server cannot fill the memory; and a blank line at the end.

    The blank line lets an event through whose server closed right after it.
    """

    def __init__(self, response: httpx.Response) -> None:
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        line_bytes = 0
        for data in self._response.iter_bytes():
            line_bytes = len(data) - data.rfind(b"\n") if b"\n" in data else line_bytes + len(data)
            if line_bytes > _LINE_BYTES:
                raise ProviderError(
                    f"the server sent a line of more than {_LINE_BYTES >> 20} MiB.", "check the server's address."
                )
            yield data
        yield b"\n\n"
