"""However much a server sends, and however wrongly, there is an end, a bound on memory, and one sentence."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import pytest

from r1plan.engine.http.body_form import json_texts
from r1plan.engine.inline_tags import TagScanner
from r1plan.engine.limits import ServerLimits
from r1plan.errors import ProviderError
from tests.wire.asking import QUESTION, ask, engine_for
from tests.wire.chunks import DONE, chunk, usage
from tests.wire.server import Reply

BEGUN = chunk({"reasoning_content": "hm"}) + chunk({"content": "Ye"})


IDLE = ServerLimits(idle_bytes=5000), "5,000 bytes without a word of an answer."
UNENDING = ServerLimits(event_bytes=5000), "5,000 bytes without one whole event."
LONG = ServerLimits(text_characters=5000), "5,000 characters of an answer."


@pytest.mark.parametrize(
    ("drip", "limited"),
    [
        pytest.param(b"data: {}\n\n", IDLE, id="nothing"),
        pytest.param(chunk({"content": ""}), IDLE, id="empty deltas"),
        pytest.param(chunk({}, x="y" * 99), IDLE, id="metadata"),
        pytest.param(b"event: ping\ndata: \n\n", IDLE, id="pings"),
        pytest.param(b"{}\n", IDLE, id="bare objects"),
        pytest.param(b": ping\n\n", UNENDING, id="comments"),
        pytest.param(b"\n", UNENDING, id="blank lines"),
        pytest.param(b"x", UNENDING, id="a line without end"),
        pytest.param(b"data: \n", UNENDING, id="data without end"),
        pytest.param(b"id: 1\n", UNENDING, id="fields"),
        pytest.param(chunk({"content": "a" * 90}), LONG, id="text"),
        pytest.param(chunk({"reasoning_content": "a" * 90}), LONG, id="thinking"),
    ],
)
@pytest.mark.parametrize("begun", [False, True])
def test_what_goes_on_for_ever_is_cut_off_and_what_came_is_kept(
    drip: bytes, limited: tuple[ServerLimits, str], begun: bool
) -> None:
    limits, message = limited
    told = ask(Reply(BEGUN if begun else b"", drip=drip * 20), limits=limits)
    assert isinstance(told.error, ProviderError)
    assert told.error.message == f"DeepSeek sent more than {message}"
    assert told.error.fault == "bad_stream"
    if begun:
        assert "".join(told.texts).startswith("hm")
        assert told.usage_so_far is not None


def test_by_default_all_of_it_has_limits_that_no_answer_reaches() -> None:
    limits = ServerLimits()
    assert limits.idle_bytes <= limits.event_bytes < limits.total_bytes
    # A million tokens are about four million characters.
    assert 8_000_000 < limits.text_characters < 32_000_000


@pytest.mark.parametrize("piece", ["`", "~", "<", "\n", " ", "</think>", "`a</think>", "<think>\n", "```\n", "<thi"])
def test_no_text_makes_the_search_for_tags_hold_back_more_than_a_line(piece: str) -> None:
    """Held back text is looked through again with each piece: without a bound that is quadratic."""
    scanner = TagScanner(("think",))
    most = 0
    for _ in range(3000):
        for _found in scanner.feed(piece):
            pass
        most = max(most, len(scanner._held))
    assert most <= 1100


def test_a_whole_body_is_looked_through_once() -> None:
    body = b"{\n" + b'"a": 1,\n' * 20_000 + b'"b": 2}'
    pieces: Iterable[bytes] = (body[at : at + 3] for at in range(0, len(body), 3))
    assert [len(each) for each in json_texts(pieces)] == [len(body)]


@contextmanager
def raw(reply: bytes, repeat: bytes = b"") -> Iterator[str]:
    """A server that answers one request with these bytes; `repeat` goes on until the client has gone."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(20)

        def answer() -> None:
            client, _ = server.accept()
            with client:
                client.recv(1 << 16)
                try:
                    for at in range(0, len(reply), 997):
                        client.sendall(reply[at : at + 997])
                    while repeat:
                        client.sendall(repeat * 100)
                    client.shutdown(socket.SHUT_WR)
                    client.recv(1 << 16)
                except OSError:
                    pass  # the client has gone

        thread = threading.Thread(target=answer)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        thread.join()


