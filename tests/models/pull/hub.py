"""A loopback hub in two servers, as Hugging Face has: one says what there is, the other, "the store", sends it.

It can misbehave in each way that a pull has to live with, and counts every byte that it sent.
"""

from __future__ import annotations

import hashlib
import json
import random
import re
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

from r1plan.tiny import MODEL_PATH

REPO = "maker/R1-GGUF"
COMMIT = "a" * 40
LATER_COMMIT = "b" * 40
TOKEN = "hf_" + "s" * 20
_REVISIONS = [f"/revision/{each}" for each in ("main", COMMIT, LATER_COMMIT)]


@dataclass
class Request:
    """What was asked: of the hub or the store, with its headers in lower case."""

    server: str
    method: str
    path: str
    headers: dict[str, str]


@dataclass
class HubDouble:
    """What the hub has and how it behaves. A hook that returns true has answered by itself."""

    files: dict[str, bytes]
    repo: str = REPO
    commit: str = COMMIT
    url: str = ""
    store_url: str = ""
    requests: list[Request] = field(default_factory=list)
    sent_bytes: int = 0
    connections: int = 0
    piece_bytes: int = 1 << 16
    hub_hook: Callable[[Handler], bool] = lambda _: False
    store_hook: Callable[[Handler], bool] = lambda _: False
    cut_after: Callable[[int], int | None] = lambda _: None
    """Of the length of an answer: after how many bytes the store cuts it; None: never."""
    etags: dict[str, str] = field(default_factory=dict)
    sizes: dict[str, int | None] = field(default_factory=dict)
    lists_by: str = "info tree"
    redirects: bool = True
    pause_s: float = 0.0
    head_headers: dict[str, str] = field(default_factory=dict)

    def etag(self, name: str) -> str:
        """The checksum that is told."""
        return self.etags.get(name) or hashlib.sha256(self.files[name]).hexdigest()

    def gets(self, server: str) -> list[Request]:
        """Requests for bytes."""
        return [each for each in self.requests if each.server == server and each.method == "GET"]


