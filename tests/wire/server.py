"""A loopback server that replays bytes as they would come over the wire, in pieces of a chosen size."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent


@dataclass
class Reply:
    """What the server answers. `pause_s` waits between pieces; `cut` closes the connection without its end."""

    body: bytes
    status: int = 200
    content_type: str = "text/event-stream"
    headers: dict[str, str] = field(default_factory=dict)
    piece_bytes: int = 1 << 20
    pause_s: float = 0.0
    cut: bool = False


@dataclass
class Wire:
    """A running server: its address, and what it was asked."""

    url: str
    requests: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)


def recorded(name: str) -> bytes:
    """The bytes of a stream in this folder."""
    return (FOLDER / name).read_bytes()


@contextmanager
def serving(reply: Reply) -> Iterator[Wire]:
    """A server on a free loopback port that gives every request the same reply."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            wire.requests.append(json.loads(body))
            wire.headers.append({name.lower(): value for name, value in self.headers.items()})
            self.send_response(reply.status)
            self.send_header("Content-Type", reply.content_type)
            self.send_header("Transfer-Encoding", "chunked")
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.end_headers()
            try:
                for start in range(0, len(reply.body), reply.piece_bytes):
                    piece = reply.body[start : start + reply.piece_bytes]
                    self.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
                    self.wfile.flush()
                    time.sleep(reply.pause_s)
                if not reply.cut:
                    self.wfile.write(b"0\r\n\r\n")
            except (BrokenPipeError, ConnectionResetError):
                pass  # the client has gone, as some tests want
            self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    wire = Wire(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield wire
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
