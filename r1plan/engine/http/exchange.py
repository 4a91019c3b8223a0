"""One request and its reply: the events of a stream, or a body, within its limits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain

import httpx
import httpx_sse

from r1plan.engine.dialects.json_values import value_of
from r1plan.engine.dialects.server_error import Hide, message_of
from r1plan.engine.http.body_form import BodyForm, formed, heading, json_texts
from r1plan.engine.http.client import place_of
from r1plan.engine.http.error_field import with_bare_lines
from r1plan.engine.http.faults import gave_up, translated
from r1plan.engine.http.watchdog import Watchdog
from r1plan.engine.limits import ServerLimits
from r1plan.errors import ProviderError

STREAM = "text/event-stream"
_PAGE_BYTES = 64 << 10  # of a page, in which a title is looked for


class HttpExchange:
    """One request and its reply, as far as it has come."""

    def __init__(
        self,
        name: str,
        response: httpx.Response,
        watchdog: Watchdog,
        limits: ServerLimits,
        hide_key: Hide,
    ) -> None:
        self._name = name
        self._hide_key = hide_key
        self._limits = limits
        self._pending_bytes = 0  # since the last whole event
        self._idle_bytes = 0  # since the last part of the answer, of whole events
        self._bytes_left: int | None = None  # once the answer has ended
        self.form: BodyForm | None = None
        self.response = response
        self.watchdog = watchdog

    def check_encoding(self) -> None:
        """Raise ProviderError when the reply is compressed, which was not asked for: a little may expand to any size.

        Compressed, a stream would wait in the compressor's buffer, too.
        """
        encoding = self.response.headers.get("content-encoding", "")
        if any(each.strip().lower() not in ("", "identity") for each in encoding.split(",")):
            shown = ascii(self._hide_key(encoding)[:40])
            raise ProviderError(
                f"{self._name} sent an encoded answer (Content-Encoding: {shown}), which was not asked for.",
                "check the server's address, and what stands before it: a proxy may compress.",
                fault="bad_stream",
            )

    def events(self) -> Iterator[httpx_sse.ServerSentEvent]:
        """The stream's events as they came; a body of JSON is one, or one a line. What it is, `form` says.

        Raises ProviderError for a body that is no answer, and for one that breaks off.
        """
        is_typed = STREAM in self.response.headers.get("content-type", "").casefold()
        with translated(self._name, place_of(str(self.response.url)), self.watchdog):
            self.form, pieces = formed(self._bytes(), is_typed=is_typed)
            if self.form in ("page", "text"):
                raise self._no_answer(pieces)
            read = (_event_of(each) for each in json_texts(pieces)) if self.form == "json" else _events_of(pieces)
            for event in read:
                self._idle_bytes += self._pending_bytes
                self._pending_bytes = 0
                yield event
                if self._idle_bytes > self._limits.idle_bytes and self._bytes_left is None:
                    raise self._too_much(self._limits.idle_bytes, "bytes without a word of an answer")

    def part_came(self, characters: int) -> None:
        """A part of the answer came, which has so many characters by now. Raises ProviderError when they are too many.

        The next part has its own time.
        """
        self._idle_bytes = 0
        self.watchdog.token()
        if characters > self._limits.text_characters:
            raise self._too_much(self._limits.text_characters, "characters of an answer")

    def has_ended(self, wait_s: float, most_bytes: int) -> None:
        """The answer has ended: at most so much more is waited for and read."""
        self.watchdog.last(wait_s)
        self._bytes_left = most_bytes

    def _no_answer(self, pieces: Iterator[bytes]) -> ProviderError:
        """The error for a body that is a page, or plain text."""
        body = bytearray()
        for piece in pieces:
            body += piece
            if len(body) > _PAGE_BYTES or b"</title>" in body[-len(piece) - 8 :].lower():
                break
        said = heading(bytes(body)) if self.form == "page" else body.decode("utf-8", "replace")
        said = message_of(said, self._hide_key).rstrip(".")
        kind = self._hide_key(self.response.headers.get("content-type", ""))[:80]
        what = kind or ("a page" if self.form == "page" else "a text")
        return ProviderError(
            f"{self._name} answered with {what} instead of a stream{f': {said}' if said else ''}.",
            "check the address: the server must speak OpenAI's chat completions with streaming.",
            fault="bad_stream",
        )

    def _too_much(self, most: int, what: str) -> ProviderError:
        return ProviderError(
            f"{self._name} sent more than {most:,} {what}.", "check the server's address.", fault="bad_stream"
        )

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
        if isinstance(parsed, list) and parsed:
            parsed = parsed[0]
        return message_of(parsed.get("error") or parsed, self._hide_key) if isinstance(parsed, dict) else ""

    def text(self) -> str | None:
        """The body as text; None for one that is too long or broken off."""
        body = bytearray()
        try:
            for data in self._bytes():
                body += data
                if len(body) > self._limits.body_bytes:
                    return None
        except httpx.HTTPError:
            return None
        return body.decode("utf-8", "replace").removeprefix("\ufeff")

    def text_in_time(self) -> str | None:
        """The same. Raises ProviderError for one that does not come to its end in time."""
        text = self.text()
        if text is None and self.watchdog.expired is not None:
            raise gave_up(self._name, self.watchdog)
        return text

    def _parsed(self) -> object:
        text = self.text()
        return None if text is None else value_of(text)

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
            if self._bytes_left is not None:
                self._bytes_left -= len(data)
                if self._bytes_left < 0:
                    return
            if total > limits.total_bytes:
                raise self._too_much(limits.total_bytes, "bytes in all")
            if self._pending_bytes > limits.event_bytes:
                raise self._too_much(limits.event_bytes, "bytes without one whole event")
            yield data
        if watchdog.expired is not None:
            raise gave_up(name, watchdog)


def _events_of(pieces: Iterator[bytes]) -> Iterator[httpx_sse.ServerSentEvent]:
    # The blank line lets an event through whose server closed right after it.
    body = _Body(chain(with_bare_lines(pieces), (b"\n\n",)))
    return httpx_sse.EventSource(httpx.Response(200, headers={"content-type": STREAM}, stream=body)).iter_sse()


def _event_of(text: str) -> httpx_sse.ServerSentEvent:
    return httpx_sse.ServerSentEvent(event="message", data=text)


class _Body(httpx.SyncByteStream):
    """Bytes as httpx wants them."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces

    def __iter__(self) -> Iterator[bytes]:
        return self._pieces
