"""A loopback server that replays bytes as they would come over the wire, in pieces of a chosen size."""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent


@dataclass
class Reply:
    """What the server answers.

    `piece_bytes` is the size of what is sent at once, unless `cuts` says where to cut. `pause_s` waits between pieces;
    `cut` closes the connection without its end; `hang` keeps it open and silent, `drip` repeats bytes for ever.
    """

    body: bytes
    status: int = 200
    content_type: str = "text/event-stream"
    headers: dict[str, str] = field(default_factory=dict)
    piece_bytes: int = 1 << 20
    cuts: Sequence[int] = ()
    pause_s: float = 0.0
    cut: bool = False
    hang: bool = False
    drip: bytes = b""
    wait_before_s: float = 0.0

    def pieces(self) -> Iterator[bytes]:
        """The body in pieces."""
        edges = [0, *self.cuts] if self.cuts else range(0, len(self.body), self.piece_bytes)
        for start, end in pairwise([*edges, len(self.body)]):
            if end > start:
                yield self.body[start:end]


@dataclass
class Asked:
    """One request that came."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any


@dataclass
class Wire:
    """A running server: its address, and what it was asked.

    `gone` is set once a client went away in mid reply, `sent` once all pieces of a reply were sent.
    """

    url: str
    asked: list[Asked] = field(default_factory=list)
    gone: threading.Event = field(default_factory=threading.Event)
    sent: threading.Event = field(default_factory=threading.Event)
    closing: threading.Event = field(default_factory=threading.Event)

    @property
    def requests(self) -> list[Any]:
        """The body of each request."""
        return [each.body for each in self.asked]

    @property
    def headers(self) -> list[dict[str, str]]:
        """The headers of each request, their names in small letters."""
        return [each.headers for each in self.asked]


def recorded(name: str) -> bytes:
    """The bytes of a stream in this folder."""
    return (FOLDER / name).read_bytes()


def inside_characters(body: bytes) -> list[int]:
    """Where `body` is to be cut so that each cut splits a UTF-8 character, or a line's end where there is none."""
    inside = [at for at, byte in enumerate(body) if byte & 0xC0 == 0x80]
    return inside or [at for at, byte in enumerate(body) if byte == 0x0A]


@contextmanager
def serving(reply: Reply | Callable[[Asked], Reply], *, certificate: Path | None = None) -> Iterator[Wire]:
    """A server on a free loopback port that gives every request `reply`, or what it makes of the request.

    With `certificate`, a file that holds its key too, it speaks TLS.
    """

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self._answer(json.loads(body) if body else None)

        def do_GET(self) -> None:
            self._answer(None)

        def _answer(self, body: Any) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            asked = Asked(self.command, self.path, headers, body)
            wire.asked.append(asked)
            answer = reply(asked) if callable(reply) else reply
            wire.closing.wait(answer.wait_before_s)
            try:
                self._send(answer)
            except (BrokenPipeError, ConnectionResetError):
                wire.gone.set()  # the client has gone, as some tests want
            self.close_connection = True

        def _send(self, answer: Reply) -> None:
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.content_type)
            self.send_header("Transfer-Encoding", "chunked")
            # It does close: unsaid, a client may send its next request into the closing connection.
            self.send_header("Connection", "close")
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.end_headers()
            for piece in answer.pieces():
                self._piece(piece)
                if answer.pause_s:
                    time.sleep(answer.pause_s)
            wire.sent.set()
            while answer.drip and not wire.closing.is_set():
                self._piece(answer.drip)
                time.sleep(answer.pause_s)
            if answer.hang:
                wire.closing.wait()
            if not answer.cut:
                self.wfile.write(b"0\r\n\r\n")

        def _piece(self, piece: bytes) -> None:
            self.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
            self.wfile.flush()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        server.handle_error = lambda *_: None  # type: ignore[method-assign]  # a client that refuses it is no error
    wire = Wire(f"http{'s' if certificate else ''}://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield wire
    finally:
        wire.closing.set()
        server.shutdown()
        thread.join()
        server.server_close()