class Handler(BaseHTTPRequestHandler):
    """Both servers."""

    protocol_version = "HTTP/1.1"
    double: HubDouble
    server_name: str

    def setup(self) -> None:
        super().setup()
        self.double.connections += 1

    def do_HEAD(self) -> None:
        self._do()

    def do_GET(self) -> None:
        self._do()

    def answer(self, status: int, headers: dict[str, Any] | None = None, body: bytes = b"") -> bool:
        self.send_response(status)
        for name, value in {"Content-Length": len(body), **(headers or {})}.items():
            if value is not None:
                self.send_header(name, str(value))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        return True

    def _do(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.double.requests.append(Request(self.server_name, self.command, self.path, headers))
        with suppress(ConnectionError):
            if self.server_name == "hub":
                if not self.double.hub_hook(self):
                    self._hub()
            elif not self.double.store_hook(self):
                self._store()

    def _hub(self) -> None:
        double, path = self.double, unquote(urlsplit(self.path).path)
        repo = double.repo
        if (
            path in {f"/api/models/{repo}/tree/{each}" for each in ("main", COMMIT, LATER_COMMIT)}
            and "tree" in double.lists_by
        ):
            entries = [
                {
                    "type": "file",
                    "path": name,
                    "size": len(body),
                    "oid": "0" * 40,
                    "lfs": {"oid": double.etag(name), "size": len(body), "pointerSize": 130},
                }
                for name, body in double.files.items()
            ]
            self._json(entries)
        elif path in {f"/api/models/{repo}{each}" for each in ("", *_REVISIONS)} and "info" in double.lists_by:
            siblings = [
                {
                    "rfilename": name,
                    "size": len(body),
                    "lfs": {"sha256": double.etag(name), "size": len(body), "pointerSize": 130},
                }
                for name, body in double.files.items()
            ]
            self._json({"id": repo, "sha": double.commit, "siblings": siblings})
        elif found := re.fullmatch(rf"/{repo}/resolve/([^/]+)/(.+)", path):
            self._resolve(found[1], found[2])
        else:
            revision = path.removeprefix(f"/api/models/{repo}/revision/").removeprefix(f"/api/models/{repo}/tree/")
            known = revision in ("main", COMMIT, LATER_COMMIT)
            ours = path.startswith(f"/api/models/{repo}/")
            code = None if known else "RevisionNotFound" if ours else "RepoNotFound"
            self.answer(404, {"X-Error-Code": code})

    def _json(self, value: object) -> None:
        self.answer(200, {"Content-Type": "application/json"}, json.dumps(value).encode())

    def _resolve(self, revision: str, name: str) -> None:
        double = self.double
        if revision not in ("main", COMMIT, LATER_COMMIT):
            self.answer(404, {"X-Error-Code": "RevisionNotFound"})
            return
        if name not in double.files:
            self.answer(404, {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": double.commit})
            return
        size = double.sizes.get(name, len(double.files[name]))
        headers = {
            "X-Repo-Commit": double.commit,
            "X-Linked-Etag": f'"{double.etag(name)}"',
            "X-Linked-Size": size,
            "Location": f"{double.store_url}/{name}?signature=1",
            **double.head_headers,
        }
        if double.redirects:
            self.answer(302, headers)
            return
        del headers["Location"]
        if self.command == "HEAD":
            self.answer(200, {**headers, "Content-Length": len(double.files[name])})
        else:
            self.part(double.files[name], headers)

    def _store(self) -> None:
        self.part(self.double.files[unquote(urlsplit(self.path).path)[1:]], {"ETag": '"store"'})

    def part(self, body: bytes, headers: dict[str, Any]) -> None:
        """Send the part that was asked for, and cut it where it is to be cut."""
        total, status = len(body), 200
        if asked := re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", "")):
            first, last = int(asked[1]), min(int(asked[2] or total), total - 1)
            if first >= total:
                self.answer(416, {"Content-Range": f"bytes */{total}"})
                return
            headers = {**headers, "Content-Range": f"bytes {first}-{last}/{total}"}
            body, status = body[first : last + 1], 206
        self.send_response(status)
        for name, value in {**headers, "Content-Length": len(body)}.items():
            self.send_header(name, str(value))
        self.end_headers()
        self.send_cut(body, self.double.cut_after(len(body)))

    def send_cut(self, body: bytes, most: int | None) -> None:
        """Send `body`, or its first `most` bytes and then nothing more over this connection."""
        end = len(body) if most is None else min(most, len(body))
        for start in range(0, end, self.double.piece_bytes):
            piece = body[start : min(end, start + self.double.piece_bytes)]
            self.wfile.write(piece)
            self.double.sent_bytes += len(piece)
            if self.double.pause_s:
                time.sleep(self.double.pause_s)
        if end < len(body):
            self.cut()

    def cut(self) -> None:
        """End the connection; what was sent arrives."""
        self.close_connection = True
        self.wfile.flush()
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def reset(self) -> None:
        """End the connection as a machine does that fails."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's name
        pass


class _QuietServer(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a client that left: that is what is tested."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


@contextmanager
def running_hub(files: dict[str, bytes], repo: str = REPO) -> Iterator[HubDouble]:
    """A hub of `files`, and its store on another port."""
    double = HubDouble(files, repo)
    with ExitStack() as stack:
        double.url = stack.enter_context(_serving(double, "hub"))
        double.store_url = stack.enter_context(_serving(double, "store"))
        yield double


@contextmanager
def _serving(double: HubDouble, name: str) -> Iterator[str]:
    handler = type("NamedHandler", (Handler,), {"double": double, "server_name": name})
    server = _QuietServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def tiny_model(size: int, seed: int = 1) -> bytes:
    """A model file, r1-tiny's, with other bytes behind its weights, which nobody reads: `size` in all."""
    model = MODEL_PATH.read_bytes()
    return model + some_bytes(size - len(model), seed)


@cache
def some_bytes(count: int, seed: int = 1) -> bytes:
    """Bytes that no two places of a file have alike."""
    return random.Random(seed).randbytes(count)
