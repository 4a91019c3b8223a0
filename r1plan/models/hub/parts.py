"""Parts of files over HTTP from a server that is not trusted: bounded in bytes, redirects and time altogether.

urllib's own timeout is for each piece that is received: a server that sends a byte a minute is never too slow for it.
"""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPException, HTTPMessage, HTTPResponse, HTTPSConnection
from threading import Timer
from typing import IO, Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import (
    HTTPHandler,
    HTTPRedirectHandler,
    HTTPSHandler,
    ProxyHandler,
    Request,
    build_opener,
)

from r1plan import __version__
from r1plan.errors import EngineError, UsageError
from r1plan.hosts import is_near

REACH = "check the network, or download the file and give its path."
REQUEST_S = 60.0
"""The most that one request may take."""
ALL_S = 600.0
"""The most that all requests of a command may take."""

_PIECE_S = 30.0
_PIECE_BYTES = 1 << 16
_MOST_SAID = 200
_RANGE = re.compile(r"bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18})")
_LENGTH = re.compile(r"[0-9]{1,18}")


class PartsOfFiles:
    """A server at `base`, of which parts of files are read. No token is ever sent."""

    def __init__(self, base: str, request_s: float = REQUEST_S, all_s: float = ALL_S) -> None:
        self.base = base
        self._request_s = request_s
        self._until_s = time.monotonic() + all_s
        self._watch = _Watch()
        proxies = [ProxyHandler({})] if is_near(urlsplit(base).hostname or "") else []
        self._opener = build_opener(_Redirects, _Http(self._watch), _Https(self._watch), *proxies)

    def get(self, url: str, offset: int, count: int) -> tuple[bytes, int | None]:
        """At most `count` bytes of `url` from `offset`, and the whole's size where the server says it.

        Raises EngineError for what the server refuses, sends otherwise than was asked, or takes too long to send.
        """
        what = urlsplit(url).path
        headers = {
            "Range": f"bytes={offset}-{offset + count - 1}",
            "Accept-Encoding": "identity",
            "User-Agent": f"r1plan/{__version__}",
        }
        left_s = min(self._request_s, self._until_s - time.monotonic())
        try:
            request = Request(url, headers=headers)  # noqa: S310  the base's scheme was checked, and redirects' are
            with (
                self._watch.ending_after(left_s),
                self._opener.open(request, timeout=min(_PIECE_S, left_s)) as response,
            ):
                size = self._checked(response, what, offset)
                body = _body(response, count)
            if self._watch.has_ended:
                raise TimeoutError
            return body, size
        except HTTPError as error:
            error.close()
            raise self._refused(error.code, what) from error
        except (URLError, HTTPException, OSError, ValueError, OverflowError) as error:
            reason: object = getattr(error, "reason", None) or error
            if self._watch.has_ended or isinstance(reason, TimeoutError):
                reason = f"it took longer than {max(left_s, 0):.0f} s"
            words = getattr(reason, "strerror", None) or reason  # without the system's number for it
            said = " ".join(str(words).split())[:_MOST_SAID].rstrip(".")
            raise EngineError(f"cannot read {what} at {self.base}: {said}.", REACH) from error

    def _checked(self, response: HTTPResponse, what: str, offset: int) -> int | None:
        """The whole's size, where the answer is the part that was asked for."""
        coding = response.headers.get("Content-Encoding", "identity").strip().lower()
        if coding not in ("identity", ""):
            raise EngineError(f"{self.base} sends {what} compressed ({coding[:20]}), which nobody asked for.", REACH)
        given = _RANGE.fullmatch(response.headers.get("Content-Range", "").strip())
        if response.status != 206 and offset:
            raise EngineError(f"{self.base} does not send parts of {what}.", "download the file and give its path")
        if response.status == 206 and (given is None or int(given[1]) != offset):
            raise EngineError(f"{self.base} sent another part of {what} than was asked for.", REACH)
        length = response.headers.get("Content-Length", "").strip()
        return int(given[3]) if given else int(length) if _LENGTH.fullmatch(length) else None

    def _refused(self, status: int, what: str) -> EngineError:
        if status in (401, 403, 404):
            # Hugging Face answers 401 for a repository that does not exist.
            return EngineError(f"{self.base} has no public {what} (HTTP {status}).", "check the owner, repo and file")
        if 300 <= status < 400:
            return EngineError(f"{self.base} redirects {what} to an address that is not taken.", REACH)
        return EngineError(f"{self.base} refused {what} (HTTP {status}).", "try again later")


