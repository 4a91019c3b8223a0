"""A server may send anything, as slowly as it likes: what is read has its bytes, its redirects and its time."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from r1plan.errors import EngineError, UsageError
from r1plan.models.hub.files import Address, Hub
from r1plan.models.hub.parts import PartsOfFiles, checked_base

Send = Callable[[bytes], None]
Answer = Callable[[Send], None]


@contextmanager
def answering(answer: Answer | bytes) -> Iterator[str]:
    """A server that answers every request so, byte for byte, and closes."""
    server = socket.create_server(("127.0.0.1", 0))
    server.settimeout(0.05)
    ended = threading.Event()

    def one(connection: socket.socket) -> None:
        with connection:
            try:
                connection.recv(65536)
                if isinstance(answer, bytes):
                    connection.sendall(answer)
                else:
                    answer(connection.sendall)
            except OSError:
                pass  # who asked has gone

    def serve() -> None:
        while not ended.is_set():
            try:
                connection, _ = server.accept()
            except TimeoutError:
                continue
            threading.Thread(target=one, args=(connection,), daemon=True).start()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
    finally:
        ended.set()
        thread.join()
        server.close()


def got(answer: Answer | bytes, *, seconds: float = 20, count: int = 1000, offset: int = 0) -> tuple[bytes, int | None]:
    with answering(answer) as base:
        return PartsOfFiles(base, request_s=seconds).get(f"{base}/x", offset, count)


def head(*lines: str, status: str = "200 OK") -> bytes:
    return "\r\n".join((f"HTTP/1.1 {status}", *lines, "", "")).encode("latin-1")


def for_ever(piece: bytes) -> Answer:
    def answer(send: Send) -> None:
        while True:
            send(piece)

    return answer


def dripping(begin: bytes, piece: bytes) -> Answer:
    pause = threading.Event()

    def answer(send: Send) -> None:
        send(begin)
        while True:
            send(piece)
            pause.wait(0.02)

    return answer


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(dripping(b"", b"H"), id="status"),
        pytest.param(dripping(b"HTTP/1.1 200 OK\r\nX: ", b"x"), id="header"),
        pytest.param(dripping(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), id="continue"),
        pytest.param(dripping(head("Content-Length: 1000"), b"x"), id="body"),
        pytest.param(dripping(head(), b"x"), id="body without end"),
        pytest.param(dripping(head("Transfer-Encoding: chunked"), b"1\r\nx\r\n"), id="chunks"),
        pytest.param(dripping(head("Transfer-Encoding: chunked"), b"0"), id="chunk size"),
    ],
)
def test_a_request_has_a_time_in_all(answer: Answer) -> None:
    with pytest.raises(EngineError, match=r"cannot read /x at http://127\.0\.0\.1:\d+: ."):
        got(answer, seconds=0.25)


def test_all_requests_of_a_command_have_a_time_together() -> None:
    with answering(head("Content-Length: 0")) as base:
        parts = PartsOfFiles(base, all_s=0)
        with pytest.raises(EngineError, match="it took longer than 0 s"):
            parts.get(f"{base}/x", 0, 1)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(for_ever(b"x"), id="status"),
        pytest.param(for_ever(b"HTTP/1.1 200 OK\r\n"), id="headers"),
        pytest.param(for_ever(b"X: y\r\n"), id="no status"),
        pytest.param(head("Location: ?" + "a" * 70_000, status="302 Found"), id="long redirect"),
        pytest.param(head("Location: /y", status="302 Found"), id="redirect to itself"),
        pytest.param(head("Location: http://[", status="302 Found"), id="redirect to no address"),
        pytest.param(head("Location: http://a:b/", status="302 Found"), id="redirect to no port"),
        pytest.param(head("Location: http://127.0.0.1:99999/", status="302 Found"), id="redirect to no such port"),
        pytest.param(head("Location: ftp://127.0.0.1/", status="302 Found"), id="redirect to ftp"),
        pytest.param(head("Location: data:,x", status="302 Found"), id="redirect to data"),
        pytest.param(head("Location: http://x\udcc3..y/".replace("\udcc3", "é"), status="302 Found"), id="no host"),
        pytest.param(b"", id="nothing"),
        pytest.param(b"\0" * 100, id="NUL"),
        pytest.param(head(status="999999999999999999999 OK"), id="status of many digits"),
        pytest.param(head(status=f"{'9' * 5000} OK"), id="status of 5,000 digits"),
        pytest.param(head("Content-Range: bytes 5-9/10", status="206 Partial"), id="another part"),
        pytest.param(head(f"Content-Range: bytes 0-9/{'9' * 5000}", status="206 Partial"), id="5,000 digits"),
        pytest.param(head("Content-Range: bytes \xb2-9/10", status="206 Partial"), id="a digit that is none"),
        pytest.param(head("Content-Encoding: gzip") + b"x", id="gzip"),
        pytest.param(head("Content-Encoding: identity, gzip") + b"x", id="gzip inside"),
        pytest.param(head("Content-Encoding: " + "x" * 5000) + b"x", id="long coding"),
        pytest.param(head(status="500 Oops") + b"x" * 100_000, id="error with a long body"),
    ],
)
def test_what_no_server_should_send_is_one_short_sentence(answer: Answer | bytes) -> None:
    with pytest.raises(EngineError) as raised:
        got(answer)
    assert len(raised.value.message) < 400
    assert "\n" not in raised.value.message
    assert raised.value.hint


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(head("Content-Length: 1000000000") + b"x" * 5000, id="long"),
        pytest.param(head(), id="without a length"),
        pytest.param(head(f"Content-Length: {'9' * 5000}"), id="5,000 digits"),
        pytest.param(head("Content-Length: -5"), id="negative"),
        pytest.param(head("Content-Length: \xb2"), id="a digit that is none"),
        pytest.param(head("Transfer-Encoding: chunked") + b"ffffffffff\r\n", id="a chunk of a terabyte"),
        pytest.param(head("Transfer-Encoding: chunked") + b"-1\r\n", id="a negative chunk"),
    ],
)
def test_no_more_is_read_than_was_asked_for(answer: bytes) -> None:
    def answer_on(send: Send) -> None:
        send(answer)
        while True:
            send(b"x" * 65536)

    body, size = got(answer_on, count=1000)
    assert body == b"x" * 1000
    assert size is None or size == 1_000_000_000


@pytest.mark.parametrize(
    "listing",
    [
        b"[" * 100_000,
        b'[{"type":"file","path":"a.gguf","size":' + b"9" * 5000 + b"}]",
        b'{"a":1}',
        b"[1]",
        b"null",
        b'[{"type":"file"}]',
        b'[{"type":"file","path":1}]',
        b'[{"type":"file","path":"' + b"a" * 1000 + b'.gguf"}]',
        b'[{"type":"file","path":"../../a.gguf"}]',
        b'[{"type":"file","path":"\\ud800.gguf"}]',
        b"\xff\xfe",
        b"",
    ],
    ids=lambda listing: repr(listing[:24]),
)
def test_a_listing_that_lists_no_file_is_said(listing: bytes) -> None:
    with answering(head(f"Content-Length: {len(listing)}") + listing) as base:
        hub = Hub({"R1PLAN_HF_BASE_URL": base})
        with pytest.raises(EngineError, match=r"did not list a/b in a way|a/b holds no GGUF"):
            hub.open(Address("a/b", None))


@pytest.mark.parametrize(
    "base",
    [
        *(
            "http://",
            "http://[",
            "http://[::1",
            "http://a:b",
            "http://a:99999",
            "http://a:0",
            "https:a",
            "//a",
            "http:///x",
        ),
        *("http://user:pass@127.0.0.1", "http://user@a", "file:///etc", "javascript:1", " "),
    ],
)
def test_an_address_that_is_none_is_refused_and_no_password_shown(base: str) -> None:
    with pytest.raises(UsageError) as raised:
        checked_base(base, "R1PLAN_HF_BASE_URL")
    assert raised.value.message.startswith("R1PLAN_HF_BASE_URL: ")
    assert "pass@" not in raised.value.message


@pytest.mark.parametrize("base", ["http://x..y", "http://" + "a" * 70, "http://é" + "a" * 70, "http://127.0.0.1:9"])
def test_a_host_that_nobody_has_is_said(base: str) -> None:
    with pytest.raises(EngineError, match="cannot read /x at "):
        PartsOfFiles(base).get(f"{base}/x", 0, 1)


def test_a_server_of_ones_own_is_asked_without_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    assert got(head("Content-Length: 2") + b"ab")[0] == b"ab"