def asked_raw(reply: bytes, repeat: bytes = b"") -> tuple[str, str | None]:
    """The text, and the fault that ended it."""
    text, fault = "", None
    with raw(reply, repeat) as url:
        engine = engine_for("deepseek", url, limits=ServerLimits(first_token_s=20, total_s=20))
        try:
            for event in engine.stream(QUESTION):
                text += getattr(event, "text", "")
        except ProviderError as error:
            fault = error.fault
        finally:
            engine.close()
    return text, fault


OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
BODY = chunk({"content": "Yes."}, finish="stop") + chunk(choices=[], usage=usage(10, 5)) + DONE
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


def as_chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        pytest.param(OK + b"\r\n" + BODY, ("Yes.", None), id="until the connection ends"),
        pytest.param(b"HTTP/1.0 200 OK\r\n\r\n" + BODY, ("Yes.", None), id="HTTP/1.0 without a type"),
        pytest.param(OK + b"Content-Length: 99999\r\n\r\n" + BODY, ("Yes.", None), id="more promised"),
        pytest.param(OK + b"Content-Length: 400\r\n\r\n" + BODY, ("Yes.", None), id="less promised, after the end"),
        pytest.param(OK + b"Content-Length: 9\r\n\r\n" + BODY, ("", "bad_stream"), id="less promised"),
        pytest.param(OK + b"Content-Length: x\r\n\r\n" + BODY, ("", "connection_lost"), id="no length"),
        pytest.param(OK + b"Content-Length: -5\r\n\r\n" + BODY, ("", "connection_lost"), id="a length below 0"),
        pytest.param(CHUNKED + as_chunk(BODY), ("Yes.", None), id="no last chunk"),
        pytest.param(CHUNKED + as_chunk(BODY) + b"zz\r\n", ("Yes.", None), id="a chunk of no size after the end"),
        pytest.param(CHUNKED + b"zz\r\n" + BODY, ("", "connection_lost"), id="a chunk of no size"),
        pytest.param(CHUNKED + b"ffffffffffffffffffff\r\n" + BODY, ("Yes.", None), id="a chunk of endless size"),
        pytest.param(CHUNKED + b"f" * 30 + b"\r\n" + BODY, ("", "connection_lost"), id="a size of too many digits"),
        pytest.param(CHUNKED + as_chunk(b"data: {"), ("", "connection_lost"), id="torn in the first event"),
        pytest.param(b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 50_000 + b"\r\n", ("", "connection_lost"), id="headers"),
        pytest.param(b"HTTP/1.1 200 OK\r\na: " + b"b" * 300_000, ("", "connection_lost"), id="a header without end"),
        pytest.param(b"HTTP/1.1 200 OK\r\nb\xff\xfe\r\n\r\n", ("", "connection_lost"), id="no header"),
        pytest.param(OK + b"X: caf\xe9\r\n\r\n" + BODY, ("Yes.", None), id="a header in Latin-1"),
        pytest.param(b"data: {}\n\n", ("", "connection_lost"), id="no HTTP"),
        pytest.param(b"SSH-2.0-OpenSSH_9.6\r\n", ("", "connection_lost"), id="another protocol"),
        pytest.param(b"HTTP/1.1 99999 OK\r\n\r\n", ("", "connection_lost"), id="no status"),
        pytest.param(b"", ("", "connection_lost"), id="nothing"),
        pytest.param(b"HTTP/1.1 100 Continue\r\n\r\n" * 50 + OK + b"\r\n" + BODY, ("Yes.", None), id="continue"),
    ],
)
def test_faults_of_http_are_one_sentence_and_lose_nothing_that_came_whole(
    reply: bytes, expected: tuple[str, str | None]
) -> None:
    assert asked_raw(reply) == expected


@pytest.mark.parametrize(
    ("reply", "repeat"),
    [
        pytest.param(b"HTTP/1.1 200 OK\r\n", b"a: b\r\n", id="headers for ever"),
        pytest.param(b"HTTP/1.1 200 ", b"K", id="a status for ever"),
        pytest.param(CHUNKED + b"5;x=", b"y", id="an extension of a chunk for ever"),
        pytest.param(CHUNKED + as_chunk(b": ping\n\n") + b"0\r\n", b"a: b\r\n", id="trailers for ever"),
    ],
)
def test_heads_that_go_on_for_ever_are_cut_off(reply: bytes, repeat: bytes) -> None:
    assert asked_raw(reply, repeat) == ("", "connection_lost")