def checked_base(address: str, variable: str) -> str:
    """`address` without a slash at its end. Raises UsageError for one that is not plain http or https."""
    base = address.strip().rstrip("/")
    try:
        parts = urlsplit(base)
        if "@" in parts.netloc:
            raise UsageError(f"{variable}: an address with a name or password is not taken.", "leave them out")
        if parts.scheme in ("http", "https") and parts.hostname and (parts.port is None or parts.port > 0):
            return base
    except ValueError:
        pass  # a port or an IPv6 address that is none
    raise UsageError(
        f"{variable}: expected an http or https address, got {base!r}.",
        f"unset {variable}, or give one such as https://huggingface.co",
    )


def _body(response: HTTPResponse, count: int) -> bytes:
    body = bytearray()
    while len(body) < count and (more := response.read1(min(_PIECE_BYTES, count - len(body)))):
        body += more
    return bytes(body[:count])


class _Watch:
    """Ends the connections of a request that takes too long."""

    def __init__(self) -> None:
        self.has_ended = False
        self._sockets: list[socket.socket] = []

    @contextmanager
    def ending_after(self, seconds: float) -> Iterator[None]:
        self._sockets.clear()
        self.has_ended = seconds <= 0
        if self.has_ended:
            raise TimeoutError
        timer = Timer(seconds, self._end)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def opened(self, opened: socket.socket) -> None:
        """Called for each new socket. Raises TimeoutError when it is too late for it."""
        self._sockets.append(opened)
        if self.has_ended:
            raise TimeoutError

    def _end(self) -> None:
        self.has_ended = True
        for each in self._sockets:
            with suppress(OSError):
                # Below TLS, which would wait for its own farewell.
                socket.socket.shutdown(each, socket.SHUT_RDWR)


def _watched(kind: type[HTTPConnection], watch: _Watch) -> Any:
    class Watched(kind):  # type: ignore[valid-type, misc]
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            self._create_connection = self._connected

        def _connected(self, *args: Any, **options: Any) -> socket.socket:
            opened = socket.create_connection(*args, **options)
            watch.opened(opened)
            return opened

        def connect(self) -> None:
            super().connect()
            watch.opened(self.sock)  # TLS has another one by now

    return Watched


class _Http(HTTPHandler):
    def __init__(self, watch: _Watch) -> None:
        super().__init__()
        self._connection = _watched(HTTPConnection, watch)

    def http_open(self, req: Request) -> HTTPResponse:
        return self.do_open(self._connection, req)


class _Https(HTTPSHandler):
    def __init__(self, watch: _Watch) -> None:
        super().__init__()
        self._connection = _watched(HTTPSConnection, watch)

    def https_open(self, req: Request) -> HTTPResponse:
        return self.do_open(self._connection, req)


class _Redirects(HTTPRedirectHandler):
    """Follows a redirect to http or https, and never from https to http."""

    def http_error_302(self, req: Request, fp: Any, code: int, msg: str, headers: HTTPMessage) -> Any:
        """Follow it. What comes with it is not read, as urllib would, however long it is."""
        fp.close()
        return super().http_error_302(req, fp, code, msg, headers)

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> Request | None:
        """The request to follow with. Raises URLError for another kind of address."""
        allowed = ("https",) if req.type == "https" else ("http", "https")
        parts = urlsplit(newurl)
        if parts.scheme not in allowed or parts.port == 0:  # which raises ValueError where it is no port
            raise URLError(f"it redirects to {parts.scheme or 'nothing'}")
        return super().redirect_request(req, fp, code, msg, headers, newurl)
