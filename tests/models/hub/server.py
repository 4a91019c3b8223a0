"""A loopback server that answers as Hugging Face does: a listing, and files in parts behind a redirect to a store."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

REPOSITORY = "maker/R1-GGUF"


@dataclass
class HubServer:
    """A running server: its address, what it was asked and how much it sent. `manner` makes it misbehave."""

    folder: Path
    url: str = ""
    manner: str = "sound"
    paths: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    sent_bytes: int = 0


@contextmanager
def hub(folder: Path) -> Iterator[HubServer]:
    """A server of every file under `folder`, as the repository maker/R1-GGUF."""
    state = HubServer(folder)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.paths.append(self.path)
            state.headers.append({name.lower(): value for name, value in self.headers.items()})
            tree, resolve, store = f"/api/models/{REPOSITORY}/tree/main", f"/{REPOSITORY}/resolve/main/", "/store/"
            if self.path.startswith(tree):
                self._answer(200, {}, self._listing())
            elif self.path.startswith(resolve) and state.manner == "to a file":
                self._answer(302, {"Location": "file:///etc/passwd"}, b"")
            elif self.path.startswith(resolve):
                self._answer(302, {"Location": f"{state.url}{store}{self.path.removeprefix(resolve)}"}, b"")
            elif self.path.startswith(store) and (state.folder / self.path.removeprefix(store)).is_file():
                self._part(state.folder / self.path.removeprefix(store))
            else:
                self._answer(404, {}, b"Entry not found")

        def _listing(self) -> bytes:
            if state.manner == "garbled":
                return b"<html>"
            names = sorted(str(path.relative_to(state.folder)) for path in state.folder.rglob("*") if path.is_file())
            return json.dumps([{"type": "file", "path": name, "size": 1} for name in names]).encode()

        def _part(self, path: Path) -> None:
            asked = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers["Range"])
            assert asked, "the whole file was asked for"
            total = path.stat().st_size
            first, last = int(asked[1]), min(int(asked[2]), total - 1)
            if state.manner == "whole":
                self._answer(200, {"Content-Length": str(total)}, b"", close=True)
                return
            with path.open("rb") as file:
                file.seek(first)
                body = file.read(last - first + 1)
            if state.manner == "elsewhere":
                first += 32
            if state.manner == "short":
                body = body[:2]
            self._answer(206, {"Content-Range": f"bytes {first}-{last}/{total}"}, body)

        def _answer(self, status: int, headers: dict[str, str], body: bytes, *, close: bool = False) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            if "Content-Length" not in headers:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if not close:
                self.wfile.write(body)
            state.sent_bytes += len(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
